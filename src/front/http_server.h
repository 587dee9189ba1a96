/* The HTTP side of front: libmicrohttpd inside the event loop, one exchange a request.
 *
 * The library's epoll descriptor nests in ours; it has no thread and no listening socket. */
#ifndef PYEXEC_FRONT_HTTP_SERVER_H
#define PYEXEC_FRONT_HTTP_SERVER_H

#include <netinet/in.h>

#include <microhttpd.h>

#include "front/admission.h"
#include "front/connection.h"
#include "front/gate.h"
#include "front/idempotency.h"
#include "front/mcp/call.h"
#include "front/memory_budget.h"

struct http_server {
    struct event_loop *loop;
    const struct settings *settings;
    const struct run_means *run_means;
    struct admission *admission;
    struct gate *gate;
    struct idempotency idempotency;
    struct memory_budget *budget;
    const struct byte_buffer *packages; /* JSON; empty: not known yet */
    struct mcp_service mcp;
    struct MHD_Daemon *daemon;
    struct watch daemon_watch;
    struct lingering_set lingering;
    unsigned n_connections;
    unsigned n_owed; /* requests that wait for a run or whose answer is on its way */
    int on_loopback;
    int draining;
    int leaving;       /* requests are run, and everybody is told to go elsewhere */
    int retiring;      /* connections end with their next answer */
    int resumed;       /* a connection was resumed since the library worked last */
    uint64_t progress; /* grows whenever the library calls us: it is at work */
    uint64_t progress_seen;
    unsigned idle_turns; /* turns of the loop that the library asked for without any progress */
};

/* Starts the library; *server must stay where it is, and what its pointers lead to must outlive it. Returns 0 or
 * -errno. */
int http_server_start(struct http_server *server, struct event_loop *loop, const struct run_means *run_means,
                      struct admission *admission, struct gate *gate);

/* Stops the library and closes all connections. No request may be waiting for a run. */
void http_server_end(struct http_server *server);

/* Takes an accepted, non-blocking client socket. */
void http_server_add(struct http_server *server, int fd, const struct sockaddr *address, socklen_t address_len);

/* Requests are run as before, each answer closes its connection, and it is not ready for more. */
void http_server_leave(struct http_server *server);

/* New runs are refused from now on. */
void http_server_drain(struct http_server *server);

/* Requests are run as before, and each answer closes its connection. */
void http_server_retire(struct http_server *server);

/* 1 when no request is in work and no answer on its way. */
int http_server_is_quiet(const struct http_server *server);

/* To be called before each wait of the event loop: lets the library work. Returns the milliseconds until it wants to
 * again, or -1. */
int http_server_work(struct http_server *server);

/* exchange.c's: the library's callbacks for a request. */
enum MHD_Result exchange_on_request(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                                    const char *version, const char *body_part, size_t *body_part_len, void **exchange);
void exchange_on_completed(void *server, struct MHD_Connection *mhd, void **exchange,
                           enum MHD_RequestTerminationCode reason);

#endif
