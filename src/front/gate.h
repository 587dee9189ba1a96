/* Who a request is from, and whether they may ask for what it asks: keys and the caps that belong to them. */
#ifndef PYEXEC_FRONT_GATE_H
#define PYEXEC_FRONT_GATE_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/settings.h"
#include "front/account.h"
#include "front/http_head.h"
#include "front/keys.h"
#include "front/run_input.h"

struct gate {
    struct keys keys;
    struct accounts accounts;
};

/* What RateLimit-Limit, -Remaining, -Reset and -Policy say, as draft-ietf-httpapi-ratelimit-headers-06 names them. */
struct rate_note {
    int is_there;
    uint64_t limit, left, reset_s;
    const char *of_what; /* NULL: requests; static */
};

struct gate_pass {
    struct account *account; /* held, to be given back to gate->accounts; NULL: a key is needed and none was there */
    struct rate_note note;
};

/* Judges a request whose head was not refused. *ret_pass is filled in any case. Returns 0, or -EPERM with *ret_problem
 * filled: 401, 403 or 429. A request to run something is counted. `address` is the client's. */
int gate_judge(struct gate *gate, const struct http_judgement *head, const struct sockaddr *address, uint64_t now_us,
               struct gate_pass *ret_pass, struct problem *ret_problem);

/* For a message that turns out to ask for a run (POST /mcp) only when it is read: counts it. Returns 0, or -EPERM with
 * *ret_problem filled: 403 or 429. *ret_note is filled in any case. */
int gate_judge_run(const struct gate *gate, struct account *account, uint64_t now_us, struct rate_note *ret_note,
                   struct problem *ret_problem);

/* The defaults of a run of this account: the service's own, lowered to what the account may ask. */
void gate_lower_defaults(const struct account *account, struct settings *settings);

/* Those and what it may ask at most, to be shown. */
void gate_lower_limits(const struct account *account, struct settings *settings);

/* Whether the account may ask for this run. Returns 0, or -EPERM with a problem of status 403. */
int gate_judge_input(const struct account *account, const struct settings *settings, const struct run_input *input,
                     struct problem *ret_problem);

void gate_end(struct gate *gate);

#endif
