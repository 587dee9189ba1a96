#include "front/event_loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "front/allocate.h"

#define BATCH 64

struct event_loop {
    int epoll_fd;
    int stopped;
    struct epoll_event batch[BATCH];
    int batch_len;
    struct timer **heap; /* heap[1] is due first */
    size_t heap_len, heap_capacity;
    int (*before_wait)(void *context);
    void *before_wait_context;
};

int event_loop_new(struct event_loop **ret_loop) {
    struct event_loop *loop = calloc(1, sizeof *loop);
    if (!loop) {
        return -ENOMEM;
    }
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        int error = -errno;
        free(loop);
        return error;
    }
    *ret_loop = loop;
    return 0;
}

void event_loop_free(struct event_loop *loop) {
    if (loop) {
        (void)close(loop->epoll_fd);
        free(loop->heap);
        free(loop);
    }
}

/* ---- descriptors ---- */

int event_loop_watch(struct event_loop *loop, struct watch *watch, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        watch->fd = -1;
        return -errno;
    }
    watch->fd = fd;
    return 0;
}

void event_loop_rewatch(struct event_loop *loop, struct watch *watch, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = watch};
    /* Cannot fail: the descriptor is open and in the set. */
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void event_loop_unwatch(struct event_loop *loop, struct watch *watch) {
    if (watch->fd < 0) {
        return;
    }
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->fd = -1;
    for (int i = 0; i < loop->batch_len; i++) {
        if (loop->batch[i].data.ptr == watch) {
            loop->batch[i].data.ptr = NULL;
        }
    }
}

/* ---- timers: a binary heap ---- */

static void put_in_place(struct event_loop *loop, struct timer *timer, size_t place) {
    loop->heap[place] = timer;
    timer->place = place;
}

static void move_up(struct event_loop *loop, struct timer *timer) {
    size_t place = timer->place;
    while (place > 1 && loop->heap[place / 2]->due_us > timer->due_us) {
        put_in_place(loop, loop->heap[place / 2], place);
        place /= 2;
    }
    put_in_place(loop, timer, place);
}

static void move_down(struct event_loop *loop, struct timer *timer) {
    size_t place = timer->place;
    for (size_t child = place * 2; child <= loop->heap_len; child = place * 2) {
        if (child < loop->heap_len && loop->heap[child + 1]->due_us < loop->heap[child]->due_us) {
            child++;
        }
        if (loop->heap[child]->due_us >= timer->due_us) {
            break;
        }
        put_in_place(loop, loop->heap[child], place);
        place = child;
    }
    put_in_place(loop, timer, place);
}

void event_loop_set_timer(struct event_loop *loop, struct timer *timer, uint64_t after_us) {
    timer->due_us = clock_now_us() + after_us;
    if (timer->place == 0) {
        if (loop->heap_len + 1 >= loop->heap_capacity) {
            loop->heap_capacity = loop->heap_capacity * 2 + 64;
            loop->heap = reallocate_or_exit(loop->heap, loop->heap_capacity * sizeof *loop->heap);
        }
        put_in_place(loop, timer, ++loop->heap_len);
    }
    move_up(loop, timer);
    move_down(loop, timer);
}

void event_loop_stop_timer(struct event_loop *loop, struct timer *timer) {
    if (timer->place == 0) {
        return;
    }
    struct timer *last = loop->heap[loop->heap_len--];
    if (last != timer) {
        put_in_place(loop, last, timer->place);
        move_up(loop, last);
        move_down(loop, last);
    }
    timer->place = 0;
}

static void run_due_timers(struct event_loop *loop) {
    /* One look at the clock: a timer that sets itself anew waits for the next turn. */
    uint64_t now_us = clock_now_us();
    while (!loop->stopped && loop->heap_len > 0 && loop->heap[1]->due_us <= now_us) {
        struct timer *timer = loop->heap[1];
        event_loop_stop_timer(loop, timer);
        timer->on_due(timer->context);
    }
}

static int wait_ms(const struct event_loop *loop, int wish_ms) {
    uint64_t ms = INT_MAX;
    if (loop->heap_len > 0) {
        uint64_t now_us = clock_now_us(), due_us = loop->heap[1]->due_us;
        ms = due_us > now_us ? clock_us_to_ms(due_us - now_us) : 0;
    }
    if (wish_ms >= 0 && (uint64_t)wish_ms < ms) {
        ms = (uint64_t)wish_ms;
    }
    if (ms >= INT_MAX) {
        return loop->heap_len > 0 ? INT_MAX : -1;
    }
    return (int)ms;
}

/* ---- the loop ---- */

void event_loop_set_before_wait(struct event_loop *loop, int (*before_wait)(void *context), void *context) {
    loop->before_wait = before_wait;
    loop->before_wait_context = context;
}

static void dispatch_batch(struct event_loop *loop) {
    for (int i = 0; i < loop->batch_len && !loop->stopped; i++) {
        struct watch *watch = loop->batch[i].data.ptr;
        if (watch) {
            watch->on_event(watch->context, loop->batch[i].events);
        }
    }
    loop->batch_len = 0;
}

int event_loop_run(struct event_loop *loop) {
    while (!loop->stopped) {
        int wish_ms = loop->before_wait ? loop->before_wait(loop->before_wait_context) : -1;
        if (loop->stopped) {
            break;
        }
        int n = epoll_wait(loop->epoll_fd, loop->batch, BATCH, wait_ms(loop, wish_ms));
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        loop->batch_len = n > 0 ? n : 0;
        dispatch_batch(loop);
        run_due_timers(loop);
    }
    return 0;
}

void event_loop_stop(struct event_loop *loop) {
    loop->stopped = 1;
}
