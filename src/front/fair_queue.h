/* Runs that wait, and whose turn it is. Pure.
 *
 * Each account has a queue of its own, and a turn goes to the account with the fewest runs on; among equals to the one
 * whose last turn is longest ago. So an account that has nothing on comes next, however many runs of others wait: it is
 * delayed by at most one turn. Counting what runs instead of dealing out turns alone keeps an account of long runs from
 * taking every place in which others' short ones come to an end. */
#ifndef PYEXEC_FRONT_FAIR_QUEUE_H
#define PYEXEC_FRONT_FAIR_QUEUE_H

#include "front/account.h"
#include "front/run.h"

struct fair_queue {
    struct account *waiting; /* those with a run in their queue */
    unsigned n;              /* runs */
    unsigned n_of_kind[GUEST_KINDS];
    uint64_t turns; /* given so far */
};

/* Puts a run of run->account last, or first, in its account's queue. */
void fair_queue_add(struct fair_queue *queue, struct run *run, int first);

/* Takes a run out, wherever it is. */
void fair_queue_remove(struct fair_queue *queue, struct run *run);

/* The run whose turn it is, of those for which may_start() gives 0 or more; NULL when there is none. It stays in the
 * queue. *ret_how is what may_start() gave for it. Only the oldest run of each account and guest is asked about. */
struct run *fair_queue_next(const struct fair_queue *queue, int (*may_start)(void *context, struct run *run),
                            void *context, int *ret_how);

/* The youngest run of the account with the longest queue, or NULL when no queue is longer than `more_than`. */
struct run *fair_queue_longest(const struct fair_queue *queue, unsigned more_than);

/* A run of the account has started, or is over. */
void fair_queue_started(struct fair_queue *queue, struct account *account);
void fair_queue_ended(struct account *account);

#endif
