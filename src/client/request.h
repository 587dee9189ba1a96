/* The body of POST /execute, of what the command line says. */
#ifndef PYEXEC_CLIENT_REQUEST_H
#define PYEXEC_CLIENT_REQUEST_H

#include "client/exit_status.h"
#include "client/options.h"
#include "front/byte_buffer.h"

/* Appends bytes, which have to be UTF-8, as a JSON string. Returns 0 or -ENOMEM. */
int request_append_string(struct byte_buffer *body, const char *bytes, size_t len);

/* Appends the value of --arg: the text itself when it is JSON, so that every digit stays, else the text as a string.
 * Returns 0, -ENOMEM, or -EILSEQ when it is neither JSON nor UTF-8. */
int request_append_value(struct byte_buffer *body, const char *text);

/* Reads script and files and makes the whole body. Returns 0, or -1 with *failure and part of a body. */
int request_build(const struct options *options, struct byte_buffer *body, struct failure *failure);

#endif
