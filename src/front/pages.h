/* Answers that need no run: GET /health, /health/ready and /metrics. */
#ifndef PYEXEC_FRONT_PAGES_H
#define PYEXEC_FRONT_PAGES_H

#include "front/http_server.h"

/* Each returns 0 with *ret_answer filled, or -ENOMEM. `brief`: only the status, for who has no key. */
int page_health(const struct http_server *server, int brief, struct answer *ret_answer);
int page_ready(const struct http_server *server, struct answer *ret_answer);
int page_metrics(const struct http_server *server, struct answer *ret_answer);

#endif
