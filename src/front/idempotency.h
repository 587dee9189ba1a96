/* Requests that bear an Idempotency-Key: each runs once, and whoever sends it again gets the first answer.
 *
 * A key belongs to an account. While its run is on, those that send the same wait for its end with it; afterwards the
 * answer is kept, within bounds on number, bytes and age. A run with such a key is not ended when its client goes: the
 * client may come back for the answer, which is what the key is for. */
#ifndef PYEXEC_FRONT_IDEMPOTENCY_H
#define PYEXEC_FRONT_IDEMPOTENCY_H

#include <stddef.h>
#include <stdint.h>

#include "front/account.h"
#include "front/http_head.h"
#include "front/run.h"

#define IDEMPOTENCY_DIGEST_BYTES 32

struct idempotent_entry;

/* Who waits for the answer of an entry. */
struct idempotency_waiter {
    const struct run_events *events; /* of the one whose run it is; NULL: only the end matters */
    void (*on_end)(void *context, struct answer *answer, const struct problem *problem); /* as struct run_waiter's */
    void *context;
    struct idempotent_entry *entry; /* NULL: it does not wait */
    struct idempotency_waiter *next, **link;
};

struct idempotency {
    const struct settings *settings;
    struct accounts *accounts;
    struct idempotent_entry **buckets;
    struct idempotent_entry *oldest, *newest;
    size_t n, bytes; /* bytes: of answers */
    uint64_t seed;
    uint64_t replays; /* answers given again */
};

enum idempotency_found {
    IDEMPOTENCY_NEW,        /* no such key yet */
    IDEMPOTENCY_PENDING,    /* its run is on */
    IDEMPOTENCY_KEPT,       /* its answer is there */
    IDEMPOTENCY_OTHER_BODY, /* the key was used for another request: *ret_problem is filled, status 422 */
};

/* `settings` and `accounts` are borrowed; `seed` is random. */
void idempotency_start(struct idempotency *store, const struct settings *settings, struct accounts *accounts,
                       uint64_t seed);
/* No run may be on. */
void idempotency_end(struct idempotency *store);

/* Looks a request up; *ret_entry is borrowed until the next call. */
enum idempotency_found idempotency_find(struct idempotency *store, const struct account *account, const char *key,
                                        const char *body, size_t body_len, uint64_t now_us,
                                        struct idempotent_entry **ret_entry, struct problem *ret_problem);

/* A new entry for what idempotency_find() has just found to be new; NULL when every entry there may be has a run on.
 * `id` is the request's. The caller submits a run with idempotency_run_waiter() and then says how that went. */
struct idempotent_entry *idempotency_begin(struct idempotency *store, struct account *account, const char *key,
                                           const char *body, size_t body_len, uint64_t now_us, const char *id);
struct run_waiter idempotency_run_waiter(struct idempotent_entry *entry);
void idempotency_submitted(struct idempotent_entry *entry, struct run *run);
void idempotency_failed(struct idempotent_entry *entry); /* frees it; nobody is told */

/* The waiter is told of the end, unless it leaves before (leaving twice is fine). The first to join is the one whose
 * run it is. */
void idempotency_join(struct idempotent_entry *entry, struct idempotency_waiter *waiter);
void idempotency_leave(struct idempotency_waiter *waiter);

/* A copy of the answer of a IDEMPOTENCY_KEPT entry. Returns 0 or -ENOMEM. */
int idempotency_copy(struct idempotent_entry *entry, struct answer *ret_answer);

/* The id of the request that ran; as long as the entry. */
const char *idempotency_id(const struct idempotent_entry *entry);

#endif
