#include "front/idempotency.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "front/allocate.h"

#define BUCKETS 4096u

struct idempotent_entry {
    struct idempotency *store;
    struct account *account; /* held */
    char key[HTTP_IDEMPOTENCY_KEY_MAX + 1];
    unsigned char digest[SHA256_DIGEST_SIZE]; /* of the body */
    char id[REQUEST_ID_MAX + 1];
    int is_kept;
    struct answer answer; /* when it is kept */
    uint64_t kept_us;     /* since when */
    struct run *run;      /* while one is on */
    struct idempotency_waiter *waiters;
    struct idempotency_waiter *owner; /* the one whose run it is, while it waits */
    struct idempotent_entry *next_in_bucket;
    struct idempotent_entry *older, *newer;
};

/* ---- the table ---- */

static struct idempotent_entry **bucket_of(const struct idempotency *store, const struct account *account,
                                           const char *key) {
    /* FNV-1a from a random start: a client cannot know what falls together. */
    uint64_t hash = store->seed ^ (uint64_t)(uintptr_t)account;
    for (const char *c = key; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    }
    return &store->buckets[(hash ^ hash >> 32) % BUCKETS];
}

static void destroy(struct idempotent_entry *entry) {
    struct idempotency *store = entry->store;
    struct idempotent_entry **link = bucket_of(store, entry->account, entry->key);
    while (*link != entry) {
        link = &(*link)->next_in_bucket;
    }
    *link = entry->next_in_bucket;
    *(entry->older ? &entry->older->newer : &store->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &store->newest) = entry->older;
    store->n--;
    store->bytes -= entry->answer.text.capacity;
    account_release(store->accounts, entry->account);
    answer_free(&entry->answer);
    free(entry);
}

static int is_too_old(const struct idempotent_entry *entry, uint64_t now_us) {
    return entry->is_kept && now_us - entry->kept_us >= entry->store->settings->idempotency_max_age_ms * 1000u;
}

/* Forgets the oldest answer of whoever has most of them kept, so that one client cannot have those of others forgotten.
 * Returns 0 when there is none. */
static int forget_one(struct idempotency *store) {
    struct idempotent_entry *victim = NULL;
    for (struct idempotent_entry *entry = store->oldest; entry; entry = entry->newer) {
        if (entry->is_kept && (!victim || entry->account->n_kept > victim->account->n_kept)) {
            victim = entry;
        }
    }
    if (!victim) {
        return 0;
    }
    victim->account->n_kept--;
    destroy(victim);
    return 1;
}

static void forget_old(struct idempotency *store, uint64_t now_us) {
    while (store->oldest && is_too_old(store->oldest, now_us)) {
        store->oldest->account->n_kept--;
        destroy(store->oldest);
    }
}

static void digest_of(const char *body, size_t len, unsigned char ret_digest[SHA256_DIGEST_SIZE]) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, len, (const uint8_t *)body);
    sha256_digest(&context, SHA256_DIGEST_SIZE, ret_digest);
}

enum idempotency_found idempotency_find(struct idempotency *store, const struct account *account, const char *key,
                                        const char *body, size_t body_len, uint64_t now_us,
                                        struct idempotent_entry **ret_entry, struct problem *ret_problem) {
    unsigned char digest[SHA256_DIGEST_SIZE];
    forget_old(store, now_us);
    struct idempotent_entry *entry = *bucket_of(store, account, key);
    while (entry && (entry->account != account || strcmp(entry->key, key) != 0)) {
        entry = entry->next_in_bucket;
    }
    if (entry && is_too_old(entry, now_us)) {
        entry->account->n_kept--;
        destroy(entry);
        entry = NULL;
    }
    if (!entry) {
        return IDEMPOTENCY_NEW;
    }
    digest_of(body, body_len, digest);
    if (memcmp(digest, entry->digest, sizeof digest) != 0) {
        problem_set(ret_problem, 422, "invalid_input", "This Idempotency-Key was used for another request before.");
        problem_suggest(ret_problem,
                        "Send a new Idempotency-Key with each new request, and the same only with the same body");
        return IDEMPOTENCY_OTHER_BODY;
    }
    *ret_entry = entry;
    return entry->is_kept ? IDEMPOTENCY_KEPT : IDEMPOTENCY_PENDING;
}

struct idempotent_entry *idempotency_begin(struct idempotency *store, struct account *account, const char *key,
                                           const char *body, size_t body_len, uint64_t now_us, const char *id) {
    forget_old(store, now_us);
    while (store->n >= store->settings->idempotency_max_keys) {
        if (!forget_one(store)) {
            return NULL;
        }
    }
    struct idempotent_entry *entry = allocate_or_exit(sizeof *entry);
    struct idempotent_entry **bucket = bucket_of(store, account, key);
    entry->store = store;
    entry->account = account_hold(account);
    (void)snprintf(entry->key, sizeof entry->key, "%s", key);
    (void)snprintf(entry->id, sizeof entry->id, "%s", id);
    digest_of(body, body_len, entry->digest);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    entry->older = store->newest;
    *(store->newest ? &store->newest->newer : &store->oldest) = entry;
    store->newest = entry;
    store->n++;
    return entry;
}

/* ---- the run ---- */

static void on_begin(void *context) {
    const struct idempotent_entry *entry = context;
    if (entry->owner) {
        entry->owner->events->on_begin(entry->owner->context);
    }
}

static void on_output(void *context, enum run_output which, const char *bytes, size_t len) {
    const struct idempotent_entry *entry = context;
    if (entry->owner) {
        entry->owner->events->on_output(entry->owner->context, which, bytes, len);
    }
}

static void on_artifact(void *context, const struct artifact *artifact, const struct artifact_source *source) {
    const struct idempotent_entry *entry = context;
    if (entry->owner) {
        entry->owner->events->on_artifact(entry->owner->context, artifact, source);
    }
}

static const struct run_events events_for_owner = {
    .on_begin = on_begin, .on_output = on_output, .on_artifact = on_artifact};

static int copy_answer(const struct answer *answer, struct answer *ret_answer) {
    struct answer copy = {.status = answer->status, .type = answer->type, .error = answer->error};
    int error = byte_buffer_append(&copy.text, answer->text.bytes, answer->text.len);
    if (!error) {
        *ret_answer = copy;
    }
    return error;
}

static void tell(struct idempotency_waiter *waiter, const struct answer *answer, const struct problem *problem) {
    struct answer copy;
    struct problem no_memory;
    idempotency_leave(waiter);
    if (!answer) {
        waiter->on_end(waiter->context, NULL, problem);
    } else if (copy_answer(answer, &copy) == 0) {
        waiter->on_end(waiter->context, &copy, NULL);
    } else {
        problem_set(&no_memory, 503, "overloaded", "The service is busy: its memory for answers is used up.");
        no_memory.retry_after = 1;
        problem_suggest(&no_memory, "Send the request again with the same Idempotency-Key, as Retry-After says");
        waiter->on_end(waiter->context, NULL, &no_memory);
    }
}

/* The script had its run, and another one would be a second one. What the service itself failed at may be tried again.
 */
static int is_to_be_kept(const struct answer *answer) {
    return answer && answer->status != 500;
}

static void on_end(void *context, struct answer *answer, const struct problem *problem) {
    struct idempotent_entry *entry = context;
    struct idempotency *store = entry->store;
    const size_t most = store->settings->idempotency_max_bytes;
    struct answer empty = {0}, own = answer ? *answer : empty;
    entry->run = NULL;
    /* The list may grow no more: whoever comes now finds the answer, or nothing. */
    if (is_to_be_kept(answer) && own.text.capacity <= most) {
        while (store->bytes > most - own.text.capacity && forget_one(store)) {
        }
        entry->answer = own;
        entry->is_kept = 1;
        entry->kept_us = clock_now_us();
        entry->account->n_kept++;
        store->bytes += own.text.capacity;
        while (entry->waiters) {
            tell(entry->waiters, &entry->answer, NULL);
        }
        return;
    }
    while (entry->waiters) {
        tell(entry->waiters, answer ? &own : NULL, problem);
    }
    destroy(entry);
    answer_free(&own);
}

struct run_waiter idempotency_run_waiter(struct idempotent_entry *entry) {
    return (struct run_waiter){
        .events = entry->owner && entry->owner->events ? &events_for_owner : NULL, .on_end = on_end, .context = entry};
}

void idempotency_submitted(struct idempotent_entry *entry, struct run *run) {
    entry->run = run;
}

void idempotency_failed(struct idempotent_entry *entry) {
    while (entry->waiters) {
        idempotency_leave(entry->waiters);
    }
    destroy(entry);
}

void idempotency_join(struct idempotent_entry *entry, struct idempotency_waiter *waiter) {
    entry->owner = entry->waiters || entry->run ? entry->owner : waiter;
    entry->store->replays += entry->owner != waiter;
    waiter->entry = entry;
    waiter->next = entry->waiters;
    waiter->link = &entry->waiters;
    if (entry->waiters) {
        entry->waiters->link = &waiter->next;
    }
    entry->waiters = waiter;
}

void idempotency_leave(struct idempotency_waiter *waiter) {
    struct idempotent_entry *entry = waiter->entry;
    if (!entry) {
        return;
    }
    *waiter->link = waiter->next;
    if (waiter->next) {
        waiter->next->link = waiter->link;
    }
    waiter->entry = NULL;
    if (entry->owner == waiter) {
        entry->owner = NULL;
        if (waiter->events && entry->run && entry->run->state == RUN_RUNNING) {
            run_set_paused(entry->run, 0); /* nobody reads its stream any more */
        }
    }
}

int idempotency_copy(struct idempotent_entry *entry, struct answer *ret_answer) {
    int error = copy_answer(&entry->answer, ret_answer);
    entry->store->replays += !error;
    return error;
}

const char *idempotency_id(const struct idempotent_entry *entry) {
    return entry->id;
}

/* ---- life ---- */

void idempotency_start(struct idempotency *store, const struct settings *settings, struct accounts *accounts,
                       uint64_t seed) {
    *store = (struct idempotency){.settings = settings, .accounts = accounts, .seed = seed};
    store->buckets = allocate_or_exit(BUCKETS * sizeof(*store->buckets));
}

void idempotency_end(struct idempotency *store) {
    for (struct idempotent_entry *entry = store->oldest, *newer; entry; entry = newer) {
        newer = entry->newer;
        destroy(entry);
    }
    free(store->buckets);
}
