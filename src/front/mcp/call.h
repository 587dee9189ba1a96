/* tools/call of run_python, from its arguments to its response: decoded, admitted, run and answered as POST /execute
 * is, whichever way the client speaks to us.
 *
 *     mcp_call_start() ──▶ on_begin ──▶ on_message … ──▶ on_answer
 *            │                 (only with a progress token)
 *            └── a problem, which is an answer at once
 */
#ifndef PYEXEC_FRONT_MCP_CALL_H
#define PYEXEC_FRONT_MCP_CALL_H

#include "front/admission.h"
#include "front/gate.h"
#include "front/mcp/message.h"
#include "front/mcp/progress.h"

#define MCP_SESSION_LEN 32

/* What the server of one way of speaking has; outlives its calls. */
struct mcp_service {
    const struct run_means *means;
    struct admission *admission;
    struct gate *gate;
    const struct byte_buffer *packages; /* JSON; empty: not known yet */
    struct mcp_call *first;             /* those that are on */
};

/* Who a message is from. */
struct mcp_peer {
    struct account *account;
    const char *session; /* "": none */
    const char *id;      /* the request's, for the log and the answer */
};

/* What a call's owner hears of it. None comes from within mcp_call_start(), but for on_begin(). */
struct mcp_call_events {
    void (*on_begin)(void *context);                                      /* it has a sandbox; messages may follow */
    void (*on_message)(void *context, const struct byte_buffer *message); /* one message, without a line end */
    /* The response, whole; `answer` is the callee's. NULL: without memory there is none. The call is over. */
    void (*on_answer)(void *context, struct answer *answer);
};

/* All zeros: none. Must stay where it is while it is on. */
struct mcp_call {
    struct mcp_service *service;
    const struct mcp_call_events *events;
    void *context;
    struct account *account; /* borrowed */
    char request_id[REQUEST_ID_MAX + 1];
    char session[MCP_SESSION_LEN + 1];
    struct byte_buffer id; /* the request's of JSON-RPC, as the client wrote it; owned */
    enum json_text_kind id_kind;
    struct run *run;
    uint64_t timeout_ms;
    int is_on, has_progress, cancelled;
    struct mcp_progress progress;
    struct mcp_call *next, **link;
};

/* Starts what `message`, an MCP_TOOLS_CALL of run_python, asks for. `events`, the account and `service` must outlive
 * the call. Returns 0 when it is on; -EPERM with *ret_problem filled when it gets no run (a bad input or the client's
 * caps or a full queue); or -ENOMEM. *ret_note is filled in any case. */
int mcp_call_start(struct mcp_call *call, struct mcp_service *service, const struct mcp_peer *peer,
                   const struct mcp_message *message, struct rate_note *ret_note, struct problem *ret_problem);

/* The response that tells of a problem: a tool result with isError, so that the model reads it. Returns 0 or -ENOMEM.
 */
int mcp_call_problem(const struct json_span *id, const char *request_id, const struct problem *problem,
                     struct answer *ret_answer);

/* Nobody waits for it any more: its run ends and its owner hears nothing more. Fine for a call that is not on. */
void mcp_call_abandon(struct mcp_call *call);

/* A client cancels: the run with this id of the same session and account ends, and its owner gets an answer of no text
 * (where events were told) or an error. Unknown ids are left alone, as the protocol has it. */
void mcp_call_cancel(struct mcp_service *service, const struct mcp_peer *peer, const struct json_span *id);

#endif
