/* A streamed answer (text/event-stream): what a run writes waits here until the client has taken it.
 *
 * What waits is bounded: past a mark the stream asks for a pause, and the run's output is not read until the client
 * has caught up. A pause ends with the run; then there is nothing left to come but the rest and the last event. */
#ifndef PYEXEC_FRONT_STREAM_H
#define PYEXEC_FRONT_STREAM_H

#include <microhttpd.h>

#include "base/settings.h"
#include "front/event_loop.h"
#include "front/event_text.h"
#include "front/memory_budget.h"
#include "front/run.h"

struct stream {
    struct event_loop *loop;
    struct memory_budget *budget;
    struct MHD_Connection *mhd;
    struct event_channel out, err;
    struct byte_buffer waiting; /* from `taken` on */
    size_t taken;
    size_t held;     /* of the budget */
    uint64_t passed; /* bytes, to the library */
    struct timer heartbeat;
    uint64_t heartbeat_us;
    const char *last_event; /* its name; static */
    uint64_t *progress;     /* the server's; grows with each byte that is passed on */
    void (*on_flow)(void *context, int paused);
    void *context;
    int paused, suspended, ended, failed;
};

/* A new stream; never fails. The pointers must outlive it. on_flow(context, 1) asks for a pause of the run's output,
 * on_flow(context, 0) for its end; neither comes from within a call of this module but the library's reading. */
struct stream *stream_new(struct event_loop *loop, struct memory_budget *budget, const struct settings *settings,
                          uint64_t *progress, struct MHD_Connection *mhd);

/* What the run says. Where memory is short the stream fails: the client sees it end without a last event. */
void stream_output(struct stream *stream, enum run_output which, const char *bytes, size_t len);
void stream_artifact(struct stream *stream, const struct artifact *artifact, const struct artifact_source *source);

/* An event of somebody else's, one JSON text, that may be left out: when the client is behind, it is. */
void stream_message(struct stream *stream, const char *json, size_t len);

/* The last event; takes the text of the whole answer; without a text there is none. Nothing may follow. */
void stream_end(struct stream *stream, struct byte_buffer *answer);

/* Nobody listens any more: the library is told to close. */
void stream_abort(struct stream *stream);

/* A response that reads from the stream, which must outlive its sending; NULL without memory. */
struct MHD_Response *stream_response(struct stream *stream);

/* Frees the stream. NULL is fine. */
void stream_free(struct stream *stream);

#endif
