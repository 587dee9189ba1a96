/* Connections that were answered before their request was read to its end.
 *
 * Closing a TCP socket with unread bytes in it makes the kernel send a reset, which takes the answer with it before the
 * client has read it. So the write side is closed and what still comes is thrown away, for a short while. */
#ifndef PYEXEC_FRONT_LINGERING_H
#define PYEXEC_FRONT_LINGERING_H

#include "front/event_loop.h"

struct lingering_set {
    struct event_loop *loop;
    struct lingering *first;
    unsigned n;
};

/* *set must stay where it is. */
void lingering_start(struct lingering_set *set, struct event_loop *loop);

/* Takes the descriptor of a connection on which everything has been written. When too many linger already it is closed
 * at once. */
void lingering_add(struct lingering_set *set, int fd);

/* Closes all. */
void lingering_end(struct lingering_set *set);

#endif
