/* One client's connection beside the HTTP library: its deadlines, and the watch for a client that goes away.
 *
 * The library's own timeout counts from the last byte, so that a drip would hold a connection for ever, and it does not
 * look at connections it has suspended. */
#ifndef PYEXEC_FRONT_CONNECTION_H
#define PYEXEC_FRONT_CONNECTION_H

#include "base/settings.h"
#include "front/event_loop.h"
#include "front/lingering.h"
#include "front/problem.h"

enum connection_phase {
    CONNECTION_IDLE,      /* between two requests: nothing of the next has come */
    CONNECTION_HEADER,    /* a head comes in */
    CONNECTION_BODY,      /* a body comes in */
    CONNECTION_WAITING,   /* the request is whole; its answer is not there yet */
    CONNECTION_ANSWERING, /* the answer goes out */
};

struct connection {
    struct event_loop *loop;
    const struct settings *settings;
    enum connection_phase phase;
    int fd; /* the HTTP library's */
    int peer_closed;
    struct watch watch;
    struct timer deadline;
    int lingers;             /* to be read on after the end, see lingering.h */
    int refused;             /* a refusal was written: the library gets no word in any more */
    unsigned refused_status; /* of that refusal, with the contract's word (static) */
    const char *refused_outcome;
    const char *request_id;         /* of the request in work, or NULL */
    void (*on_gone)(void *context); /* CONNECTION_WAITING: the client has gone */
    void *context;
};

/* A new connection, from now on in CONNECTION_HEADER. Never fails. */
struct connection *connection_new(struct event_loop *loop, const struct settings *settings, int fd);

/* The library is about to close the descriptor. Frees the connection. */
void connection_free(struct connection *connection, struct lingering_set *lingering);

/* The moves from phase to phase; each has its own deadline (none while WAITING). */
void connection_enter_idle(struct connection *connection);
void connection_enter_body(struct connection *connection);
void connection_enter_waiting(struct connection *connection, void (*on_gone)(void *context), void *context);
void connection_enter_answering(struct connection *connection, size_t answer_bytes);

/* Writes the problem as an answer past the library, and makes the connection linger once the library closes it. */
void connection_refuse(struct connection *connection, const struct problem *problem);

#endif
