/* One message of the Model Context Protocol, taken apart: JSON-RPC 2.0 as the revisions 2025-11-25 and 2025-06-18 have
 * it, which know no batches. Pure. */
#ifndef PYEXEC_FRONT_MCP_MESSAGE_H
#define PYEXEC_FRONT_MCP_MESSAGE_H

#include <stddef.h>

#include "front/json_text.h"
#include "front/problem.h"

/* JSON-RPC's, and -32002 and -32800 as MCP and LSP have them. */
enum mcp_error_code {
    MCP_PARSE_ERROR = -32700,
    MCP_INVALID_REQUEST = -32600,
    MCP_METHOD_NOT_FOUND = -32601,
    MCP_INVALID_PARAMS = -32602,
    MCP_INTERNAL_ERROR = -32603,
    MCP_RESOURCE_NOT_FOUND = -32002,
    MCP_REQUEST_CANCELLED = -32800,
};

/* An id or a progress token is kept while its run is on, and comes back with each notification. */
#define MCP_ID_MAX 256u

enum mcp_kind {
    MCP_REQUEST,
    MCP_NOTIFICATION,
    MCP_RESPONSE, /* to a request of ours: we make none */
};

enum mcp_method {
    MCP_INITIALIZE,
    MCP_PING,
    MCP_TOOLS_LIST,
    MCP_TOOLS_CALL,
    MCP_PROMPTS_LIST,
    MCP_PROMPTS_GET,
    MCP_RESOURCES_LIST,
    MCP_RESOURCES_TEMPLATES_LIST,
    MCP_RESOURCES_READ,
    MCP_CANCELLED,    /* a notification, and the only one that something follows from */
    MCP_OTHER_METHOD, /* of a notification; of a request it is a fault */
};

/* All spans point into the text; text == NULL: it is not there. */
struct mcp_message {
    enum mcp_kind kind;
    enum mcp_method method;
    struct json_span id;        /* of a request: a string or an integer */
    struct json_span name;      /* tools/call, prompts/get: a string */
    struct json_span arguments; /* of those: an object, or absent */
    struct json_span token;     /* params._meta.progressToken: a string or an integer, or absent */
    struct json_span uri;       /* resources/read: a string */
    struct json_span version;   /* initialize: a string */
    struct json_span cancelled; /* notifications/cancelled: the id of a request, or absent */
};

struct mcp_fault {
    enum mcp_error_code code;
    struct json_span id; /* of the request, as far as it could be read */
    char message[PROBLEM_TEXT_MAX];
};

/* The revision of the protocol of this name, static, or NULL when it is none that is spoken here. */
const char *mcp_known_version(const char *name, size_t len);
extern const char mcp_newest_version[];

/* Decodes text[0 .. len). Returns 0, or -EBADMSG with *ret_fault filled. Members that nobody knows are ignored, as
 * later revisions may have more. */
int mcp_message_decode(const char *text, size_t len, struct mcp_message *ret_message, struct mcp_fault *ret_fault);

/* 1 when two ids, each a string or a number, are the same one. */
int mcp_id_equals(const struct json_span *a, const struct json_span *b);

#endif
