#include "front/mcp/message.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "front/decode.h"
#include "front/utf8.h"

/* The arguments of run_python lie two levels down and may be as deep as the body of POST /execute. */
#define MESSAGE_MAX_DEPTH (DECODE_MAX_DEPTH + 2)

const char mcp_newest_version[] = "2025-11-25";
static const char *const versions[] = {mcp_newest_version, "2025-06-18"};

static const struct {
    const char *name;
    enum mcp_method method;
} requests[] = {
    {"initialize", MCP_INITIALIZE},         {"ping", MCP_PING},
    {"tools/list", MCP_TOOLS_LIST},         {"tools/call", MCP_TOOLS_CALL},
    {"prompts/list", MCP_PROMPTS_LIST},     {"prompts/get", MCP_PROMPTS_GET},
    {"resources/list", MCP_RESOURCES_LIST}, {"resources/templates/list", MCP_RESOURCES_TEMPLATES_LIST},
    {"resources/read", MCP_RESOURCES_READ},
};

struct envelope {
    struct json_span version, id, method, params, result, error;
};

/* A member by its name. */
struct slot {
    const char *name;
    struct json_span *value;
};

const char *mcp_known_version(const char *name, size_t len) {
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (strlen(versions[i]) == len && memcmp(versions[i], name, len) == 0) {
            return versions[i];
        }
    }
    return NULL;
}

static int fail(struct mcp_fault *fault, enum mcp_error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct mcp_fault *fault, enum mcp_error_code code, const char *format, ...) {
    va_list arguments;
    fault->code = code;
    va_start(arguments, format);
    (void)vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    /* What was cut in the middle of a character would be no JSON any more. */
    size_t len = strlen(fault->message);
    fault->message[len - utf8_partial_end(fault->message, len)] = '\0';
    return -EBADMSG;
}

/* Sorts the members of an object into slots[0 .. n). A name that is there twice is a fault: two readers could take
 * different ones. */
static int sort_members(const struct json_span *object, const struct slot *slots, size_t n, enum mcp_error_code code,
                        struct mcp_fault *fault) {
    struct json_walk walk;
    struct json_span name, value;
    json_walk_start(&walk, object);
    while (json_walk_member(&walk, &name, &value)) {
        for (size_t i = 0; i < n; i++) {
            if (!json_text_equals(&name, slots[i].name)) {
                continue;
            }
            if (slots[i].value->text) {
                return fail(fault, code, "The member '%s' is there more than once.", slots[i].name);
            }
            *slots[i].value = value;
        }
    }
    return 0;
}

static int is_id(const struct json_span *value) {
    long long number;
    return value->kind == JSON_TEXT_STRING ||
           (value->kind == JSON_TEXT_NUMBER && json_text_integer(value, &number) != -EINVAL);
}

static int judge_id(const struct envelope *envelope, struct mcp_fault *fault) {
    if (!envelope->id.text) {
        return 0;
    }
    if (!is_id(&envelope->id)) {
        return fail(fault, MCP_INVALID_REQUEST, "id must be a string or an integer, not %s.",
                    envelope->id.kind == JSON_TEXT_NUMBER ? "a number with a fraction or an exponent"
                                                          : json_text_kind_name(envelope->id.kind));
    }
    if (envelope->id.len > MCP_ID_MAX) {
        return fail(fault, MCP_INVALID_REQUEST, "id is longer than %u bytes.", MCP_ID_MAX);
    }
    fault->id = envelope->id;
    return 0;
}

static int read_envelope(const char *text, size_t len, struct envelope *envelope, struct mcp_fault *fault) {
    struct json_span object;
    struct json_fault json_fault;
    size_t valid = utf8_valid_len(text, len);
    if (valid < len) {
        return fail(fault, MCP_PARSE_ERROR, "The message is not valid UTF-8: byte 0x%02x at offset %zu.",
                    (unsigned char)text[valid], valid);
    }
    if (json_text_check(text, len, MESSAGE_MAX_DEPTH, &object, &json_fault) < 0) {
        return fail(fault, MCP_PARSE_ERROR, "The message is not valid JSON: at offset %zu: %s.", json_fault.offset,
                    json_fault.reason);
    }
    if (object.kind == JSON_TEXT_ARRAY) {
        return fail(fault, MCP_INVALID_REQUEST,
                    "A message is one JSON object: these revisions of the protocol have no "
                    "batches.");
    }
    if (object.kind != JSON_TEXT_OBJECT) {
        return fail(fault, MCP_INVALID_REQUEST, "A message is a JSON object, not %s.",
                    json_text_kind_name(object.kind));
    }
    const struct slot slots[] = {
        {"jsonrpc", &envelope->version}, {"id", &envelope->id},         {"method", &envelope->method},
        {"params", &envelope->params},   {"result", &envelope->result}, {"error", &envelope->error},
    };
    int error = sort_members(&object, slots, sizeof slots / sizeof slots[0], MCP_INVALID_REQUEST, fault);
    error = error ? error : judge_id(envelope, fault);
    if (error) {
        return error;
    }
    if (!envelope->version.text || !json_text_equals(&envelope->version, "2.0")) {
        return fail(fault, MCP_INVALID_REQUEST, "jsonrpc must be \"2.0\".");
    }
    return 0;
}

/* ---- params ---- */

/* What the params of some methods have. */
struct wish {
    unsigned methods; /* bits: elsewhere the name means nothing */
    int required;
    const char *name;
    struct json_span *value;
    enum json_text_kind kind;
};

#define BIT(method) (1u << (method))
#define ANY_METHOD UINT_MAX
#define LISTS                                                                                                          \
    (BIT(MCP_TOOLS_LIST) | BIT(MCP_PROMPTS_LIST) | BIT(MCP_RESOURCES_LIST) | BIT(MCP_RESOURCES_TEMPLATES_LIST))
#define CALLS (BIT(MCP_TOOLS_CALL) | BIT(MCP_PROMPTS_GET))

static int judge_wish(const struct wish *wish, struct mcp_fault *fault) {
    if (!wish->value->text) {
        return wish->required ? fail(fault, MCP_INVALID_PARAMS, "params.%s is missing.", wish->name) : 0;
    }
    if (wish->value->kind != wish->kind) {
        return fail(fault, MCP_INVALID_PARAMS, "params.%s must be %s, not %s.", wish->name,
                    json_text_kind_name(wish->kind), json_text_kind_name(wish->value->kind));
    }
    return 0;
}

static int read_token(const struct json_span *meta, struct json_span *ret_token, struct mcp_fault *fault) {
    struct json_span token = {0};
    const struct slot slots[] = {{"progressToken", &token}};
    int error = sort_members(meta, slots, 1, MCP_INVALID_PARAMS, fault);
    if (error || !token.text) {
        return error;
    }
    if (!is_id(&token) || token.len > MCP_ID_MAX) {
        return fail(fault, MCP_INVALID_PARAMS,
                    "params._meta.progressToken must be a string or an integer of at most %u bytes.", MCP_ID_MAX);
    }
    *ret_token = token;
    return 0;
}

static int read_params(const struct json_span *params, struct mcp_message *message, struct mcp_fault *fault) {
    struct json_span meta = {0}, cursor = {0}, capabilities = {0}, client = {0};
    const struct wish wishes[] = {
        {ANY_METHOD, 0, "_meta", &meta, JSON_TEXT_OBJECT},
        {CALLS, 1, "name", &message->name, JSON_TEXT_STRING},
        {CALLS, 0, "arguments", &message->arguments, JSON_TEXT_OBJECT},
        {BIT(MCP_RESOURCES_READ), 1, "uri", &message->uri, JSON_TEXT_STRING},
        {LISTS, 0, "cursor", &cursor, JSON_TEXT_STRING},
        {BIT(MCP_INITIALIZE), 1, "protocolVersion", &message->version, JSON_TEXT_STRING},
        {BIT(MCP_INITIALIZE), 1, "capabilities", &capabilities, JSON_TEXT_OBJECT},
        {BIT(MCP_INITIALIZE), 1, "clientInfo", &client, JSON_TEXT_OBJECT},
    };
    struct wish wished[sizeof wishes / sizeof wishes[0]];
    struct slot slots[sizeof wishes / sizeof wishes[0]];
    size_t n = 0;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        if (wishes[i].methods & BIT(message->method)) {
            slots[n] = (struct slot){wishes[i].name, wishes[i].value};
            wished[n++] = wishes[i];
        }
    }
    int error = params->text ? sort_members(params, slots, n, MCP_INVALID_PARAMS, fault) : 0;
    for (size_t i = 0; !error && i < n; i++) {
        error = judge_wish(&wished[i], fault);
    }
    if (!error && cursor.text) {
        error =
            fail(fault, MCP_INVALID_PARAMS, "params.cursor is none that this server gave: its lists have one page.");
    }
    return error || !meta.text ? error : read_token(&meta, &message->token, fault);
}

/* Whatever is wrong with a notification, nobody may be told of it: what cannot be understood is not there. */
static void read_cancelled(const struct json_span *params, struct mcp_message *message) {
    struct mcp_fault ignored = {0};
    struct json_span id = {0};
    const struct slot slots[] = {{"requestId", &id}};
    if (params->text && params->kind == JSON_TEXT_OBJECT &&
        sort_members(params, slots, 1, MCP_INVALID_PARAMS, &ignored) == 0 && id.text && is_id(&id)) {
        message->cancelled = id;
    }
}

/* ---- all of it ---- */

static int find_method(const struct json_span *method, enum mcp_method *ret_method, struct mcp_fault *fault) {
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (json_text_equals(method, requests[i].name)) {
            *ret_method = requests[i].method;
            return 0;
        }
    }
    char quoted[PROBLEM_QUOTE_MAX];
    return fail(fault, MCP_METHOD_NOT_FOUND, "Method not found: '%s'.", decode_quote(method, quoted));
}

int mcp_message_decode(const char *text, size_t len, struct mcp_message *ret_message, struct mcp_fault *ret_fault) {
    struct mcp_message message = {.method = MCP_OTHER_METHOD};
    struct envelope envelope = {0};
    *ret_fault = (struct mcp_fault){0};
    int error = read_envelope(text, len, &envelope, ret_fault);
    if (error) {
        return error;
    }
    if (!envelope.method.text) {
        if (!envelope.result.text && !envelope.error.text) {
            return fail(ret_fault, MCP_INVALID_REQUEST, "The member 'method' is missing.");
        }
        message.kind = MCP_RESPONSE;
        *ret_message = message;
        return 0;
    }
    if (envelope.method.kind != JSON_TEXT_STRING) {
        return fail(ret_fault, MCP_INVALID_REQUEST, "method must be a string, not %s.",
                    json_text_kind_name(envelope.method.kind));
    }
    if (!envelope.id.text) {
        message.kind = MCP_NOTIFICATION;
        if (json_text_equals(&envelope.method, "notifications/cancelled")) {
            message.method = MCP_CANCELLED;
            read_cancelled(&envelope.params, &message);
        }
        *ret_message = message;
        return 0;
    }
    message.id = envelope.id;
    error = find_method(&envelope.method, &message.method, ret_fault);
    if (!error && envelope.params.text && envelope.params.kind != JSON_TEXT_OBJECT) {
        error = fail(ret_fault, MCP_INVALID_PARAMS, "params must be an object, not %s.",
                     json_text_kind_name(envelope.params.kind));
    }
    error = error ? error : read_params(&envelope.params, &message, ret_fault);
    if (error) {
        return error;
    }
    *ret_message = message;
    return 0;
}

int mcp_id_equals(const struct json_span *a, const struct json_span *b) {
    if (a->kind != b->kind) {
        return 0;
    }
    if (a->len == b->len && memcmp(a->text, b->text, a->len) == 0) {
        return 1;
    }
    if (a->kind != JSON_TEXT_STRING) {
        return 0;
    }
    cleanup_byte_buffer struct byte_buffer left = {0}, right = {0};
    return json_text_append(&left, a, NULL) == 0 && json_text_append(&right, b, NULL) == 0 && left.len == right.len &&
           memcmp(left.bytes, right.bytes, left.len) == 0;
}
