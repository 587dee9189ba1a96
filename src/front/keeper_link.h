/* Front's end of the socket to the keeper: checks each message's shape and hands it on.
 *
 * Without a keeper, or with one that says something odd, front has no purpose and no safe way on: it exits. */
#ifndef PYEXEC_FRONT_KEEPER_LINK_H
#define PYEXEC_FRONT_KEEPER_LINK_H

#include <stdint.h>

#include "front/event_loop.h"
#include "wire/front_link.h"

/* Who is told. Called from the event loop. */
struct keeper_events {
    /* Takes the descriptors. */
    void (*on_ready)(void *context, const struct front_ready *ready, const int fds[READY_FDS]);
    void (*on_verdict)(void *context, const struct front_verdict *verdict);
    void (*on_status)(void *context, const struct front_status *status);
    void (*on_leaving)(void *context); /* NULL: nobody wants to know */
    void (*on_draining)(void *context);
    void (*on_accept)(void *context);
    void (*on_retire)(void *context);
    /* Takes the descriptor. */
    void (*on_settings)(void *context, const struct settings *settings, int keys_fd);
    /* Takes the descriptor; NULL: nobody wants to know. */
    void (*on_packages)(void *context, int packages_fd);
    void *context;
};

struct keeper_link {
    int fd;
    struct watch watch;
    struct keeper_events events;
};

/* Starts to listen on a borrowed descriptor, which is made non-blocking. *link must stay where it is. Returns 0 or
 * -errno. */
int keeper_link_start(struct keeper_link *link, struct event_loop *loop, int fd, const struct keeper_events *events);

/* Limits in force, clock running: to be sent before the script is. Has reached the keeper's socket on return. */
void keeper_link_send_start(struct keeper_link *link, uint64_t sandbox_id, uint64_t timeout_ms, uint64_t memory_bytes);

/* End this sandbox. */
void keeper_link_send_cancel(struct keeper_link *link, uint64_t sandbox_id);

#endif
