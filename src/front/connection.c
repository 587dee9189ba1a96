#include "front/connection.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "front/allocate.h"
#include "front/refusal.h"

#define US_PER_MS 1000u

/* An answer may take half a minute, and a second more for each 64 KiB. */
#define ANSWER_BASE_US (30u * 1000000u)
#define ANSWER_BYTES_PER_SECOND (64u << 10)

static void set_deadline(struct connection *connection, uint64_t ms) {
    event_loop_set_timer(connection->loop, &connection->deadline, ms * US_PER_MS);
}

/* Edge-triggered and for the connection's whole life: one system call instead of several a request, and bytes that
 * nobody reads yet cannot make the loop spin. */
static void on_event(void *context, uint32_t events) {
    struct connection *connection = context;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        connection->peer_closed = 1;
        if (connection->phase == CONNECTION_WAITING) {
            connection->on_gone(connection->context);
        } else {
            /* The library's watch is edge-triggered too, and it takes a short read for the last: an end that came
             * together with bytes it would never notice. This makes another edge; the bytes can still be read. */
            (void)shutdown(connection->fd, SHUT_RD);
        }
    } else if (connection->phase == CONNECTION_IDLE) {
        connection->phase = CONNECTION_HEADER;
        set_deadline(connection, connection->settings->header_timeout_ms);
    }
}

static void refuse_late(struct connection *connection, const char *what, uint64_t limit_ms) {
    struct problem problem;
    problem_set(&problem, 408, "invalid_input", "The request's %s did not come within %g seconds.", what,
                (double)limit_ms / 1000.0);
    problem_suggest(&problem, "Send the whole request without pauses");
    connection_refuse(connection, &problem);
}

static void on_deadline(void *context) {
    struct connection *connection = context;
    if (connection->phase == CONNECTION_WAITING) {
        connection->on_gone(connection->context);
        return;
    }
    if (connection->phase == CONNECTION_HEADER) {
        refuse_late(connection, "header", connection->settings->header_timeout_ms);
    } else if (connection->phase == CONNECTION_BODY) {
        refuse_late(connection, "body", connection->settings->body_timeout_ms);
    }
    /* The library sees the end on its own watch, and closes. */
    (void)shutdown(connection->fd, SHUT_RDWR);
}

struct connection *connection_new(struct event_loop *loop, const struct settings *settings, int fd) {
    struct connection *connection = allocate_or_exit(sizeof *connection);
    connection->loop = loop;
    connection->settings = settings;
    connection->fd = fd;
    connection->phase = CONNECTION_HEADER;
    connection->deadline = (struct timer){.on_due = on_deadline, .context = connection};
    connection->watch = (struct watch){.fd = -1, .on_event = on_event, .context = connection};
    /* Without it (out of kernel memory) only a client's going away would be noticed late. */
    (void)event_loop_watch(loop, &connection->watch, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
    set_deadline(connection, settings->header_timeout_ms);
    return connection;
}

void connection_free(struct connection *connection, struct lingering_set *lingering) {
    event_loop_unwatch(connection->loop, &connection->watch);
    event_loop_stop_timer(connection->loop, &connection->deadline);
    /* Where a head or body was still coming, the library may have written an answer of its own. */
    if (connection->lingers || connection->phase == CONNECTION_HEADER) {
        int fd = fcntl(connection->fd, F_DUPFD_CLOEXEC, 0);
        if (fd >= 0) {
            lingering_add(lingering, fd);
        }
    }
    free(connection);
}

void connection_enter_idle(struct connection *connection) {
    connection->phase = CONNECTION_IDLE;
    connection->request_id = NULL;
    set_deadline(connection, connection->settings->idle_timeout_ms);
}

void connection_enter_body(struct connection *connection) {
    connection->phase = CONNECTION_BODY;
    set_deadline(connection, connection->settings->body_timeout_ms);
}

void connection_enter_waiting(struct connection *connection, void (*on_gone)(void *context), void *context) {
    connection->phase = CONNECTION_WAITING;
    connection->on_gone = on_gone;
    connection->context = context;
    event_loop_stop_timer(connection->loop, &connection->deadline);
    if (connection->peer_closed) {
        /* It went before there was anybody to tell. Not from within this call, which the library makes. */
        set_deadline(connection, 0);
    }
}

void connection_enter_answering(struct connection *connection, size_t answer_bytes) {
    connection->phase = CONNECTION_ANSWERING;
    event_loop_set_timer(connection->loop, &connection->deadline,
                         ANSWER_BASE_US + (uint64_t)answer_bytes * 1000000u / ANSWER_BYTES_PER_SECOND);
}

void connection_refuse(struct connection *connection, const struct problem *problem) {
    if (!connection->refused) {
        refusal_write(connection->fd, problem, connection->request_id);
        connection->refused = 1;
        connection->refused_status = problem->status;
        connection->refused_outcome = problem->error;
        connection->lingers = 1;
    }
}
