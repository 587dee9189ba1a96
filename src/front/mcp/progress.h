/* Progress notifications of one run: what it writes, and that it is still on, at a pace that suits people.
 *
 * `progress` is the seconds that the run has taken and `total` those it may take; `message` is what it has written
 * since the last one, or its end where that was much. */
#ifndef PYEXEC_FRONT_MCP_PROGRESS_H
#define PYEXEC_FRONT_MCP_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "front/byte_buffer.h"
#include "front/event_loop.h"
#include "front/json_text.h"

struct mcp_progress {
    struct event_loop *loop;
    struct byte_buffer token;   /* JSON, as the client wrote it; owned */
    struct byte_buffer written; /* of the run, and not told yet; owned */
    int was_cut;                /* something in front of that is left out */
    uint64_t began_us, timeout_ms;
    uint64_t told_ms; /* the last `progress` */
    struct timer pace;
    int can_tell; /* the pace allows one at once */
    /* Takes one message, JSON without a line end. */
    void (*on_message)(void *context, const struct byte_buffer *message);
    void *context;
};

/* Starts for a client's token, which is copied. *progress must stay where it is; mcp_progress_end() it. Returns 0 or
 * -ENOMEM. */
int mcp_progress_start(struct mcp_progress *progress, struct event_loop *loop, const struct json_span *token);

/* The run has begun and may take so long. */
void mcp_progress_begin(struct mcp_progress *progress, uint64_t timeout_ms);

/* The run has written something. */
void mcp_progress_output(struct mcp_progress *progress, const char *bytes, size_t len);

/* Nothing more is told: what was not is in the run's answer. All zeros, and one that has ended, are fine. */
void mcp_progress_end(struct mcp_progress *progress);

#endif
