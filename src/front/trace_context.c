#include "front/trace_context.h"

#include <errno.h>
#include <string.h>

/* 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 */
#define TRACE_AT 3u
#define SPAN_AT 36u
#define FLAGS_AT 53u
#define LENGTH 55u

static int is_hex(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return 0;
        }
    }
    return 1;
}

static int is_zero(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '0') {
            return 0;
        }
    }
    return 1;
}

static int digit(char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

int trace_context_parse(const char *value, size_t len, struct trace_context *ret_context) {
    if (len < LENGTH || !is_hex(value, 2) || memcmp(value, "ff", 2) == 0) {
        return -EINVAL;
    }
    if (memcmp(value, "00", 2) == 0 ? len != LENGTH : len > LENGTH && value[LENGTH] != '-') {
        return -EINVAL;
    }
    const char *trace = value + TRACE_AT, *span = value + SPAN_AT, *flags = value + FLAGS_AT;
    if (value[TRACE_AT - 1] != '-' || value[SPAN_AT - 1] != '-' || value[FLAGS_AT - 1] != '-' || !is_hex(trace, 32) ||
        !is_hex(span, 16) || !is_hex(flags, 2) || is_zero(trace, 32) || is_zero(span, 16)) {
        return -EINVAL;
    }
    memset(ret_context, 0, sizeof *ret_context);
    memcpy(ret_context->trace_id, trace, 32);
    memcpy(ret_context->span_id, span, 16);
    ret_context->sampled = digit(flags[1]) & 1;
    return 0;
}
