/* The page at "/": made by web/, compiled in as it is and compressed, the same for everybody. */
#ifndef PYEXEC_FRONT_PLAYGROUND_H
#define PYEXEC_FRONT_PLAYGROUND_H

#include <stddef.h>

#include "front/answer.h"
#include "front/answer_headers.h"
#include "front/http_head.h"

struct playground_form {
    const unsigned char *bytes;
    size_t len;
    const char *etag;     /* with its quotation marks */
    const char *encoding; /* for Content-Encoding; NULL: none */
};

/* Of the build: embed_page.py. */
extern const struct playground_form playground_plain, playground_packed;
extern const char playground_policy[]; /* for Content-Security-Policy */

/* The answer to a head of ROUTE_PLAYGROUND: the page in the form that the client takes, or that it has this one already
 * (304). Its bytes are static. Sets what is the page's own in *headers. */
void playground_answer(const struct http_judgement *head, struct answer *ret_answer, struct answer_headers *headers);

#endif
