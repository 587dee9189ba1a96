#include "front/keeper_link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "wire/packet.h"

/* A keeper that has not read for this long is not coming back. */
#define SEND_PATIENCE_MS 2000

_Noreturn static void end_process(int status, const char *reason) {
    log_error("%s; front ends", reason);
    exit(status);
}

/* The socket holds hundreds of our messages, so a full one means a keeper in trouble: waiting for it a little keeps the
 * order of START and script simple, and nothing else could be done meanwhile anyway. */
static void send_message(struct keeper_link *link, const void *message, size_t size) {
    for (;;) {
        int error = packet_send(link->fd, message, size, NULL, 0);
        if (error == 0) {
            return;
        }
        struct pollfd wait = {.fd = link->fd, .events = POLLOUT};
        if (error != -EAGAIN || poll(&wait, 1, SEND_PATIENCE_MS) == 0) {
            end_process(EXIT_FAILURE, "the keeper takes no messages");
        }
    }
}

static void dispatch(struct keeper_link *link, const union front_message *message, const int *fds) {
    void *context = link->events.context;
    switch (message->head.type) {
    case FRONT_READY:
        link->events.on_ready(context, &message->ready, fds);
        break;
    case FRONT_VERDICT:
        link->events.on_verdict(context, &message->verdict);
        break;
    case FRONT_STATUS:
        if (message->status.n_layers > STATUS_MAX_LAYERS) {
            end_process(EX_PROTOCOL, "the keeper sent a status that cannot be");
        }
        link->events.on_status(context, &message->status);
        break;
    case FRONT_DRAINING:
        link->events.on_draining(context);
        break;
    case FRONT_LEAVING:
        if (link->events.on_leaving) {
            link->events.on_leaving(context);
        }
        break;
    case FRONT_ACCEPT:
        link->events.on_accept(context);
        break;
    case FRONT_RETIRE:
        link->events.on_retire(context);
        break;
    case FRONT_SETTINGS:
        link->events.on_settings(context, &message->settings.settings, fds[0]);
        break;
    case FRONT_PING: {
        const struct front_message_head pong = {.type = KEEPER_PONG, .size = sizeof pong};
        send_message(link, &pong, sizeof pong);
        break;
    }
    case FRONT_PACKAGES:
        if (link->events.on_packages) {
            link->events.on_packages(context, fds[0]);
        } else {
            (void)close(fds[0]);
        }
        break;
    default:
        end_process(EX_PROTOCOL, "the keeper sent a message that is not for front");
    }
}

/* The machine has no descriptors left: a sandbox that cannot be talked to is given back. */
static void take_without_descriptors(struct keeper_link *link, const union front_message *message) {
    log_error("no descriptor is left for what the keeper sent");
    if (message->head.type == FRONT_READY) {
        keeper_link_send_cancel(link, message->ready.sandbox_id);
    } else if (message->head.type == FRONT_SETTINGS) {
        end_process(EX_OSERR, "the keys cannot be taken");
    }
}

static void on_readable(void *context, uint32_t events) {
    struct keeper_link *link = context;
    (void)events;
    for (;;) {
        union front_message message = {0};
        int fds[READY_FDS];
        size_t n_fds = 0;
        uint32_t size, expected_fds;
        ssize_t n = packet_receive(link->fd, &message, sizeof message, fds, READY_FDS, &n_fds);
        if (n == -EAGAIN) {
            return;
        }
        if (n == -EMFILE) {
            take_without_descriptors(link, &message);
            continue;
        }
        if (n <= 0) {
            end_process(EXIT_FAILURE, n == 0 ? "the keeper has gone" : "the keeper's socket failed");
        }
        if ((size_t)n < sizeof message.head || front_message_shape(message.head.type, &size, &expected_fds) < 0 ||
            size != (size_t)n || message.head.size != size || expected_fds != n_fds) {
            end_process(EX_PROTOCOL, "the keeper sent a message of a wrong shape");
        }
        dispatch(link, &message, fds);
    }
}

int keeper_link_start(struct keeper_link *link, struct event_loop *loop, int fd, const struct keeper_events *events) {
    link->fd = fd;
    link->events = *events;
    link->watch = (struct watch){.on_event = on_readable, .context = link};
    int error = io_set_nonblocking(fd, 1);
    return error ? error : event_loop_watch(loop, &link->watch, fd, EPOLLIN);
}

void keeper_link_send_start(struct keeper_link *link, uint64_t sandbox_id, uint64_t timeout_ms, uint64_t memory_bytes) {
    struct keeper_start start = {
        .head = {.type = KEEPER_START, .size = sizeof start},
        .sandbox_id = sandbox_id,
        .timeout_ms = timeout_ms,
        .memory_bytes = memory_bytes,
    };
    send_message(link, &start, sizeof start);
}

void keeper_link_send_cancel(struct keeper_link *link, uint64_t sandbox_id) {
    struct keeper_cancel cancel = {.head = {.type = KEEPER_CANCEL, .size = sizeof cancel}, .sandbox_id = sandbox_id};
    send_message(link, &cancel, sizeof cancel);
}
