#include "front/output_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SCRATCH_BYTES (256u * 1024u)
#define READS_PER_TURN 4 /* then the other descriptors have their turn */
#define SMALL_READ (16u * 1024u)
#define BUSY_AFTER 16u /* small reads before the first nap: short scripts never meet one */
#define NAP_US 1000u
#define FIRST_NAP_US 2000u        /* most runs are over by then, and were never watched */
#define BUSY_PIPE_BYTES (1 << 20) /* what an unprivileged process may ask for */
#define READS_WITHOUT_NAP 256u

/* The most that a pipe can hold (/proc/sys/fs/pipe-max-size as root may set it), several times over: a bound for
 * reading the rest, in case a writer is left. */
#define REST_MAX (64u << 20)

/* Shared by all pipes: what is read is copied at once. */
static char scratch[SCRATCH_BYTES];

static void take_nap(struct output_pipe *pipe) {
    if (!pipe->has_napped) {
        /* Room for what comes during a nap. Where it is refused, READS_WITHOUT_NAP does its work. */
        (void)fcntl(pipe->fd, F_SETPIPE_SZ, BUSY_PIPE_BYTES);
        pipe->has_napped = 1;
    }
    event_loop_rewatch(pipe->loop, &pipe->watch, 0);
    event_loop_set_timer(pipe->loop, &pipe->nap, NAP_US);
}

/* Whether to nap after a read of n bytes. */
static int is_nap_due(struct output_pipe *pipe, size_t n) {
    if (n >= SMALL_READ) {
        if (n >= 3 * SMALL_READ) {
            pipe->reads_without_nap = READS_WITHOUT_NAP;
        }
        return 0;
    }
    if (pipe->reads_without_nap > 0) {
        pipe->reads_without_nap--;
        return 0;
    }
    return ++pipe->small_reads > BUSY_AFTER;
}

static void take_bytes(struct output_pipe *pipe, size_t len) {
    capture_write(pipe->capture, scratch, len);
    if (pipe->listener.on_bytes) {
        pipe->listener.on_bytes(pipe->listener.context, scratch, len);
    }
}

static void on_readable(void *context, uint32_t events) {
    struct output_pipe *pipe = context;
    (void)events;
    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = read(pipe->fd, scratch, sizeof scratch);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n <= 0) {
            event_loop_unwatch(pipe->loop, &pipe->watch);
            event_loop_stop_timer(pipe->loop, &pipe->nap);
            return;
        }
        take_bytes(pipe, (size_t)n);
        if (pipe->paused) {
            return;
        }
        if ((size_t)n < SMALL_READ) {
            if (is_nap_due(pipe, (size_t)n)) {
                take_nap(pipe);
            }
            return;
        }
        (void)is_nap_due(pipe, (size_t)n);
    }
}

static void on_nap_end(void *context) {
    struct output_pipe *pipe = context;
    if (pipe->watch.fd >= 0) {
        event_loop_rewatch(pipe->loop, &pipe->watch, EPOLLIN);
    } else if (event_loop_watch(pipe->loop, &pipe->watch, pipe->fd, EPOLLIN) < 0) {
        event_loop_set_timer(pipe->loop, &pipe->nap, NAP_US); /* out of kernel memory */
    }
}

void output_pipe_start(struct output_pipe *pipe, struct event_loop *loop, int fd, struct capture *capture,
                       const struct output_listener *listener) {
    *pipe = (struct output_pipe){.loop = loop, .capture = capture, .fd = fd};
    pipe->watch = (struct watch){.fd = -1, .on_event = on_readable, .context = pipe};
    pipe->nap = (struct timer){.on_due = on_nap_end, .context = pipe};
    (void)fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK);
    if (listener) {
        pipe->listener = *listener;
        on_nap_end(pipe);
    } else {
        event_loop_set_timer(loop, &pipe->nap, FIRST_NAP_US);
    }
}

void output_pipe_set_paused(struct output_pipe *pipe, int paused) {
    if (pipe->fd < 0 || pipe->paused == paused) {
        return;
    }
    pipe->paused = paused;
    if (paused) {
        /* Not only without events: a writer's end would be told over and over. */
        event_loop_stop_timer(pipe->loop, &pipe->nap);
        event_loop_unwatch(pipe->loop, &pipe->watch);
    } else {
        on_nap_end(pipe);
    }
}

void output_pipe_finish(struct output_pipe *pipe) {
    for (size_t rest = 0; pipe->fd >= 0 && rest < REST_MAX;) {
        ssize_t n = read(pipe->fd, scratch, sizeof scratch);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        take_bytes(pipe, (size_t)n);
        rest += (size_t)n;
    }
    output_pipe_close(pipe);
}

void output_pipe_close(struct output_pipe *pipe) {
    if (pipe->fd >= 0) {
        event_loop_stop_timer(pipe->loop, &pipe->nap);
        event_loop_unwatch(pipe->loop, &pipe->watch);
        close_fd(&pipe->fd);
    }
}
