/* Messages to a client, as texts: JSON-RPC responses around results that are JSON already. Pure. */
#ifndef PYEXEC_FRONT_MCP_REPLY_H
#define PYEXEC_FRONT_MCP_REPLY_H

#include <jansson.h>

#include "front/byte_buffer.h"
#include "front/json_text.h"
#include "front/mcp/message.h"

/* `id` is pasted as the client wrote it; NULL or without a text: null. Each appends one message without a line end
 * (results that were made by others may hold some between tokens) and returns 0 or -ENOMEM. */
int mcp_reply_begin(const struct json_span *id, struct byte_buffer *text); /* up to `"result":` */
int mcp_reply_end(struct byte_buffer *text);
int mcp_reply_result(const struct json_span *id, json_t *result,
                     struct byte_buffer *text); /* takes it; NULL: -ENOMEM */
int mcp_reply_error(const struct json_span *id, enum mcp_error_code code, const char *message,
                    struct byte_buffer *text);

/* Appends the value as compact JSON and lets it go; NULL, as jansson returns it, is -ENOMEM. */
int mcp_append_json(json_t *value, struct byte_buffer *text);

#endif
