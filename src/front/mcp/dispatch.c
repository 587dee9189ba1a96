#include "front/mcp/dispatch.h"

#include <errno.h>

#include "front/decode.h"
#include "front/mcp/catalogue.h"
#include "front/mcp/reply.h"

#define ANSWER_JSON "application/json"

/* An error of JSON-RPC. What is no request at all is an error of HTTP, too; what is one gets its response. */
static int answer_fault(const struct mcp_fault *fault, struct answer *answer) {
    const int is_response = fault->id.text && fault->code != MCP_INVALID_REQUEST && fault->code != MCP_PARSE_ERROR;
    *answer = (struct answer){.status = is_response ? 200 : 400,
                              .type = ANSWER_JSON,
                              .error = fault->code == MCP_INTERNAL_ERROR ? "internal_error" : "invalid_input"};
    return mcp_reply_error(&fault->id, fault->code, fault->message, &answer->text);
}

static json_t *result_of(const struct mcp_facts *facts, const struct mcp_message *message, struct mcp_fault *fault) {
    switch (message->method) {
    case MCP_INITIALIZE:
        return mcp_initialize(&message->version);
    case MCP_TOOLS_LIST:
        return mcp_tools_list(facts);
    case MCP_TOOLS_CALL:
        return mcp_list_packages(facts, &message->arguments);
    case MCP_PROMPTS_LIST:
        return mcp_prompts_list();
    case MCP_PROMPTS_GET:
        return mcp_prompts_get(facts, message, fault);
    case MCP_RESOURCES_LIST:
        return mcp_resources_list();
    case MCP_RESOURCES_TEMPLATES_LIST:
        return mcp_resources_templates_list();
    case MCP_RESOURCES_READ:
        return mcp_resources_read(facts, &message->uri, fault);
    case MCP_PING:
    case MCP_CANCELLED:
    case MCP_OTHER_METHOD:
    default:
        return json_object();
    }
}

/* A request that is answered at once. */
static int answer_request(const struct mcp_service *service, const struct mcp_peer *peer,
                          const struct mcp_message *message, struct answer *answer) {
    struct settings settings = *service->means->settings;
    gate_lower_limits(peer->account, &settings);
    const struct mcp_facts facts = {.settings = &settings, .account = peer->account, .packages = service->packages};
    struct mcp_fault fault = {.id = message->id};
    json_t *result = result_of(&facts, message, &fault);
    if (!result && fault.code) {
        return answer_fault(&fault, answer);
    }
    *answer = (struct answer){.status = 200, .type = ANSWER_JSON};
    return mcp_reply_result(&message->id, result, &answer->text);
}

static int start_run(struct mcp_service *service, const struct mcp_peer *peer, const struct mcp_message *message,
                     struct mcp_call *call, struct mcp_handled *handled) {
    struct problem problem;
    handled->asked_for_run = 1;
    int error = mcp_call_start(call, service, peer, message, &handled->note, &problem);
    if (error == -EPERM) {
        handled->retry_after = problem.retry_after;
        return mcp_call_problem(&message->id, peer->id, &problem, &handled->answer);
    }
    handled->deed = MCP_RUNNING;
    return error;
}

static int unknown_tool(const struct mcp_message *message, struct answer *answer) {
    char quoted[PROBLEM_QUOTE_MAX];
    struct mcp_fault fault = {.code = MCP_INVALID_PARAMS, .id = message->id};
    (void)snprintf(fault.message, sizeof fault.message, "Unknown tool: '%s'. There are run_python and list_packages.",
                   decode_quote(&message->name, quoted));
    return answer_fault(&fault, answer);
}

static int handle_message(struct mcp_service *service, const struct mcp_peer *peer, const struct mcp_message *message,
                          struct mcp_call *call, struct mcp_handled *handled) {
    if (message->kind != MCP_REQUEST) {
        handled->deed = MCP_ACCEPTED;
        if (message->method == MCP_CANCELLED) {
            mcp_call_cancel(service, peer, &message->cancelled);
        }
        return 0;
    }
    handled->began_session = message->method == MCP_INITIALIZE;
    if (message->method == MCP_TOOLS_CALL && json_text_equals(&message->name, "run_python")) {
        return start_run(service, peer, message, call, handled);
    }
    if (message->method == MCP_TOOLS_CALL && !json_text_equals(&message->name, "list_packages")) {
        return unknown_tool(message, &handled->answer);
    }
    return answer_request(service, peer, message, &handled->answer);
}

int mcp_handle(struct mcp_service *service, const struct mcp_peer *peer, const char *text, size_t len,
               struct mcp_call *call, struct mcp_handled *ret_handled) {
    struct mcp_handled handled = {.deed = MCP_ANSWERED};
    struct mcp_message message;
    struct mcp_fault fault;
    int error = mcp_message_decode(text, len, &message, &fault);
    error = error ? answer_fault(&fault, &handled.answer) : handle_message(service, peer, &message, call, &handled);
    if (error) {
        answer_free(&handled.answer);
        return error;
    }
    *ret_handled = handled;
    return 0;
}
