#include "front/mcp/call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/decode.h"
#include "front/mcp/reply.h"
#include "front/mcp/tool_result.h"

#define ANSWER_JSON "application/json"

/* ---- the list of those that are on ---- */

static void enlist(struct mcp_call *call) {
    struct mcp_service *service = call->service;
    call->is_on = 1;
    call->next = service->first;
    call->link = &service->first;
    if (call->next) {
        call->next->link = &call->next;
    }
    service->first = call;
}

static void finish(struct mcp_call *call) {
    if (call->is_on) {
        *call->link = call->next;
        if (call->next) {
            call->next->link = call->link;
        }
    }
    call->is_on = 0;
    call->run = NULL;
    mcp_progress_end(&call->progress);
    byte_buffer_free(&call->id);
}

/* ---- the response ---- */

/* Turns an answer of POST /execute into the response, and lets it go. */
static int respond(const struct json_span *id, struct answer *answer, struct answer *ret_answer) {
    struct answer response = *answer;
    response.status = 200;
    response.type = ANSWER_JSON;
    response.text = (struct byte_buffer){0};
    int error = mcp_reply_begin(id, &response.text);
    error = error ? error : mcp_tool_result(&answer->text, &response.text);
    error = error ? error : mcp_reply_end(&response.text);
    answer_free(answer);
    if (error) {
        answer_free(&response);
        return error;
    }
    *ret_answer = response;
    return 0;
}

int mcp_call_problem(const struct json_span *id, const char *request_id, const struct problem *problem,
                     struct answer *ret_answer) {
    struct answer answer;
    int error = answer_problem(problem, request_id, &answer);
    return error ? error : respond(id, &answer, ret_answer);
}

static struct json_span call_id(const struct mcp_call *call) {
    return (struct json_span){.text = call->id.bytes, .len = call->id.len, .kind = call->id_kind};
}

static void on_run_end(void *context, struct answer *answer, const struct problem *problem) {
    struct mcp_call *call = context;
    struct answer response;
    const struct json_span id = call_id(call);
    char request_id[REQUEST_ID_MAX + 1];
    (void)snprintf(request_id, sizeof request_id, "%s", call->request_id);
    int error = answer ? respond(&id, answer, &response) : mcp_call_problem(&id, request_id, problem, &response);
    if (error) {
        log_error("%s: no memory for the answer", request_id);
    }
    finish(call);
    call->events->on_answer(call->context, error ? NULL : &response);
}

/* ---- the run ---- */

static void on_run_begin(void *context) {
    struct mcp_call *call = context;
    mcp_progress_begin(&call->progress, call->timeout_ms);
    call->events->on_begin(call->context);
}

static void on_run_output(void *context, enum run_output which, const char *bytes, size_t len) {
    struct mcp_call *call = context;
    (void)which;
    mcp_progress_output(&call->progress, bytes, len);
}

/* Files come with the answer. */
static void on_run_artifact(void *context, const struct artifact *artifact, const struct artifact_source *source) {
    (void)context;
    (void)artifact;
    (void)source;
}

static const struct run_events progress_events = {
    .on_begin = on_run_begin, .on_output = on_run_output, .on_artifact = on_run_artifact};

static void on_progress(void *context, const struct byte_buffer *message) {
    struct mcp_call *call = context;
    call->events->on_message(call->context, message);
}

static int decode_input(const struct mcp_service *service, const struct mcp_peer *peer, const struct json_span *given,
                        struct run_input *ret_input, struct problem *ret_problem) {
    static const struct json_span nothing = {.text = "{}", .len = 2, .kind = JSON_TEXT_OBJECT};
    const struct json_span *arguments = given->text ? given : &nothing;
    struct settings settings = *service->means->settings;
    gate_lower_defaults(peer->account, &settings);
    int error = decode_tool_arguments(arguments, &settings, ret_input, ret_problem);
    if (error) {
        return error;
    }
    error = gate_judge_input(peer->account, service->means->settings, ret_input, ret_problem);
    if (error) {
        run_input_free(ret_input);
    }
    return error;
}

int mcp_call_start(struct mcp_call *call, struct mcp_service *service, const struct mcp_peer *peer,
                   const struct mcp_message *message, struct rate_note *ret_note, struct problem *ret_problem) {
    struct run_input input;
    if (gate_judge_run(service->gate, peer->account, clock_now_us(), ret_note, ret_problem) < 0) {
        return -EPERM;
    }
    int error = decode_input(service, peer, &message->arguments, &input, ret_problem);
    if (error) {
        return error == -ENOMEM ? error : -EPERM;
    }
    call->service = service;
    call->account = peer->account;
    call->cancelled = 0;
    call->timeout_ms = input.timeout_ms;
    (void)snprintf(call->session, sizeof call->session, "%s", peer->session);
    (void)snprintf(call->request_id, sizeof call->request_id, "%s", peer->id);
    call->id_kind = message->id.kind;
    error = byte_buffer_append(&call->id, message->id.text, message->id.len);
    call->has_progress = message->token.text != NULL;
    if (!error && call->has_progress) {
        error = mcp_progress_start(&call->progress, service->means->loop, &message->token);
        call->progress.on_message = on_progress;
        call->progress.context = call;
    }
    if (error) {
        run_input_free(&input);
        finish(call);
        return error;
    }
    const struct run_waiter waiter = {
        .events = call->has_progress ? &progress_events : NULL, .on_end = on_run_end, .context = call};
    enlist(call);
    call->run = run_new(service->means, &input, peer->id, &waiter);
    if (admission_submit(service->admission, peer->account, call->run, ret_problem) < 0) {
        finish(call);
        return -EPERM;
    }
    return 0;
}

void mcp_call_abandon(struct mcp_call *call) {
    if (call->is_on) {
        struct run *run = call->run;
        finish(call);
        admission_abandon(call->service->admission, run);
    }
}

/* ---- cancelling ---- */

static void cancel(struct mcp_call *call) {
    struct answer answer = {.status = 200, .type = ANSWER_JSON, .error = "client_gone"};
    const struct json_span id = call_id(call);
    int error = mcp_reply_error(&id, MCP_REQUEST_CANCELLED, "The request was cancelled.", &answer.text);
    call->cancelled = 1;
    mcp_call_abandon(call);
    call->events->on_answer(call->context, error ? NULL : &answer);
}

void mcp_call_cancel(struct mcp_service *service, const struct mcp_peer *peer, const struct json_span *id) {
    if (!id->text) {
        return;
    }
    for (struct mcp_call *call = service->first; call; call = call->next) {
        const struct json_span other = call_id(call);
        if (call->account == peer->account && *call->session && strcmp(call->session, peer->session) == 0 &&
            mcp_id_equals(&other, id)) {
            cancel(call);
            return;
        }
    }
}
