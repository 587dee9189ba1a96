/* Answers that need no run and tell of this service: GET /health, /health/ready, /metrics and /v1/packages. */
#ifndef PYEXEC_FRONT_PAGES_H
#define PYEXEC_FRONT_PAGES_H

#include "front/http_server.h"

/* Each returns 0 with *ret_answer filled, or -ENOMEM. `brief`: only the status, for who has no key. */
int page_health(const struct http_server *server, int brief, struct answer *ret_answer);
int page_ready(const struct http_server *server, struct answer *ret_answer);
int page_metrics(const struct http_server *server, struct answer *ret_answer);
/* -EAGAIN with *ret_problem filled until the first data guest has listed them. */
int page_packages(const struct http_server *server, struct answer *ret_answer, struct problem *ret_problem);

#endif
