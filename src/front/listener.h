/* Accepts connections: as many as are permitted, and a proper refusal for the rest. */
#ifndef PYEXEC_FRONT_LISTENER_H
#define PYEXEC_FRONT_LISTENER_H

#include "front/http_server.h"

struct listener {
    struct event_loop *loop;
    struct http_server *server;
    int fd;       /* borrowed */
    int spare_fd; /* given up for a moment when there is no other descriptor left; owned */
    unsigned max_connections;
    struct watch watch;
    struct timer pause;
};

/* For a listening socket, which is borrowed; nothing is accepted yet. *listener must stay where it is. */
void listener_start(struct listener *listener, struct event_loop *loop, struct http_server *server, int fd,
                    unsigned max_connections);

/* Accepts from now on; the socket is made non-blocking. Does nothing when it does already. Returns 0 or -errno. */
int listener_accept(struct listener *listener);

/* Stops to accept. */
void listener_end(struct listener *listener);

#endif
