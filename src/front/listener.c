#include "front/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "front/refusal.h"

#define ACCEPTS_PER_TURN 32
#define PAUSE_US 50000u

static void refuse(struct listener *listener, int fd) {
    struct problem problem;
    problem_set(&problem, 503, "overloaded", "The service is busy: it has as many connections as it takes.");
    problem.retry_after = 1;
    problem_suggest(&problem, "Send the request again in a moment, as Retry-After says");
    refusal_write(fd, &problem, NULL);
    lingering_add(&listener->server->lingering, fd);
}

static void on_pause_end(void *context) {
    struct listener *listener = context;
    if (listener->spare_fd < 0) {
        listener->spare_fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
    }
    event_loop_rewatch(listener->loop, &listener->watch, EPOLLIN);
}

/* No descriptor or memory for another socket. The client in front of the queue is refused with the spare descriptor;
 * then accepting pauses, since the socket would stay readable and the loop would do nothing else. */
static void on_shortage(struct listener *listener) {
    log_warning("accepting pauses: %m");
    close_fd(&listener->spare_fd);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        refuse(listener, fd);
    }
    event_loop_rewatch(listener->loop, &listener->watch, 0);
    event_loop_set_timer(listener->loop, &listener->pause, PAUSE_US);
}

static void on_readable(void *context, uint32_t events) {
    struct listener *listener = context;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage address;
        socklen_t address_len = sizeof address;
        int fd = accept4(listener->fd, (struct sockaddr *)&address, &address_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (listener->server->n_connections >= listener->max_connections) {
                refuse(listener, fd);
            } else {
                http_server_add(listener->server, fd, (struct sockaddr *)&address, address_len);
            }
        } else if (errno == EAGAIN) {
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            on_shortage(listener);
            return;
        }
        /* Other errors are those of a connection that has died in the queue: the next one. */
    }
}

void listener_start(struct listener *listener, struct event_loop *loop, struct http_server *server, int fd,
                    unsigned max_connections) {
    *listener = (struct listener){
        .loop = loop,
        .server = server,
        .fd = fd,
        .spare_fd = -1,
        .max_connections = max_connections,
        .watch = {.fd = -1, .on_event = on_readable, .context = listener},
        .pause = {.on_due = on_pause_end, .context = listener},
    };
}

int listener_accept(struct listener *listener) {
    if (listener->watch.fd >= 0) {
        return 0;
    }
    int error = io_set_nonblocking(listener->fd, 1);
    if (error) {
        return error;
    }
    listener->spare_fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
    return event_loop_watch(listener->loop, &listener->watch, listener->fd, EPOLLIN);
}

void listener_end(struct listener *listener) {
    event_loop_stop_timer(listener->loop, &listener->pause);
    event_loop_unwatch(listener->loop, &listener->watch);
    close_fd(&listener->spare_fd);
}
