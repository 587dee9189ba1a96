#include "front/mcp/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "front/mcp/reply.h"
#include "front/utf8.h"

/* At most four a second, and one every five seconds from a run that writes nothing: clients may take silence for the
 * end, and those that restart their timeout with each notification have one of a minute or so. */
#define PACE_US 250000u
#define SILENCE_US 5000000u

/* Of what a run has written one notification shows this much, the end of it. */
#define MESSAGE_BYTES 2048u

static json_t *message_text(struct mcp_progress *progress, uint64_t now_ms) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    if (progress->written.len == 0) {
        char still[64];
        (void)snprintf(still, sizeof still, "Running for %llu s", (unsigned long long)(now_ms / 1000));
        return json_string(still);
    }
    /* A character whose rest has not come waits for it, unless that is all there is. */
    size_t len = progress->written.len;
    const size_t partial = utf8_partial_end(progress->written.bytes, len);
    len -= partial < len ? partial : 0;
    int error = progress->was_cut ? byte_buffer_append_text(&text, "[...] ") : 0;
    error = error ? error : utf8_append_replaced(&text, progress->written.bytes, len);
    memmove(progress->written.bytes, progress->written.bytes + len, progress->written.len - len);
    progress->written.len -= len;
    progress->was_cut = 0;
    return error ? NULL : json_stringn(text.bytes, text.len);
}

/* {"jsonrpc", "method", "params": {"progressToken", "progress", "total", "message"}}; the token is pasted. */
static int build(struct mcp_progress *progress, uint64_t now_ms, struct byte_buffer *out) {
    char numbers[96];
    (void)snprintf(numbers, sizeof numbers,
                   ",\"progress\":%llu.%03llu,\"total\":%llu.%03llu,\"message\":", (unsigned long long)(now_ms / 1000),
                   (unsigned long long)(now_ms % 1000), (unsigned long long)(progress->timeout_ms / 1000),
                   (unsigned long long)(progress->timeout_ms % 1000));
    int error = byte_buffer_append_text(
        out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":");
    error = error ? error : byte_buffer_append(out, progress->token.bytes, progress->token.len);
    error = error ? error : byte_buffer_append_text(out, numbers);
    error = error ? error : mcp_append_json(message_text(progress, now_ms), out);
    return error ? error : byte_buffer_append_text(out, "}}");
}

static void tell(struct mcp_progress *progress) {
    cleanup_byte_buffer struct byte_buffer message = {0};
    uint64_t now_ms = (clock_now_us() - progress->began_us) / 1000;
    /* It has to grow with each one. */
    now_ms = now_ms > progress->told_ms ? now_ms : progress->told_ms + 1;
    progress->told_ms = now_ms;
    progress->can_tell = 0;
    event_loop_set_timer(progress->loop, &progress->pace, PACE_US);
    if (build(progress, now_ms, &message) == 0) {
        progress->on_message(progress->context, &message);
    }
}

static void on_pace(void *context) {
    struct mcp_progress *progress = context;
    const int was_silent = progress->can_tell;
    if (progress->written.len > 0 || was_silent) {
        tell(progress);
    } else {
        progress->can_tell = 1;
        event_loop_set_timer(progress->loop, &progress->pace, SILENCE_US - PACE_US);
    }
}

int mcp_progress_start(struct mcp_progress *progress, struct event_loop *loop, const struct json_span *token) {
    *progress = (struct mcp_progress){.loop = loop, .pace = {.on_due = on_pace, .context = progress}};
    return byte_buffer_append(&progress->token, token->text, token->len);
}

void mcp_progress_begin(struct mcp_progress *progress, uint64_t timeout_ms) {
    progress->began_us = clock_now_us();
    progress->timeout_ms = timeout_ms;
    progress->can_tell = 1;
    event_loop_set_timer(progress->loop, &progress->pace, SILENCE_US);
}

void mcp_progress_output(struct mcp_progress *progress, const char *bytes, size_t len) {
    struct byte_buffer *written = &progress->written;
    if (len == 0) {
        return;
    }
    if (len > MESSAGE_BYTES) {
        progress->was_cut = 1;
        bytes += len - MESSAGE_BYTES;
        len = MESSAGE_BYTES;
    }
    if (written->len + len > MESSAGE_BYTES) {
        const size_t gone = written->len + len - MESSAGE_BYTES;
        memmove(written->bytes, written->bytes + gone, written->len - gone);
        written->len -= gone;
        progress->was_cut = 1;
    }
    if (byte_buffer_append(written, bytes, len) < 0) {
        return; /* it is in the answer as well */
    }
    if (progress->was_cut) {
        const size_t rest = utf8_partial_start(written->bytes, written->len);
        memmove(written->bytes, written->bytes + rest, written->len - rest);
        written->len -= rest;
    }
    if (progress->can_tell && written->len > 0) {
        tell(progress);
    }
}

void mcp_progress_end(struct mcp_progress *progress) {
    if (progress->loop) {
        event_loop_stop_timer(progress->loop, &progress->pace);
    }
    byte_buffer_free(&progress->token);
    byte_buffer_free(&progress->written);
    progress->loop = NULL;
}
