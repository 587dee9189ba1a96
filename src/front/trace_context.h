/* The header traceparent of the W3C's Trace Context: where in a trace of others a request belongs. Pure. */
#ifndef PYEXEC_FRONT_TRACE_CONTEXT_H
#define PYEXEC_FRONT_TRACE_CONTEXT_H

#include <stddef.h>

struct trace_context {
    char trace_id[33]; /* 32 hexadecimal digits, or "" for none */
    char span_id[17];  /* 16, of the caller's span */
    int sampled;
};

/* Reads a header's value: version 00, or the part that a later version has in common with it. Returns 0, or -EINVAL
 * with *ret_context untouched when it is not well-formed: it is then to be taken as absent. */
int trace_context_parse(const char *value, size_t len, struct trace_context *ret_context);

#endif
