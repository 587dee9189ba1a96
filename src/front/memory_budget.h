/* How much of the clients' data front holds at one time: bodies, requests that wait, answers that are not sent.
 *
 * Each is bounded, but a thousand connections times their bound is more than a machine has. */
#ifndef PYEXEC_FRONT_MEMORY_BUDGET_H
#define PYEXEC_FRONT_MEMORY_BUDGET_H

#include <stddef.h>

struct memory_budget {
    size_t used, most;
};

/* Returns 1 with `bytes` taken, or 0 when that would be too much. */
static inline int budget_take(struct memory_budget *budget, size_t bytes) {
    if (bytes > budget->most || budget->used > budget->most - bytes) {
        return 0;
    }
    budget->used += bytes;
    return 1;
}

/* Takes without asking: what is held already in another form, or must be answered anyway. */
static inline void budget_add(struct memory_budget *budget, size_t bytes) {
    budget->used += bytes;
}

static inline void budget_give_back(struct memory_budget *budget, size_t bytes) {
    budget->used -= bytes;
}

#endif
