#include "keeper/events.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/cleanup.h"

int events_watch(int epoll_fd, struct event_source *source) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0 ? -errno : 0;
}

void events_close(int epoll_fd, struct event_source *source) {
    if (source->fd >= 0) {
        /* Explicitly: a descriptor that a child still holds would stay registered. */
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
        close_fd(&source->fd);
    }
}

int events_wait(int epoll_fd, int timeout_ms) {
    struct epoll_event events[64];
    int n = epoll_wait(epoll_fd, events, 64, timeout_ms);
    if (n < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    for (int i = 0; i < n; i++) {
        struct event_source *source = events[i].data.ptr;
        if (source->fd >= 0) {
            source->handle(source->owner);
        }
    }
    return 0;
}
