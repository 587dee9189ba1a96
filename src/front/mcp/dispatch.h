/* What is to be done about one message, whichever way it came. */
#ifndef PYEXEC_FRONT_MCP_DISPATCH_H
#define PYEXEC_FRONT_MCP_DISPATCH_H

#include "front/mcp/call.h"

enum mcp_deed {
    MCP_ANSWERED, /* `answer` is the response */
    MCP_ACCEPTED, /* it was a notification or a response: there is nothing to say */
    MCP_RUNNING,  /* the call is on, and its events tell the rest */
};

struct mcp_handled {
    enum mcp_deed deed;
    struct answer answer;  /* owned; its `error` is the contract's word for the log */
    int asked_for_run;     /* to be counted as a request to run something */
    int began_session;     /* it was initialize */
    struct rate_note note; /* of a request to run something */
    unsigned retry_after;  /* seconds; 0: none */
};

/* Handles text[0 .. len). `call` is for a run, if there is one to start: all zeros but for `events` and `context`.
 * Returns 0 with *ret_handled filled, or -ENOMEM. */
int mcp_handle(struct mcp_service *service, const struct mcp_peer *peer, const char *text, size_t len,
               struct mcp_call *call, struct mcp_handled *ret_handled);

#endif
