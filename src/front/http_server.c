#include "front/http_server.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/listen_address.h"
#include "base/log.h"

/* The library keeps a head, what it finds in it and the head of the answer in one pool for each connection. */
#define POOL_BYTES_OF_OUR_OWN (16u << 10)

/* The library asks for another turn at once as long as it holds bytes that it cannot pass on, which for a chunk's head
 * without an end is until the deadline. After so many turns for nothing it has to wait a little. */
#define IDLE_TURNS_MAX 16u
#define IDLE_WAIT_MS 2

/* It often asks for one or two turns at once; sandboxes and keeper wait that long. */
#define RUNS_PER_TURN 4

static void on_log(void *context, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

static void on_log(void *context, const char *format, va_list arguments) {
    char line[256];
    (void)context;
    (void)vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = '\0';
    log_debug("http: %s", line);
}

_Noreturn static void on_panic(void *context, const char *file, unsigned line, const char *reason) {
    (void)context;
    log_error("the HTTP library gave up at %s:%u: %s", file, line, reason ? reason : "no reason given");
    abort();
}

/* "%2e" stays "%2e": our paths need no escapes, and what is compared is what was sent. */
static size_t leave_escaped(void *context, struct MHD_Connection *mhd, char *text) {
    (void)context;
    (void)mhd;
    return strlen(text);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct http_server *server = context;
    server->progress++;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = connection_new(server->loop, server->settings, info->connect_fd);
        server->n_connections++;
        server->run_means->metrics->connections++;
    } else if (*socket_context) {
        connection_free(*socket_context, &server->lingering);
        *socket_context = NULL;
        server->n_connections--;
    }
}

/* That it is ready shows in before_wait; the event only ends the wait. */
static void on_daemon_ready(void *context, uint32_t events) {
    (void)context;
    (void)events;
}

static int is_loopback(const char *listen) {
    struct listen_address parsed;
    if (listen_address_parse(listen, &parsed) < 0 || parsed.every_address) {
        return 0;
    }
    if (parsed.address.ss_family == AF_UNIX) {
        return 1;
    }
    if (parsed.address.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&parsed.address;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&parsed.address;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

int http_server_start(struct http_server *server, struct event_loop *loop, const struct run_means *run_means,
                      struct admission *admission, struct gate *gate) {
    const struct settings *settings = run_means->settings;
    *server = (struct http_server){
        .loop = loop,
        .settings = settings,
        .run_means = run_means,
        .admission = admission,
        .gate = gate,
        .budget = run_means->budget,
        .on_loopback = is_loopback(settings->listen),
    };
    lingering_start(&server->lingering, loop);
    MHD_set_panic_func(on_panic, NULL);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        exchange_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        exchange_on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)(2 * settings->max_header_bytes + POOL_BYTES_OF_OUR_OWN), MHD_OPTION_CONNECTION_LIMIT, UINT_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_END);
    if (!server->daemon) {
        return -ENOMEM;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->daemon_watch = (struct watch){.fd = -1, .on_event = on_daemon_ready, .context = server};
    int error = event_loop_watch(loop, &server->daemon_watch, info->epoll_fd, EPOLLIN);
    if (error) {
        MHD_stop_daemon(server->daemon);
        server->daemon = NULL;
    }
    return error;
}

void http_server_end(struct http_server *server) {
    event_loop_unwatch(server->loop, &server->daemon_watch);
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
    lingering_end(&server->lingering);
}

void http_server_add(struct http_server *server, int fd, const struct sockaddr *address, socklen_t address_len) {
    /* Closes the socket when it fails. */
    if (MHD_add_connection(server->daemon, fd, address, address_len) != MHD_YES) {
        log_warning("a connection was dropped: %s", strerror(errno));
    }
}

void http_server_leave(struct http_server *server) {
    server->leaving = 1;
}

void http_server_drain(struct http_server *server) {
    server->draining = 1;
}

void http_server_retire(struct http_server *server) {
    server->retiring = 1;
}

int http_server_is_quiet(const struct http_server *server) {
    return server->n_owed == 0 && server->lingering.n == 0;
}

int http_server_work(struct http_server *server) {
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    int has_timeout = 1;
    for (int i = 0; i < RUNS_PER_TURN && (timeout_ms == 0 || server->resumed); i++) {
        server->resumed = 0;
        (void)MHD_run(server->daemon);
        has_timeout = MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES;
        if (!has_timeout && !server->resumed) {
            server->idle_turns = 0;
            return -1;
        }
    }
    if (server->resumed) {
        return 0;
    }
    if (server->progress != server->progress_seen || timeout_ms > 0) {
        server->progress_seen = server->progress;
        server->idle_turns = 0;
    } else if (++server->idle_turns > IDLE_TURNS_MAX) {
        return IDLE_WAIT_MS;
    }
    return timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
}
