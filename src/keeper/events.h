/* The keeper's event loop: descriptors and the calls that they wake. */
#ifndef PYEXEC_KEEPER_EVENTS_H
#define PYEXEC_KEEPER_EVENTS_H

#include <stdint.h>

/* One watched descriptor. Lives inside the structure that owns it; `fd` is -1 while there is none. Handlers may be
 * called once more in the round in which their descriptor was closed and another opened: they must find out by trying.
 */
struct event_source {
    int fd;
    void (*handle)(void *owner);
    void *owner;
};

/* Watches source->fd (which is set) for input, end-of-file and hang-up. Returns 0 or -errno. */
int events_watch(int epoll_fd, struct event_source *source);

/* Stops watching and closes the descriptor; does nothing when there is none. */
void events_close(int epoll_fd, struct event_source *source);

/* Waits at most timeout_ms (-1: for ever) and calls the handlers of what is ready. Returns 0 or -errno. */
int events_wait(int epoll_fd, int timeout_ms);

#endif
