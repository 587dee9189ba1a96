/* POST /mcp: one message of the Model Context Protocol and its answer, as the Streamable HTTP transport has it.
 *
 * A run's answer is JSON, or with a progress token a stream of events: its progress, then the response. No session is
 * kept: initialize hands out a random id, and the only thing it is for is to tell whose request is meant when a client
 * cancels one, since every client counts its requests from the same number on. */
#include "front/exchange_inside.h"

#include <errno.h>

#include "front/mcp/dispatch.h"
#include "front/request_id.h"

static void on_begin(void *context) {
    struct exchange *exchange = context;
    exchange_begin_stream(exchange);
    exchange->stream->last_event = "message";
}

static void on_message(void *context, const struct byte_buffer *message) {
    struct exchange *exchange = context;
    if (exchange->stream) {
        stream_message(exchange->stream, message->bytes, message->len);
    }
}

static void on_answer(void *context, struct answer *answer) {
    struct exchange *exchange = context;
    struct problem problem;
    exchange->server->resumed = 1; /* it may be another request's doing, from within the library's work */
    if (answer && exchange->stream && exchange->call.cancelled) {
        byte_buffer_free(&answer->text); /* nobody waits for a response: the stream just ends */
    }
    if (answer) {
        exchange_end_run(exchange, answer, NULL);
    } else if (exchange->stream) {
        exchange->error = "internal_error";
        stream_abort(exchange->stream);
    } else {
        problem_set(&problem, 500, "internal_error", "There was no memory for the answer.");
        exchange_end_run(exchange, NULL, &problem);
    }
}

static const struct mcp_call_events call_events = {
    .on_begin = on_begin, .on_message = on_message, .on_answer = on_answer};

/* What the message came to. */
static void take_handled(struct exchange *exchange, struct mcp_handled *handled) {
    exchange->asked_for_run = handled->asked_for_run;
    exchange->headers.note = handled->note;
    exchange->headers.retry_after = handled->retry_after;
    if (handled->deed == MCP_ACCEPTED) {
        handled->answer = (struct answer){.status = 202};
    }
    if (handled->deed != MCP_RUNNING) {
        exchange_take_answer(exchange, &handled->answer);
    }
    if (handled->began_session && handled->answer.status == 200) {
        request_id_make(exchange->session);
        exchange->headers.session = exchange->session;
    }
}

int exchange_submit_mcp(struct exchange *exchange, struct problem *problem) {
    const struct mcp_peer peer = {.account = exchange->account, .session = exchange->head.session, .id = exchange->id};
    struct mcp_handled handled;
    exchange->call = (struct mcp_call){.events = &call_events, .context = exchange};
    int error = mcp_handle(&exchange->server->mcp, &peer, exchange->body.bytes ? exchange->body.bytes : "",
                           exchange->body.len, &exchange->call, &handled);
    exchange_drop_body(exchange);
    if (error) {
        exchange_memory_problem(problem);
        return error;
    }
    take_handled(exchange, &handled);
    return 0;
}
