/* Who runs when: ready sandboxes on one side, requests on the other, a bounded, fair queue between them. */
#ifndef PYEXEC_FRONT_ADMISSION_H
#define PYEXEC_FRONT_ADMISSION_H

#include "front/account.h"
#include "front/fair_queue.h"
#include "front/run.h"

struct idle_sandbox;

struct admission {
    const struct run_means *means;
    struct accounts *accounts;
    struct idle_sandbox *idle[GUEST_KINDS]; /* last in, first out: the warmest caches */
    unsigned n_idle;
    struct fair_queue queue;
    struct run_list running; /* with those whose client has gone, until their verdict */
    unsigned n_running;
    uint64_t memory_running; /* bytes: the limits of those, together */
    uint64_t memory_most;
    struct front_status status;
    int has_status;
    int draining;
};

/* *admission must stay where it is; `means` and `accounts` are borrowed. `memory_most` is what the memory limits of all
 * that runs may come to, in bytes; 0: no matter. */
void admission_start(struct admission *admission, const struct run_means *means, struct accounts *accounts,
                     uint64_t memory_most);

/* Frees what is idle. No run may be left. */
void admission_end(struct admission *admission);

/* Starts the run or queues it for the account, which it holds until the end, and takes it; its waiter is told of the
 * end later, never from within this call. Returns 0, or -EBUSY with *ret_problem filled, when the queue is full or the
 * service is draining; the run is then freed. When the queue is full of runs of an account that has more in it than
 * this one, the youngest of those has to go instead. */
int admission_submit(struct admission *admission, struct account *account, struct run *run,
                     struct problem *ret_problem);

/* The client has gone: a run that waits is dropped, one that runs is ended. Its waiter hears nothing more. `run` must
 * have been submitted and its waiter not been told. */
void admission_abandon(struct admission *admission, struct run *run);

/* The keeper's messages. */
void admission_sandbox_ready(struct admission *admission, const struct front_ready *ready, const int fds[READY_FDS]);
void admission_sandbox_ended(struct admission *admission, const struct front_verdict *verdict);
void admission_status_changed(struct admission *admission, const struct front_status *status);

/* How many sandboxes of each kind wait for a script. */
void admission_count_idle(const struct admission *admission, unsigned ret_counts[GUEST_KINDS]);

/* Refuses what waits and all that comes. */
void admission_drain(struct admission *admission);

/* "The service is ending": what new requests are told while it drains. */
void admission_draining_problem(struct problem *ret_problem);

#endif
