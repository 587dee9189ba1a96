/* What the service counts, and its text for Prometheus. Pure: whoever does something tells.
 *
 * Front's own counts begin at 0 when front is started; those of the keeper come with its status. */
#ifndef PYEXEC_FRONT_METRICS_H
#define PYEXEC_FRONT_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "front/byte_buffer.h"
#include "wire/front_link.h"

/* How a request ended: success, the contract's words for what went wrong, and client_gone. */
enum request_outcome {
    REQUEST_SUCCESS,
    REQUEST_MISSING_MAIN,
    REQUEST_SYNTAX_ERROR,
    REQUEST_RUNTIME_ERROR,
    REQUEST_TIMEOUT,
    REQUEST_RESOURCE_LIMIT,
    REQUEST_INTERNAL_ERROR,
    REQUEST_INVALID_INPUT,
    REQUEST_UNAUTHORIZED,
    REQUEST_FORBIDDEN,
    REQUEST_NOT_FOUND,
    REQUEST_METHOD_NOT_ALLOWED,
    REQUEST_RATE_LIMITED,
    REQUEST_OVERLOADED,
    REQUEST_DRAINING,
    REQUEST_CLIENT_GONE,
    REQUEST_OUTCOMES,
};

/* The outcome that an answer's `error` stands for; NULL is success. Words that are not known are REQUEST_OUTCOMES. */
enum request_outcome request_outcome_of(const char *error);

/* Counted for each name of the file of keys, and once for who needs none. */
struct account_counts {
    uint64_t requests[REQUEST_OUTCOMES];
    uint64_t cpu_us; /* of runs */
};

#define HISTOGRAM_MAX_BUCKETS 16

struct histogram {
    uint64_t counts[HISTOGRAM_MAX_BUCKETS + 1]; /* the last: above every bound */
    uint64_t sum;                               /* microseconds or bytes */
};

#define METRICS_STATUSES 16
#define METRICS_DENIED 20

struct metrics {
    struct account_counts anonymous;
    struct histogram request, queue, run;   /* times */
    struct histogram start[GUEST_KINDS];    /* making a sandbox ready */
    struct histogram memory;                /* peak of a run */
    uint64_t verdicts[VERDICT_CAUSES];      /* by enum verdict_cause, of sandboxes that had a script */
    uint64_t denied[METRICS_DENIED];        /* calls that scripts were refused, by metrics.c's table of names */
    uint64_t unused_ended;                  /* those that had none */
    uint64_t request_bytes, response_bytes; /* bodies */
    uint64_t output_bytes[2];               /* stdout and stderr of runs, whether kept or not */
    uint64_t connections;                   /* accepted */
    struct {
        unsigned status;
        uint64_t count;
    } responses[METRICS_STATUSES]; /* in the order in which they came up first */
};

void metrics_count_response(struct metrics *metrics, unsigned status);

/* A request for a run, or one that was none, is over. */
void metrics_count_request(struct metrics *metrics, struct account_counts *counts, enum request_outcome outcome,
                           uint64_t took_us);

/* A run ended since the sandbox refused it the call of this name; one that is not known counts as another. */
void metrics_count_denied(struct metrics *metrics, const char *name, size_t len);

/* A sandbox has been made ready. */
void metrics_count_start(struct metrics *metrics, const struct front_ready *ready);

/* A run is over. */
void metrics_count_run(struct metrics *metrics, struct account_counts *counts, const struct front_verdict *verdict,
                       uint64_t queue_us);

struct named_counts {
    const char *name;
    const struct account_counts *counts;
};

/* What is so at this moment, besides what was counted. */
struct metrics_facts {
    const struct front_status *status; /* NULL: none has come */
    unsigned ready[GUEST_KINDS], running, queued, connections;
    uint64_t memory_running, memory_most; /* bytes: limits of what runs; 0: no most */
    uint64_t budget_used, budget_most;    /* bytes that clients make front hold */
    uint64_t idempotency_keys, idempotency_bytes, replays;
    uint64_t front_cpu_us, front_peak_bytes;
    const struct named_counts *names; /* of the file of keys */
    size_t n_names;
};

/* Appends everything in Prometheus' text format, version 0.0.4. Returns 0 or -ENOMEM. */
int metrics_write(const struct metrics *metrics, const struct metrics_facts *facts, struct byte_buffer *text);

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
