/* One HTTP request and its answer, by libcurl. Nothing is followed, kept or cached; what comes is handed on as it
 * comes. */
#ifndef PYEXEC_CLIENT_TRANSFER_H
#define PYEXEC_CLIENT_TRANSFER_H

#include <stddef.h>

#include "client/address.h"
#include "client/exit_status.h"
#include "client/screen.h"
#include "client/signals.h"

struct transfer {
    /* The request; all borrowed. */
    const struct address *address;
    const char *path;
    const char *body; /* NULL: GET */
    size_t body_len;
    const char *key;               /* NULL: none */
    const char *idempotency_key;   /* NULL: none */
    const char *certificates;      /* NULL: the system's */
    unsigned patience_s;           /* the longest silence */
    unsigned long long deadline_s; /* from the answer's first byte to its end; 0: none */

    struct screen *screen;
    int watched_fd; /* readable: there is nobody who could answer any more; -1: none */

    /* Called with the bytes of the answer's body. Anything but 0 ends the transfer: TRANSFER_ENOUGH well, everything
     * else with the failure that it has written. */
    int (*on_body)(void *context, const char *bytes, size_t len, struct failure *failure);
    void *context;

    /* The answer: known from the first byte of the body on. */
    long status; /* 0: none came */
    int is_json, is_events;
    long retry_after_s;   /* 0: it says nothing */
    char request_id[129]; /* "": none, or no plain word */
};

#define TRANSFER_ENOUGH 1

/* Performs it. Returns 0 when the answer came to its end (or on_body had enough), else -1 with *failure; with a signal
 * seen, whatever *failure says. */
int transfer_perform(struct transfer *transfer, struct failure *failure);

#endif
