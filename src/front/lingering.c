#include "front/lingering.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front/allocate.h"

#define MAX_LINGERING 128u
#define LINGER_US (3u * 1000000u)
#define READS_PER_TURN 16
#define DISCARD_BYTES (1u << 20)

struct lingering {
    struct lingering_set *set;
    struct lingering *before, *next;
    struct watch watch;
    struct timer deadline;
    int fd;
};

static void close_lingering(void *context) {
    struct lingering *one = context;
    struct lingering_set *set = one->set;
    event_loop_unwatch(set->loop, &one->watch);
    event_loop_stop_timer(set->loop, &one->deadline);
    (void)close(one->fd);
    *(one->before ? &one->before->next : &set->first) = one->next;
    if (one->next) {
        one->next->before = one->before;
    }
    set->n--;
    free(one);
}

static void on_readable(void *context, uint32_t events) {
    struct lingering *one = context;
    (void)events;
    for (int i = 0; i < READS_PER_TURN; i++) {
        /* MSG_TRUNC on TCP: the kernel drops the bytes without copying them. */
        ssize_t n = recv(one->fd, NULL, DISCARD_BYTES, MSG_TRUNC | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (n <= 0) {
            close_lingering(one);
            return;
        }
    }
}

void lingering_start(struct lingering_set *set, struct event_loop *loop) {
    *set = (struct lingering_set){.loop = loop};
}

void lingering_add(struct lingering_set *set, int fd) {
    (void)shutdown(fd, SHUT_WR);
    if (set->n >= MAX_LINGERING) {
        (void)close(fd);
        return;
    }
    struct lingering *one = allocate_or_exit(sizeof *one);
    one->set = set;
    one->fd = fd;
    one->watch = (struct watch){.fd = -1, .on_event = on_readable, .context = one};
    one->deadline = (struct timer){.on_due = close_lingering, .context = one};
    one->next = set->first;
    if (set->first) {
        set->first->before = one;
    }
    set->first = one;
    set->n++;
    event_loop_set_timer(set->loop, &one->deadline, LINGER_US);
    if (event_loop_watch(set->loop, &one->watch, fd, EPOLLIN) < 0) {
        close_lingering(one);
    }
}

void lingering_end(struct lingering_set *set) {
    for (struct lingering *one = set->first, *next; one; one = next) {
        next = one->next;
        close_lingering(one);
    }
}
