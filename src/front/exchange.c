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
#include "front/exchange_inside.h"
#include "front/request_id.h"
#include "front/request_log.h"

/* A body that is refused for its head is read and dropped up to this size, so that the connection can be kept. */
#define DROPPED_BODY_MAX (64u << 10)

/* From now on a service that ends waits for this exchange. */
static void owe_answer(struct exchange *exchange) {
    exchange->server->n_owed += !exchange->is_owed;
    exchange->is_owed = 1;
}

/* The library notices when it works next. It does not ask for that when this happens while it works, as it does when
 * one request takes another's place in the queue. */
static void resume(struct exchange *exchange) {
    exchange->server->resumed = 1;
    MHD_resume_connection(exchange->mhd);
}

/* ---- answers ---- */

static void hold(struct exchange *exchange, size_t bytes) {
    budget_add(exchange->server->budget, bytes);
    exchange->held += bytes;
}

static void release(struct exchange *exchange, size_t bytes) {
    budget_give_back(exchange->server->budget, bytes);
    exchange->held -= bytes;
}

void exchange_drop_body(struct exchange *exchange) {
    release(exchange, exchange->body.capacity);
    byte_buffer_free(&exchange->body);
}

void exchange_take_answer(struct exchange *exchange, struct answer *answer) {
    exchange->answer = *answer;
    exchange->error = answer->error;
    exchange->has_run = answer->has_run;
    exchange->run_measures = answer->run;
    exchange->has_answer = 1;
    hold(exchange, answer->text.len);
}

void exchange_take_problem(struct exchange *exchange, const struct problem *problem) {
    struct answer answer;
    if (answer_problem(problem, exchange->id, &answer) < 0) {
        /* Without memory for a few hundred bytes the connection is closed without an answer. */
        exchange->state = EXCHANGE_GONE;
        return;
    }
    answer_headers_of_problem(&exchange->headers, problem);
    exchange_take_answer(exchange, &answer);
}

void exchange_memory_problem(struct problem *problem) {
    problem_set(problem, 503, "overloaded", "The service is busy: its memory for requests is used up.");
    problem->retry_after = 1;
    problem_suggest(problem, "Send the request again in a moment, as Retry-After says");
}

/* Hands the answer's text over; fixed bytes stay where they are. NULL when out of memory. */
static struct MHD_Response *response_of(struct answer *answer) {
    if (answer->fixed) {
        return MHD_create_response_from_buffer(answer->fixed_len, (void *)(uintptr_t)answer->fixed,
                                               MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->text.len, answer->text.bytes, MHD_RESPMEM_MUST_FREE);
    if (response) {
        answer->text = (struct byte_buffer){.len = answer->text.len}; /* the bytes are the response's now */
    }
    return response;
}

/* Gives the answer to the library. */
static enum MHD_Result send_answer(struct exchange *exchange) {
    size_t len = exchange->answer.fixed ? exchange->answer.fixed_len : exchange->answer.text.len;
    owe_answer(exchange);
    exchange->headers.close |= exchange->server->retiring || exchange->server->leaving;
    exchange->status = exchange->answer.status;
    exchange->answer_bytes = len;
    struct MHD_Response *response = response_of(&exchange->answer);
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    struct metrics *metrics = exchange->server->run_means->metrics;
    metrics_count_response(metrics, exchange->answer.status);
    metrics->response_bytes += len;
    if (answer_headers_add(&exchange->headers, response, exchange->answer.type) == 0) {
        connection_enter_answering(exchange->connection, len);
        exchange->connection->lingers = exchange->headers.close;
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
    if (!response) {
        return MHD_NO;
    }
    exchange->headers.close |= exchange->server->retiring || exchange->server->leaving;
    exchange->status = MHD_HTTP_OK;
    /* The second header is for nginx, which would keep the events until it has many. */
    if (answer_headers_add(&exchange->headers, response, "text/event-stream") == 0 &&
        MHD_add_response_header(response, "X-Accel-Buffering", "no") == MHD_YES) {
        exchange->state = EXCHANGE_SENT;
        metrics_count_response(exchange->server->run_means->metrics, MHD_HTTP_OK);
        result = MHD_queue_response(exchange->mhd, MHD_HTTP_OK, response);
    }
    MHD_destroy_response(response);
    return result;
}

static void on_run_end(void *context, struct answer *answer, const struct problem *problem);

/* ---- the head ---- */

static struct exchange *begin_exchange(struct http_server *server, struct MHD_Connection *mhd) {
    struct exchange *exchange = allocate_or_exit(sizeof *exchange);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    exchange->server = server;
    exchange->headers.id = exchange->id;
    exchange->shared.on_end = on_run_end;
    exchange->shared.context = exchange;
    exchange->began_us = clock_now_us();
    exchange->mhd = mhd;
    exchange->connection = info->socket_context;
    return exchange;
}

static enum MHD_Result on_head(struct exchange *exchange, const char *url, const char *method, const char *version) {
    (void)snprintf(exchange->method, sizeof exchange->method, "%s", method);
    (void)snprintf(exchange->path, sizeof exchange->path, "%s", http_target_path(url));
    if (exchange_judge_head(exchange, url, method, version) < 0) {
        return MHD_NO;
    }
    if (exchange->head.request_id[0]) {
        (void)snprintf(exchange->id, sizeof exchange->id, "%s", exchange->head.request_id);
    } else {
        request_id_make(exchange->id);
    }
    exchange->connection->request_id = exchange->id;
    connection_enter_body(exchange->connection);
    exchange_answer_head(exchange);
    if (exchange->state == EXCHANGE_GONE) {
        return MHD_NO;
    }
    int can_drop_body = exchange->head.length_known && exchange->head.length <= DROPPED_BODY_MAX &&
                        !(exchange->head.has_body && exchange->head.expects_continue);
    if (exchange->has_answer && (exchange->headers.close || !can_drop_body)) {
        exchange->headers.close = 1;
        return send_answer(exchange);
    }
    return MHD_YES;
}

/* ---- the body ---- */

/* The library takes no answer in the middle of a body: it is written past it, and the connection ends. */
static enum MHD_Result refuse_body(struct exchange *exchange, const struct problem *problem) {
    exchange->error = problem->error;
    exchange->status = problem->status;
    metrics_count_response(exchange->server->run_means->metrics, problem->status);
    connection_refuse(exchange->connection, problem);
    return MHD_NO;
}

static enum MHD_Result on_body_part(struct exchange *exchange, const char *part, size_t len) {
    const struct http_server *server = exchange->server;
    struct problem problem;
    server->run_means->metrics->request_bytes += len;
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
        exchange_memory_problem(&problem);
        return refuse_body(exchange, &problem);
    }
    size_t more = exchange->body.capacity - before;
    if (!budget_take(server->budget, more)) {
        exchange_memory_problem(&problem);
        return refuse_body(exchange, &problem);
    }
    exchange->held += more;
    (void)byte_buffer_append(&exchange->body, part, len);
    return MHD_YES;
}

/* ---- the run ---- */

/* Nobody waits here any more. Ends the run, unless its answer can be asked for again. */
static void leave_run(struct exchange *exchange) {
    if (exchange->call.is_on) {
        mcp_call_abandon(&exchange->call);
    } else if (exchange->shared.entry) {
        idempotency_leave(&exchange->shared);
    } else {
        admission_abandon(exchange->server->admission, exchange->run);
    }
    exchange->run = NULL;
}

static void on_client_gone(void *context) {
    struct exchange *exchange = context;
    log_debug("%s: the client has gone", exchange->id);
    leave_run(exchange);
    exchange->connection->phase = CONNECTION_ANSWERING;
    enum exchange_state state = exchange->state;
    exchange->state = EXCHANGE_GONE;
    exchange->error = "client_gone";
    if (state == EXCHANGE_RUNNING) {
        resume(exchange);
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

void exchange_begin_stream(struct exchange *exchange) {
    struct http_server *server = exchange->server;
    exchange->stream = stream_new(server->loop, server->budget, server->settings, &server->progress, exchange->mhd);
    exchange->stream->on_flow = on_flow;
    exchange->stream->context = exchange;
    if (exchange->state == EXCHANGE_RUNNING) {
        exchange->state = EXCHANGE_BEGUN;
        resume(exchange);
    }
}

static void on_run_begin(void *context) {
    exchange_begin_stream(context);
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
    exchange->error = last.error;
    exchange->has_run = last.has_run;
    exchange->run_measures = last.run;
    exchange->answer_bytes = last.text.len;
    stream_end(exchange->stream, &last.text);
    connection_enter_answering(exchange->connection, exchange->stream->waiting.len);
}

static void on_run_end(void *context, struct answer *answer, const struct problem *problem) {
    struct exchange *exchange = context;
    if (answer && exchange->wants_events && !exchange->stream) {
        exchange_begin_stream(exchange); /* another request ran: all that is left to tell is the end */
    }
    exchange_end_run(exchange, answer, problem);
}

void exchange_end_run(struct exchange *exchange, struct answer *answer, const struct problem *problem) {
    exchange->run = NULL;
    if (exchange->stream) {
        end_stream(exchange, answer, problem);
        return;
    }
    exchange->state = EXCHANGE_READY;
    if (answer) {
        exchange_take_answer(exchange, answer);
    } else {
        exchange_take_problem(exchange, problem);
    }
    exchange->connection->phase = CONNECTION_ANSWERING;
    resume(exchange);
}

/* The answer is another request's, under its id. */
static void take_identity(struct exchange *exchange, const struct idempotent_entry *entry) {
    (void)snprintf(exchange->id, sizeof exchange->id, "%s", idempotency_id(entry));
    exchange->headers.is_replay = 1;
}

/* Looks whether the request was sent before. Returns 0 when it is to be run, 1 when there is an answer, or will be, or
 * a problem's -errno. */
static int find_sent_before(struct exchange *exchange, struct problem *problem) {
    struct idempotent_entry *entry = NULL;
    struct answer answer;
    switch (idempotency_find(&exchange->server->idempotency, exchange->account, exchange->head.idempotency_key,
                             exchange->body.bytes, exchange->body.len, clock_now_us(), &entry, problem)) {
    case IDEMPOTENCY_NEW:
        return 0;
    case IDEMPOTENCY_OTHER_BODY:
        return -EBADMSG;
    case IDEMPOTENCY_PENDING:
        take_identity(exchange, entry);
        idempotency_join(entry, &exchange->shared);
        return 1;
    case IDEMPOTENCY_KEPT:
        break;
    }
    if (idempotency_copy(entry, &answer) < 0) {
        exchange_memory_problem(problem);
        return -ENOMEM;
    }
    take_identity(exchange, entry);
    if (exchange->wants_events) {
        exchange_begin_stream(exchange);
        end_stream(exchange, &answer, NULL);
    } else {
        exchange_take_answer(exchange, &answer);
    }
    return 1;
}

/* Gives the run to the admission: for this request alone, or for all that come with its Idempotency-Key. */
static int submit_run(struct exchange *exchange, struct run_input *input, struct idempotent_entry *entry,
                      struct problem *problem) {
    struct http_server *server = exchange->server;
    struct run_waiter waiter = {
        .events = exchange->wants_events ? &stream_events : NULL, .on_end = on_run_end, .context = exchange};
    if (entry) {
        exchange->shared.events = waiter.events;
        idempotency_join(entry, &exchange->shared);
        waiter = idempotency_run_waiter(entry);
    }
    exchange->run = run_new(server->run_means, input, exchange->id, &waiter);
    int error = admission_submit(server->admission, exchange->account, exchange->run, problem);
    if (error) {
        exchange->run = NULL;
    }
    if (entry && error) {
        idempotency_failed(entry);
    } else if (entry) {
        idempotency_submitted(entry, exchange->run);
    }
    return error;
}

/* The body is whole: a run, or a problem. Returns 0 when there is an answer, or will be. */
static int submit(struct exchange *exchange, struct problem *problem) {
    struct http_server *server = exchange->server;
    struct run_input input;
    struct settings settings = *server->settings;
    struct idempotent_entry *entry = NULL;
    const char *key = exchange->head.idempotency_key;
    gate_lower_defaults(exchange->account, &settings);
    int error = decode_request(exchange->body.bytes, exchange->body.len, &settings, &input, problem);
    if (error == -ENOMEM) {
        exchange_memory_problem(problem);
    }
    if (error) {
        exchange_drop_body(exchange);
        return error;
    }
    exchange->wants_events = input.stream || exchange->head.takes_events_only;
    error = gate_judge_input(exchange->account, server->settings, &input, problem);
    int found = !error && *key ? find_sent_before(exchange, problem) : error;
    if (!found && *key) {
        entry = idempotency_begin(&server->idempotency, exchange->account, key, exchange->body.bytes,
                                  exchange->body.len, clock_now_us(), exchange->id);
        if (!entry) {
            exchange_memory_problem(problem);
            found = -ENOMEM;
        }
    }
    exchange_drop_body(exchange);
    if (found) {
        run_input_free(&input);
        return found < 0 ? found : 0;
    }
    return submit_run(exchange, &input, entry, problem);
}

static enum MHD_Result on_request_whole(struct exchange *exchange) {
    struct problem problem;
    if (exchange->has_answer) {
        return send_answer(exchange);
    }
    int error =
        exchange->head.route == ROUTE_MCP ? exchange_submit_mcp(exchange, &problem) : submit(exchange, &problem);
    if (error < 0) {
        exchange_take_problem(exchange, &problem);
        return exchange->has_answer ? send_answer(exchange) : MHD_NO;
    }
    if (exchange->has_answer) {
        return send_answer(exchange);
    }
    owe_answer(exchange);
    if (exchange->stream) {
        if (!exchange->stream->ended) {
            connection_enter_waiting(exchange->connection, on_client_gone, exchange);
        }
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
    exchange->status = problem.status;
    connection_refuse(exchange->connection, &problem);
}

/* Requests to run something, and those that were no request at all. */
static void count(const struct exchange *exchange) {
    struct metrics *metrics = exchange->server->run_means->metrics;
    if (exchange->stream) {
        metrics->response_bytes += exchange->stream->passed;
    }
    if (exchange->head.refused || exchange->head.route == ROUTE_EXECUTE || exchange->asked_for_run) {
        metrics_count_request(metrics, account_counts(exchange->account, metrics), request_outcome_of(exchange->error),
                              clock_now_us() - exchange->began_us);
    }
}

/* What the request came to, for the operator. */
static void log_exchange(const struct exchange *exchange, enum MHD_RequestTerminationCode reason) {
    const struct connection *connection = exchange->connection;
    const struct account *account = exchange->account;
    const char *outcome = exchange->error ? exchange->error : "success";
    if (exchange->state == EXCHANGE_SENT && reason != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        outcome = "client_gone";
    } else if (exchange->state == EXCHANGE_BODY && !connection->refused && !exchange->has_answer &&
               reason == MHD_REQUEST_TERMINATED_WITH_ERROR) {
        outcome = "bad_framing"; /* the library has answered by itself */
    }
    const struct request_log_entry entry = {
        .id = exchange->id,
        .trace = &exchange->head.trace,
        .key = account && account_is_named(account) ? account->name : NULL,
        .method = exchange->method,
        .path = exchange->path,
        .outcome = outcome,
        .status = connection->refused ? connection->refused_status : exchange->status,
        .streamed = exchange->stream != NULL,
        .is_probe =
            !exchange->head.refused && exchange->head.route != ROUTE_EXECUTE && exchange->head.route != ROUTE_MCP,
        .run = exchange->has_run ? &exchange->run_measures : NULL,
        .total_us = clock_now_us() - exchange->began_us,
        .request_bytes = exchange->body_bytes,
        .response_bytes = exchange->answer_bytes,
    };
    request_log_write(&entry);
}

void exchange_on_completed(void *server, struct MHD_Connection *mhd, void **exchange,
                           enum MHD_RequestTerminationCode reason) {
    struct exchange *current = *exchange;
    (void)mhd;
    if (!current) {
        return;
    }
    if (current->run || current->shared.entry || current->call.is_on) {
        current->error = "client_gone";
        leave_run(current);
    }
    if (current->state == EXCHANGE_BODY && !current->has_answer) {

        /* Or the library has refused a bad chunk by itself, with bytes behind it unread. */
        current->connection->lingers = 1;
        if (reason == MHD_REQUEST_TERMINATED_CLIENT_ABORT) {
            refuse_short_body(current);
        }
        if (!current->error) {
            current->error = current->connection->refused ? "invalid_input" : "client_gone";
        }
    }
    count(current);
    log_exchange(current, reason);
    connection_enter_idle(current->connection);
    ((struct http_server *)server)->n_owed -= (unsigned)current->is_owed;
    byte_buffer_free(&current->body);
    stream_free(current->stream);
    answer_free(&current->answer);
    release(current, current->held);
    account_release(&current->server->gate->accounts, current->account);
    free(current);
    *exchange = NULL;
}
