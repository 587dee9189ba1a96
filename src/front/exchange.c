/* One request and its answer: the steps of an HTTP exchange, driven by the library's callbacks.
 *
 *     head ──▶ BODY ──▶ (decode, admit) ──▶ RUNNING ──▶ READY ──▶ SENT
 *       │        │             │               │  │       ▲         ▲
 *       │        │             │               │  └─────▶ BEGUN ────┘   a streamed answer begins with its run
 *       │        │             └── refused ────┼──────────┤
 *       │        └── too large, too late: written past the library, connection closed
 *       └── refused: at once and closed, or READY once a small body has been read and dropped
 *                                              └── client gone: GONE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/allocate.h"
#include "front/decode.h"
#include "front/http_head.h"
#include "front/http_server.h"
#include "front/request_id.h"
#include "front/request_log.h"
#include "front/stream.h"

/* A body that is refused for its head is read and dropped up to this size, so that the connection can be kept. */
#define DROPPED_BODY_MAX (64u << 10)

#define LOGGED_METHOD_MAX 16
#define LOGGED_PATH_MAX 129

enum exchange_state {
    EXCHANGE_BODY,    /* the body comes in, or is dropped when `answer` is there already */
    EXCHANGE_RUNNING, /* suspended: queued or running */
    EXCHANGE_READY,   /* the answer is there */
    EXCHANGE_BEGUN,   /* there is a stream, which the library does not know yet */
    EXCHANGE_SENT,    /* the library has the answer */
    EXCHANGE_GONE,    /* the client has gone while its run was on */
};

struct exchange {
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    enum exchange_state state;
    struct http_judgement head;
    char id[HTTP_REQUEST_ID_MAX + 1];
    char method[LOGGED_METHOD_MAX], path[LOGGED_PATH_MAX]; /* their beginnings, for the log */
    uint64_t began_us;
    uint64_t body_bytes;
    struct byte_buffer body;
    size_t held; /* bytes taken from the budget */
    int is_owed; /* counted in server->n_owed */
    struct run *run;
    struct stream *stream; /* from the run's beginning, when the client wants events */

    struct answer answer; /* once the library has its text, the rest is for the log */
    int has_answer;
    uint64_t answer_bytes;
    unsigned retry_after;
    const char *allow;
    int close;
};

/* From now on a service that ends waits for this exchange. */
static void owe_answer(struct exchange *exchange) {
    exchange->server->n_owed += !exchange->is_owed;
    exchange->is_owed = 1;
}

/* ---- answers ---- */

static void hold(struct exchange *exchange, size_t bytes) {
    budget_add(exchange->server->budget, bytes);
    exchange->held += bytes;
}

static void release_all(struct exchange *exchange) {
    budget_give_back(exchange->server->budget, exchange->held);
    exchange->held = 0;
}

static void take_answer(struct exchange *exchange, struct answer *answer) {
    exchange->answer = *answer;
    exchange->has_answer = 1;
    hold(exchange, answer->text.len);
}

static void take_problem(struct exchange *exchange, const struct problem *problem) {
    struct answer answer;
    if (answer_problem(problem, exchange->id, &answer) < 0) {
        /* Without memory for a few hundred bytes the connection is closed without an answer. */
        exchange->state = EXCHANGE_GONE;
        return;
    }
    exchange->retry_after = problem->retry_after;
    exchange->allow = problem->allow;
    exchange->close = problem->close;
    take_answer(exchange, &answer);
}

static void take_memory_problem(struct problem *problem) {
    problem_set(problem, 503, "overloaded", "The service is busy: its memory for requests is used up.");
    problem->retry_after = 1;
    problem_suggest(problem, "Send the request again in a moment, as Retry-After says");
}

static int add_headers(const struct exchange *exchange, struct MHD_Response *response, const char *type) {
    char seconds[16];
    int failed = MHD_add_response_header(response, "X-Request-Id", exchange->id) != MHD_YES;
    failed |= MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES;
    failed |= MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") != MHD_YES;
    if (type) {
        failed |= MHD_add_response_header(response, "Content-Type", type) != MHD_YES;
    }
    if (exchange->allow) {
        failed |= MHD_add_response_header(response, "Allow", exchange->allow) != MHD_YES;
    }
    if (exchange->retry_after > 0) {
        (void)snprintf(seconds, sizeof seconds, "%u", exchange->retry_after);
        failed |= MHD_add_response_header(response, "Retry-After", seconds) != MHD_YES;
    }
    if (exchange->close) {
        failed |= MHD_add_response_header(response, "Connection", "close") != MHD_YES;
    }
    return failed ? -ENOMEM : 0;
}

/* Gives the answer to the library. */
static enum MHD_Result send_answer(struct exchange *exchange) {
    size_t len = exchange->answer.text.len;
    owe_answer(exchange);
    exchange->close |= exchange->server->retiring;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, exchange->answer.text.bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        return MHD_NO;
    }
    exchange->answer.text = (struct byte_buffer){.len = len}; /* the bytes are the response's now */
    exchange->answer_bytes = len;
    enum MHD_Result result = MHD_NO;
    if (add_headers(exchange, response, len > 0 ? "application/json" : NULL) == 0) {
        connection_enter_answering(exchange->connection, len);
        exchange->connection->lingers = exchange->close;
        exchange->state = EXCHANGE_SENT;
        result = MHD_queue_response(exchange->mhd, exchange->answer.status, response);
    }
    MHD_destroy_response(response);
    return result;
}

/* Gives the stream to the library, which takes from it as the client reads. */
static enum MHD_Result send_stream(struct exchange *exchange) {
    struct MHD_Response *response = stream_response(exchange->stream);
    enum MHD_Result result = MHD_NO;
    exchange->close |= exchange->server->retiring;
    if (!response) {
        return MHD_NO;
    }
    /* The second header is for nginx, which would keep the events until it has many. */
    if (add_headers(exchange, response, "text/event-stream") == 0 &&
        MHD_add_response_header(response, "X-Accel-Buffering", "no") == MHD_YES) {
        exchange->state = EXCHANGE_SENT;
        result = MHD_queue_response(exchange->mhd, MHD_HTTP_OK, response);
    }
    MHD_destroy_response(response);
    return result;
}

/* ---- the head ---- */

struct header_list {
    struct byte_buffer headers; /* of struct http_header */
    int failed;
};

static enum MHD_Result collect_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                      const char *value, size_t value_len) {
    struct header_list *list = context;
    struct http_header header = {
        .name = name, .name_len = name_len, .value = value ? value : "", .value_len = value ? value_len : 0};
    (void)kind;
    list->failed |= byte_buffer_append(&list->headers, &header, sizeof header) < 0;
    return MHD_YES;
}

static int judge_head(struct exchange *exchange, const char *url, const char *method, const char *version) {
    const struct http_server *server = exchange->server;
    struct header_list list = {0};
    (void)MHD_get_connection_values_n(exchange->mhd, MHD_HEADER_KIND, collect_header, &list);
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct http_head head = {
        .method = method,
        .target = url,
        .version = version,
        .headers = (const struct http_header *)(const void *)list.headers.bytes,
        .n_headers = list.headers.len / sizeof(struct http_header),
        .bytes = size ? size->header_size : 0,
    };
    struct http_rules rules = {
        .max_header_bytes = server->settings->max_header_bytes,
        .max_body_bytes = server->settings->max_body_bytes,
        .on_loopback = server->on_loopback,
    };
    http_head_judge(&head, &rules, &exchange->head);
    byte_buffer_free(&list.headers);
    return list.failed ? -ENOMEM : 0;
}

static void answer_health_request(struct exchange *exchange) {
    const struct http_server *server = exchange->server;
    const struct admission *admission = server->admission;
    struct health_facts facts = {
        .status = admission->has_status ? &admission->status : NULL,
        .ready = admission->n_idle,
        .busy = admission->n_running,
        .queued = admission->n_queued,
        .most_busy = (unsigned)server->settings->max_running,
        .most_queued = (unsigned)server->settings->max_queue,
        .draining = server->draining,
    };
    struct answer answer;
    int error = exchange->head.route == ROUTE_OPENAPI ? answer_openapi(&answer)
                : exchange->head.route == ROUTE_LIVE  ? answer_live(&answer)
                : exchange->head.route == ROUTE_READY ? answer_ready(&facts, &answer)
                                                      : answer_health(&facts, &answer);
    if (error) {
        exchange->state = EXCHANGE_GONE;
    } else {
        take_answer(exchange, &answer);
    }
}

/* What the head alone decides: an answer, or none yet. */
static void answer_head(struct exchange *exchange) {
    struct problem problem;
    if (exchange->head.refused) {
        take_problem(exchange, &exchange->head.problem);
    } else if (exchange->head.route != ROUTE_EXECUTE && exchange->head.route != ROUTE_OPTIONS) {
        answer_health_request(exchange);
    } else if (exchange->head.route == ROUTE_OPTIONS) {
        struct answer answer = {.status = 204};
        take_answer(exchange, &answer);
        exchange->allow = exchange->head.allow;
    } else if (exchange->server->draining) {
        admission_draining_problem(&problem);
        take_problem(exchange, &problem);
    }
}

static struct exchange *begin_exchange(struct http_server *server, struct MHD_Connection *mhd) {
    struct exchange *exchange = allocate_or_exit(sizeof *exchange);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    exchange->server = server;
    exchange->mhd = mhd;
    exchange->connection = info->socket_context;
    return exchange;
}

static enum MHD_Result on_head(struct exchange *exchange, const char *url, const char *method, const char *version) {
    exchange->began_us = clock_now_us();
    (void)snprintf(exchange->method, sizeof exchange->method, "%s", method);
    (void)snprintf(exchange->path, sizeof exchange->path, "%s", http_target_path(url));
    if (judge_head(exchange, url, method, version) < 0) {
        return MHD_NO;
    }
    if (exchange->head.request_id[0]) {
        (void)snprintf(exchange->id, sizeof exchange->id, "%s", exchange->head.request_id);
    } else {
        request_id_make(exchange->id);
    }
    exchange->connection->request_id = exchange->id;
    connection_enter_body(exchange->connection);
    answer_head(exchange);
    if (exchange->state == EXCHANGE_GONE) {
        return MHD_NO;
    }
    int can_drop_body = exchange->head.length_known && exchange->head.length <= DROPPED_BODY_MAX &&
                        !(exchange->head.has_body && exchange->head.expects_continue);
    if (exchange->has_answer && (exchange->close || !can_drop_body)) {
        exchange->close = 1;
        return send_answer(exchange);
    }
    return MHD_YES;
}

/* ---- the body ---- */

/* The library takes no answer in the middle of a body: it is written past it, and the connection ends. */
static enum MHD_Result refuse_body(struct exchange *exchange, const struct problem *problem) {
    connection_refuse(exchange->connection, problem);
    return MHD_NO;
}

static enum MHD_Result on_body_part(struct exchange *exchange, const char *part, size_t len) {
    const struct http_server *server = exchange->server;
    struct problem problem;
    exchange->body_bytes += len;
    if (exchange->has_answer) {
        return MHD_YES;
    }
    if (exchange->body.len + len > server->settings->max_body_bytes) {
        problem_set(&problem, 413, "invalid_input", "The request body is too large: max_body_bytes is %llu.",
                    (unsigned long long)server->settings->max_body_bytes);
        problem_suggest(&problem, "Send less data with one request");
        return refuse_body(exchange, &problem);
    }
    size_t before = exchange->body.capacity;
    if (byte_buffer_reserve(&exchange->body, len) < 0) {
        take_memory_problem(&problem);
        return refuse_body(exchange, &problem);
    }
    size_t more = exchange->body.capacity - before;
    if (!budget_take(server->budget, more)) {
        take_memory_problem(&problem);
        return refuse_body(exchange, &problem);
    }
    exchange->held += more;
    (void)byte_buffer_append(&exchange->body, part, len);
    return MHD_YES;
}

/* ---- the run ---- */

static void on_client_gone(void *context) {
    struct exchange *exchange = context;
    log_debug("%s: the client has gone; its run is ended", exchange->id);
    admission_abandon(exchange->server->admission, exchange->run);
    exchange->run = NULL;
    exchange->connection->phase = CONNECTION_ANSWERING;
    enum exchange_state state = exchange->state;
    exchange->state = EXCHANGE_GONE;
    if (state == EXCHANGE_RUNNING) {
        MHD_resume_connection(exchange->mhd);
    }
    if (exchange->stream) {
        stream_abort(exchange->stream);
        /* It may wait for a client that only closed its sending side. */
        (void)shutdown(exchange->connection->fd, SHUT_RDWR);
    }
}

static void on_flow(void *context, int paused) {
    struct exchange *exchange = context;
    if (exchange->run) {
        run_set_paused(exchange->run, paused);
    }
}

static void on_run_begin(void *context) {
    struct exchange *exchange = context;
    struct http_server *server = exchange->server;
    exchange->stream = stream_new(server->loop, server->budget, server->settings, &server->progress, exchange->mhd);
    exchange->stream->on_flow = on_flow;
    exchange->stream->context = exchange;
    if (exchange->state == EXCHANGE_RUNNING) {
        exchange->state = EXCHANGE_BEGUN;
        MHD_resume_connection(exchange->mhd);
    }
}

static void on_run_output(void *context, enum run_output which, const char *bytes, size_t len) {
    struct exchange *exchange = context;
    stream_output(exchange->stream, which, bytes, len);
}

static void on_run_artifact(void *context, const struct artifact *artifact, const struct artifact_source *source) {
    struct exchange *exchange = context;
    stream_artifact(exchange->stream, artifact, source);
}

static const struct run_events stream_events = {
    .on_begin = on_run_begin, .on_output = on_run_output, .on_artifact = on_run_artifact};

/* The stream's last event is the whole answer, whatever it is. */
static void end_stream(struct exchange *exchange, struct answer *answer, const struct problem *problem) {
    struct answer last = {0};
    if (answer) {
        last = *answer;
    } else if (answer_problem(problem, exchange->id, &last) < 0) {
        stream_abort(exchange->stream);
        return;
    }
    exchange->answer_bytes = last.text.len;
    stream_end(exchange->stream, &last.text);
    exchange->answer = last; /* stream_end() has taken the text */
    exchange->has_answer = 1;
    connection_enter_answering(exchange->connection, exchange->stream->waiting.len);
}

static void on_run_end(void *context, struct answer *answer, const struct problem *problem) {
    struct exchange *exchange = context;
    exchange->run = NULL;
    if (exchange->stream) {
        end_stream(exchange, answer, problem);
        return;
    }
    exchange->state = EXCHANGE_READY;
    if (answer) {
        take_answer(exchange, answer);
    } else {
        take_problem(exchange, problem);
    }
    exchange->connection->phase = CONNECTION_ANSWERING;
    MHD_resume_connection(exchange->mhd);
}

/* The body is whole: a run, or a problem. Returns 0 when a run was admitted. */
static int submit(struct exchange *exchange, struct problem *problem) {
    struct http_server *server = exchange->server;
    struct run_input input;
    struct run_waiter waiter = {.on_end = on_run_end, .context = exchange};
    int error = decode_request(exchange->body.bytes, exchange->body.len, server->settings, &input, problem);
    byte_buffer_free(&exchange->body);
    release_all(exchange);
    if (error == -ENOMEM) {
        take_memory_problem(problem);
    }
    if (error) {
        return error;
    }
    if (input.stream || exchange->head.takes_events_only) {
        waiter.events = &stream_events;
    }
    exchange->run = run_new(server->run_means, &input, exchange->id, &waiter);
    error = admission_submit(server->admission, exchange->run, problem);
    if (error) {
        exchange->run = NULL;
    }
    return error;
}

static enum MHD_Result on_request_whole(struct exchange *exchange) {
    struct problem problem;
    if (exchange->has_answer) {
        return send_answer(exchange);
    }
    if (submit(exchange, &problem) < 0) {
        take_problem(exchange, &problem);
        return exchange->has_answer ? send_answer(exchange) : MHD_NO;
    }
    owe_answer(exchange);
    if (exchange->stream) {
        connection_enter_waiting(exchange->connection, on_client_gone, exchange);
        return send_stream(exchange);
    }
    exchange->state = EXCHANGE_RUNNING;
    MHD_suspend_connection(exchange->mhd);
    connection_enter_waiting(exchange->connection, on_client_gone, exchange);
    return MHD_YES;
}

/* ---- the library's callbacks ---- */

enum MHD_Result exchange_on_request(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                                    const char *version, const char *body_part, size_t *body_part_len,
                                    void **exchange) {
    struct exchange *current = *exchange;
    ((struct http_server *)server)->progress++;
    if (!current) {
        current = begin_exchange(server, mhd);
        *exchange = current;
        return on_head(current, url, method, version);
    }
    if (*body_part_len > 0) {
        enum MHD_Result result = on_body_part(current, body_part, *body_part_len);
        *body_part_len = 0;
        return result;
    }
    switch (current->state) {
    case EXCHANGE_BODY:
        return on_request_whole(current);
    case EXCHANGE_READY:
        return send_answer(current);
    case EXCHANGE_BEGUN:
        return send_stream(current);
    case EXCHANGE_RUNNING:
    case EXCHANGE_SENT:
        return MHD_YES;
    case EXCHANGE_GONE:
        break;
    }
    return MHD_NO;
}

/* A client that closes its side before the whole body has come may still listen. */
static void refuse_short_body(struct exchange *exchange) {
    struct problem problem;
    if (exchange->head.length_known) {
        problem_set(&problem, 400, "invalid_input", "The request body ended after %zu of %llu bytes.",
                    exchange->body.len, (unsigned long long)exchange->head.length);
    } else {
        problem_set(&problem, 400, "invalid_input", "The request body ended before its last chunk.");
    }
    problem_suggest(&problem, "Let Content-Length be the number of bytes of the body");
    connection_refuse(exchange->connection, &problem);
}

/* What the request came to: an answer, a refusal past the library, or nothing, since its client has gone. */
static void log_exchange(const struct exchange *exchange, enum MHD_RequestTerminationCode reason) {
    const struct connection *connection = exchange->connection;
    const struct answer *answer = exchange->has_answer ? &exchange->answer : NULL;
    const enum http_route route = exchange->head.route;
    struct request_log_entry entry = {
        .id = exchange->id,
        .trace = &exchange->head.trace,
        .method = exchange->method,
        .path = exchange->path,
        .outcome = "client_gone",
        .streamed = exchange->stream != NULL,
        .is_probe = !exchange->head.refused && route != ROUTE_EXECUTE,
        .total_us = clock_now_us() - exchange->began_us,
        .request_bytes = exchange->body_bytes,
        .response_bytes = exchange->answer_bytes,
    };
    if (connection->refused) {
        entry.status = connection->refused_status;
        entry.outcome = connection->refused_outcome;
    } else if (answer) {
        entry.status = exchange->stream ? MHD_HTTP_OK : answer->status;
        entry.outcome = answer->outcome ? answer->outcome : "success";
        entry.run = answer->has_run ? &answer->run : NULL;
        if (reason != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
            entry.outcome = "client_gone";
        }
    } else if (exchange->state == EXCHANGE_BODY && reason == MHD_REQUEST_TERMINATED_WITH_ERROR) {
        entry.outcome = "bad_framing"; /* the library has answered by itself */
    }
    request_log_write(&entry);
}

void exchange_on_completed(void *server, struct MHD_Connection *mhd, void **exchange,
                           enum MHD_RequestTerminationCode reason) {
    struct exchange *current = *exchange;
    (void)mhd;
    if (!current) {
        return;
    }
    if (current->run) {
        admission_abandon(current->server->admission, current->run);
    }
    if (current->state == EXCHANGE_BODY && !current->has_answer) {
        /* Or the library has refused a bad chunk by itself, with bytes behind it unread. */
        current->connection->lingers = 1;
        if (reason == MHD_REQUEST_TERMINATED_CLIENT_ABORT) {
            refuse_short_body(current);
        }
    }
    log_exchange(current, reason);
    connection_enter_idle(current->connection);
    ((struct http_server *)server)->n_owed -= (unsigned)current->is_owed;
    byte_buffer_free(&current->body);
    stream_free(current->stream);
    answer_free(&current->answer);
    release_all(current);
    free(current);
    *exchange = NULL;
}
