#include "front/mcp/reply.h"

#include <errno.h>
#include <stdio.h>

/* As the answers of POST /execute have it. */
#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

static int write_to_buffer(const char *text, size_t len, void *buffer) {
    return byte_buffer_append(buffer, text, len);
}

int mcp_append_json(json_t *value, struct byte_buffer *text) {
    int failed = !value || json_dump_callback(value, write_to_buffer, text, DUMP_FLAGS) < 0;
    json_decref(value);
    return failed ? -ENOMEM : 0;
}

static int begin(const struct json_span *id, const char *member, struct byte_buffer *text) {
    int error = byte_buffer_append_text(text, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (!error) {
        error = id && id->text ? byte_buffer_append(text, id->text, id->len) : byte_buffer_append_text(text, "null");
    }
    return error ? error : byte_buffer_append_text(text, member);
}

int mcp_reply_begin(const struct json_span *id, struct byte_buffer *text) {
    return begin(id, ",\"result\":", text);
}

int mcp_reply_end(struct byte_buffer *text) {
    return byte_buffer_append_text(text, "}");
}

int mcp_reply_result(const struct json_span *id, json_t *result, struct byte_buffer *text) {
    int error = mcp_reply_begin(id, text);
    if (error) {
        json_decref(result);
        return error;
    }
    error = mcp_append_json(result, text);
    return error ? error : mcp_reply_end(text);
}

int mcp_reply_error(const struct json_span *id, enum mcp_error_code code, const char *message,
                    struct byte_buffer *text) {
    int error = begin(id, ",\"error\":", text);
    error = error ? error : mcp_append_json(json_pack("{s:i, s:s}", "code", (int)code, "message", message), text);
    return error ? error : mcp_reply_end(text);
}
