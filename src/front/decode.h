/* The body of POST /execute becomes a run_input, or a problem that says what is wrong and where. Pure. */
#ifndef PYEXEC_FRONT_DECODE_H
#define PYEXEC_FRONT_DECODE_H

#include <stddef.h>

#include "base/settings.h"
#include "front/json_text.h"
#include "front/problem.h"
#include "front/run_input.h"

/* Arrays and objects inside each other in a request. */
#define DECODE_MAX_DEPTH 200u

/* Decodes body[0 .. len). Fields are the contract's; `null` for an optional field counts as absent, since generated
 * clients send it so. Returns 0 with *ret_input filled (run_input_free() it), -EBADMSG with *ret_problem filled, or
 * -ENOMEM. */
int decode_request(const char *body, size_t len, const struct settings *settings, struct run_input *ret_input,
                   struct problem *ret_problem);

/* The same for a tool of a model (front/mcp): `arguments`, a checked object, has the fields but banner and stream,
 * which are off, and a mode of "script" where none is given. */
int decode_tool_arguments(const struct json_span *arguments, const struct settings *settings,
                          struct run_input *ret_input, struct problem *ret_problem);

/* The parts below are decode.c's own, in files of their own. They append entries to a run_request's section and return
 * as decode_request() does; *ret_n is the number of entries. */

/* `files`, a checked array. */
int decode_files(const struct json_span *files, const struct settings *settings, struct byte_buffer *request,
                 uint32_t *ret_n, struct problem *ret_problem);

/* `env`, a checked object. */
int decode_env(const struct json_span *env, struct byte_buffer *request, uint32_t *ret_n, struct problem *ret_problem);

/* A problem "invalid_input" of status 400. */
#define decode_problem(problem, ...) (problem_set((problem), 400, "invalid_input", __VA_ARGS__), -EBADMSG)

/* Appends the text of a checked string; a lone surrogate in it is a problem that names `field`. */
int decode_text(const struct json_span *string, const char *field, struct byte_buffer *buffer,
                struct problem *ret_problem);

/* The name of a member, as problem_quote() shows it. */
const char *decode_quote(const struct json_span *string, char ret_text[PROBLEM_QUOTE_MAX]);

#endif
