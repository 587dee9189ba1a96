/* The one event loop of front: descriptors and timers. Single-threaded; callbacks run one after the other.
 *
 * Watches and timers belong to their users and are linked by pointer: they must stay where they are while added. All
 * calls may be made at any time, also from callbacks and for watches and timers other than the running one. */
#ifndef PYEXEC_FRONT_EVENT_LOOP_H
#define PYEXEC_FRONT_EVENT_LOOP_H

#include <stddef.h>
#include <stdint.h>

struct event_loop;

struct watch {
    int fd;                                           /* -1: not added */
    void (*on_event)(void *context, uint32_t events); /* bits as of epoll(7) */
    void *context;
};

struct timer {
    uint64_t due_us; /* on base/clock.h's clock */
    size_t place;    /* in the heap, from 1; 0: not set */
    void (*on_due)(void *context);
    void *context;
};

/* Makes the loop of this process. Returns 0 or -errno. */
int event_loop_new(struct event_loop **ret_loop);

/* Frees the loop; watches and timers are forgotten, their descriptors left open. NULL is fine. */
void event_loop_free(struct event_loop *loop);

/* Adds a watch on a borrowed descriptor for the given events (EPOLLIN, ...; EPOLLERR and EPOLLHUP come unasked).
 * watch->on_event must be set. Returns 0 or -errno with the watch not added. */
int event_loop_watch(struct event_loop *loop, struct watch *watch, int fd, uint32_t events);

/* Asks for other events. The watch must be added. */
void event_loop_rewatch(struct event_loop *loop, struct watch *watch, uint32_t events);

/* Removes the watch, before its descriptor is closed; no event that is already on its way arrives any more. A watch
 * that is not added is left alone. */
void event_loop_unwatch(struct event_loop *loop, struct watch *watch);

/* Sets the timer to go off once, `after_us` microseconds from now; a timer that is set already is moved. */
void event_loop_set_timer(struct event_loop *loop, struct timer *timer, uint64_t after_us);

/* Stops the timer. One that is not set is left alone. */
void event_loop_stop_timer(struct event_loop *loop, struct timer *timer);

/* A call before each wait. It returns the milliseconds it wants to be called again after, or -1 for no wish. */
void event_loop_set_before_wait(struct event_loop *loop, int (*before_wait)(void *context), void *context);

/* Runs until event_loop_stop(). Returns 0, or -errno when waiting itself fails. */
int event_loop_run(struct event_loop *loop);

/* Makes event_loop_run() return once the running callback has. */
void event_loop_stop(struct event_loop *loop);

#endif
