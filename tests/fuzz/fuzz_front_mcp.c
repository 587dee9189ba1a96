/* A message of the Model Context Protocol, from a client: whatever comes, it is taken apart into spans of the text or
 * is a fault that can be told; and what a call's arguments become is a run or a problem, whose tool result is JSON. */
#include <stdlib.h>
#include <string.h>

#include "front/answer.h"
#include "front/decode.h"
#include "front/mcp/catalogue.h"
#include "front/mcp/reply.h"
#include "front/mcp/tool_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds) {
    if (!holds) {
        abort();
    }
}

static void check_json(struct byte_buffer *text) {
    struct json_span value;
    struct json_fault fault;
    check(text->len > 0 && json_text_check(text->bytes, text->len, DECODE_MAX_DEPTH + 8, &value, &fault) == 0);
    byte_buffer_free(text);
}

static void check_span(const struct json_span *span, const char *text, size_t len, int is_id) {
    struct json_span value;
    struct json_fault fault;
    if (span->text) {
        check(span->text >= text && span->len <= len && span->text + span->len <= text + len);
        check(json_text_check(span->text, span->len, DECODE_MAX_DEPTH + 2, &value, &fault) == 0);
        check(value.kind == span->kind && (!is_id || span->len <= MCP_ID_MAX));
        check(!is_id || span->kind == JSON_TEXT_STRING || span->kind == JSON_TEXT_NUMBER);
    }
}

static void call_tool(const struct mcp_message *message, const struct settings *settings) {
    struct run_input input;
    struct problem problem;
    struct answer answer;
    struct byte_buffer text = {0};
    if (!message->arguments.text) {
        return;
    }
    int error = decode_tool_arguments(&message->arguments, settings, &input, &problem);
    if (!error) {
        check(!input.banner && !input.stream);
        run_input_free(&input);
        return;
    }
    check(problem.n_suggestions > 0 && answer_problem(&problem, "id", &answer) == 0);
    check(mcp_tool_result(&answer.text, &text) == 0);
    check_json(&text);
    answer_free(&answer);
}

/* What needs more than the message. */
static void answer_it(const struct mcp_message *message, const struct settings *settings) {
    static const char listing[] =
        "{\"python\":\"3\",\"packages\":[{\"name\":\"n\",\"version\":\"1\",\"modules\":[\"m\"]}]}";
    const struct byte_buffer packages = {.bytes = (char *)(uintptr_t)listing, .len = sizeof listing - 1};
    const struct mcp_facts facts = {.settings = settings, .packages = &packages};
    struct mcp_fault fault = {0};
    struct byte_buffer text = {0};
    json_t *result = NULL;
    switch (message->method) {
    case MCP_INITIALIZE:
        result = mcp_initialize(&message->version);
        break;
    case MCP_TOOLS_CALL:
        call_tool(message, settings);
        result = mcp_list_packages(&facts, &message->arguments);
        break;
    case MCP_PROMPTS_GET:
        result = mcp_prompts_get(&facts, message, &fault);
        break;
    case MCP_RESOURCES_READ:
        result = mcp_resources_read(&facts, &message->uri, &fault);
        break;
    default:
        result = mcp_tools_list(&facts);
        break;
    }
    check(result || fault.code);
    check((result ? mcp_reply_result(&message->id, result, &text)
                  : mcp_reply_error(&message->id, fault.code, fault.message, &text)) == 0);
    check_json(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct settings settings;
    struct mcp_message message;
    struct mcp_fault fault;
    settings_default(&settings);
    char *text = malloc(size ? size : 1);
    memcpy(text, data, size);
    if (mcp_message_decode(text, size, &message, &fault) < 0) {
        struct byte_buffer reply = {0};
        check(fault.code && fault.message[0]);
        check_span(&fault.id, text, size, 1);
        check(mcp_reply_error(&fault.id, fault.code, fault.message, &reply) == 0);
        check_json(&reply);
    } else {
        check_span(&message.id, text, size, 1);
        check_span(&message.token, text, size, 1);
        check_span(&message.cancelled, text, size, 0);
        check_span(&message.name, text, size, 0);
        check_span(&message.arguments, text, size, 0);
        check_span(&message.uri, text, size, 0);
        check(message.kind != MCP_REQUEST || (message.id.text && message.method != MCP_OTHER_METHOD));
        check(!message.cancelled.text || mcp_id_equals(&message.cancelled, &message.cancelled));
        if (message.kind == MCP_REQUEST) {
            answer_it(&message, &settings);
        }
    }
    free(text);
    return 0;
}
