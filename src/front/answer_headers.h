/* The header of an answer, as far as it is ours. */
#ifndef PYEXEC_FRONT_ANSWER_HEADERS_H
#define PYEXEC_FRONT_ANSWER_HEADERS_H

#include <microhttpd.h>

#include "front/gate.h"
#include "front/problem.h"

/* What the page at "/" has in place of what every answer has. Static texts. */
struct page_headers {
    const char *etag; /* NULL: the answer is not that page */
    const char *policy;
    const char *encoding; /* NULL: none */
};

struct answer_headers {
    const char *id;        /* the request's; borrowed */
    unsigned retry_after;  /* seconds; 0: none */
    const char *allow;     /* NULL: none; static, as the next */
    const char *challenge; /* for WWW-Authenticate */
    int close;
    struct rate_note note;
    const char *cors_origin; /* the page that may read it; NULL or "": none. Borrowed */
    int is_replay;           /* the answer of an earlier request with the same Idempotency-Key */
    const char *session;     /* for Mcp-Session-Id; NULL: none. Borrowed */
    int is_preflight;        /* `allow` is what that page may do */
    struct page_headers page;
};

/* What a problem brings along. */
void answer_headers_of_problem(struct answer_headers *headers, const struct problem *problem);

/* Adds them to a response, with those that every answer has; `type` is the body's, or NULL. Returns 0 or -ENOMEM. */
int answer_headers_add(const struct answer_headers *headers, struct MHD_Response *response, const char *type);

/* Those that every answer has, as lines of a head, for answers that are written past the library. */
#define SECURITY_HEADERS_MAX 512
void answer_headers_write_security(char *ret_text, size_t size);

#endif
