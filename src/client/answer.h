/* The service's answer, taken apart. Whoever sent it is not trusted. */
#ifndef PYEXEC_CLIENT_ANSWER_H
#define PYEXEC_CLIENT_ANSWER_H

#include <stddef.h>

#include "front/json_text.h"

/* Spans lie in the text that was read; a span without text was not there, or was of another kind. */
struct answer {
    struct json_span whole;
    int success;
    int is_run;              /* a script was run: it has `usage` */
    struct json_span result; /* of any kind */
    struct json_span error, error_type, message, traceback;
    struct json_span suggestions, artifacts, skipped, truncated; /* arrays */
    int return_code;                                             /* 1 to 255; 0 after success */
};

/* Checks that text[0 .. len) is an answer as docs/api.md has it. Returns 0, or -1 with a reason for people, static, in
 * *ret_fault. The text has to live as long as the answer is looked at. */
int answer_read(const char *text, size_t len, struct answer *ret_answer, const char **ret_fault);

/* What pyexec ends with: the script's status where one ran; else what `error` and the HTTP status say. */
int answer_exit_status(const struct answer *answer, long http_status);

#endif
