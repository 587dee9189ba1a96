#include "front/stream.h"

#include <stdlib.h>
#include <string.h>

#include "front/allocate.h"

/* What may wait for the client before the run is paused, and what must be gone before it goes on. */
#define HIGH_MARK (256u << 10)
#define LOW_MARK (64u << 10)

/* The library's own buffer; it comes out of the connection's pool. */
#define BLOCK_BYTES (16u << 10)

static size_t waiting_len(const struct stream *stream) {
    return stream->waiting.len - stream->taken;
}

/* After each change: the budget, the pause, and the library, which sleeps while there is nothing to send. */
static void settle(struct stream *stream) {
    if (stream->taken == stream->waiting.len) {
        stream->taken = stream->waiting.len = 0;
        if (stream->waiting.capacity > HIGH_MARK) {
            byte_buffer_free(&stream->waiting);
        }
    } else if (stream->taken > HIGH_MARK && stream->taken > stream->waiting.len / 2) {
        memmove(stream->waiting.bytes, stream->waiting.bytes + stream->taken, waiting_len(stream));
        stream->waiting.len -= stream->taken;
        stream->taken = 0;
    }
    budget_give_back(stream->budget, stream->held);
    stream->held = stream->waiting.capacity;
    budget_add(stream->budget, stream->held);
    size_t len = waiting_len(stream);
    if (!stream->ended && (stream->paused ? len <= LOW_MARK : len >= HIGH_MARK)) {
        stream->paused = !stream->paused;
        stream->on_flow(stream->context, stream->paused);
    }
    if (stream->suspended && (len > 0 || stream->ended || stream->failed)) {
        stream->suspended = 0;
        MHD_resume_connection(stream->mhd);
    }
}

static void note(struct stream *stream, int error) {
    stream->failed |= error < 0;
    settle(stream);
}

static void on_heartbeat(void *context) {
    struct stream *stream = context;
    event_loop_set_timer(stream->loop, &stream->heartbeat, stream->heartbeat_us);
    if (waiting_len(stream) == 0) { /* who is behind has enough to read */
        note(stream, event_append_comment("still running", &stream->waiting));
    }
}

struct stream *stream_new(struct event_loop *loop, struct memory_budget *budget, const struct settings *settings,
                          uint64_t *progress, struct MHD_Connection *mhd) {
    struct stream *stream = allocate_or_exit(sizeof *stream);
    stream->loop = loop;
    stream->budget = budget;
    stream->mhd = mhd;
    stream->progress = progress;
    stream->last_event = "done";
    stream->out = (struct event_channel){.event = "stdout", .left = settings->max_output_bytes};
    stream->err = (struct event_channel){.event = "stderr", .left = settings->max_output_bytes};
    stream->heartbeat = (struct timer){.on_due = on_heartbeat, .context = stream};
    stream->heartbeat_us = settings->stream_heartbeat_ms * 1000u;
    event_loop_set_timer(loop, &stream->heartbeat, stream->heartbeat_us);
    return stream;
}

void stream_output(struct stream *stream, enum run_output which, const char *bytes, size_t len) {
    note(stream, event_append_output(which == RUN_STDOUT ? &stream->out : &stream->err, bytes, len, &stream->waiting));
}

void stream_artifact(struct stream *stream, const struct artifact *artifact, const struct artifact_source *source) {
    cleanup_byte_buffer struct byte_buffer json = {0};
    int error = artifact_append_json(artifact, source, &json);
    note(stream, error ? error : event_append_json("artifact", json.bytes, json.len, &stream->waiting));
}

void stream_message(struct stream *stream, const char *json, size_t len) {
    if (waiting_len(stream) <= LOW_MARK) {
        note(stream, event_append_json("message", json, len, &stream->waiting));
    }
}

void stream_end(struct stream *stream, struct byte_buffer *answer) {
    event_loop_stop_timer(stream->loop, &stream->heartbeat);
    int error = event_end_output(&stream->out, &stream->waiting);
    error = error ? error : event_end_output(&stream->err, &stream->waiting);
    if (!error && answer->len > 0) {
        error = event_append_json(stream->last_event, answer->bytes, answer->len, &stream->waiting);
    }
    byte_buffer_free(answer);
    stream->ended = 1;
    note(stream, error);
}

void stream_abort(struct stream *stream) {
    event_loop_stop_timer(stream->loop, &stream->heartbeat);
    stream->ended = 1;
    note(stream, -1);
}

static ssize_t on_read(void *context, uint64_t position, char *buffer, size_t size) {
    struct stream *stream = context;
    (void)position;
    ++*stream->progress;
    if (stream->failed) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t len = waiting_len(stream) < size ? waiting_len(stream) : size;
    if (len == 0 && stream->ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (len == 0) {
        stream->suspended = 1;
        MHD_suspend_connection(stream->mhd);
        return 0;
    }
    memcpy(buffer, stream->waiting.bytes + stream->taken, len);
    stream->taken += len;
    stream->passed += len;
    settle(stream);
    return (ssize_t)len;
}

struct MHD_Response *stream_response(struct stream *stream) {
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, stream, NULL);
}

void stream_free(struct stream *stream) {
    if (stream) {
        event_loop_stop_timer(stream->loop, &stream->heartbeat);
        budget_give_back(stream->budget, stream->held);
        byte_buffer_free(&stream->waiting);
        free(stream);
    }
}
