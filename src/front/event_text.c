#include "front/event_text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "front/utf8.h"

/* Text of one event at most: a client can show the first of much at once. */
#define EVENT_BYTES_MAX (32u << 10)

static int write_to_buffer(const char *text, size_t len, void *buffer) {
    return byte_buffer_append(buffer, text, len);
}

static int append_start(const char *event, struct byte_buffer *out) {
    int error = byte_buffer_append_text(out, "event: ");
    error = error ? error : byte_buffer_append_text(out, event);
    return error ? error : byte_buffer_append_text(out, "\ndata: ");
}

/* One event of some text; compact JSON has no line ends. */
static int append_text_event(const char *event, const char *bytes, size_t len, struct byte_buffer *out) {
    cleanup_byte_buffer struct byte_buffer valid = {0};
    int error = utf8_append_replaced(&valid, bytes, len);
    if (error || valid.len == 0) {
        return error;
    }
    json_t *data = json_pack("{s:s%}", "text", valid.bytes, valid.len);
    error = append_start(event, out);
    if (!error && (!data || json_dump_callback(data, write_to_buffer, out, JSON_COMPACT) < 0)) {
        error = -ENOMEM;
    }
    json_decref(data);
    return error ? error : byte_buffer_append_text(out, "\n\n");
}

/* The partial character with up to so many bytes that complete it; returns how many were taken. */
static size_t complete_partial(const struct event_channel *channel, const char *bytes, size_t len, char *text,
                               size_t *ret_text_len) {
    size_t taken = 0, step_len = 0;
    memcpy(text, channel->partial, channel->partial_len);
    size_t text_len = channel->partial_len;
    while (taken < len && text_len < 4 && utf8_step(text, text_len, &step_len) == UTF8_PARTIAL) {
        text[text_len++] = bytes[taken++];
    }
    if (utf8_step(text, text_len, &step_len) == UTF8_INVALID && taken > 0) {
        text_len--; /* the last one was no part of it */
        taken--;
    }
    *ret_text_len = text_len;
    return taken;
}

static int append_piece(struct event_channel *channel, const char *bytes, size_t len, struct byte_buffer *out) {
    size_t partial = utf8_partial_end(bytes, len);
    int error = append_text_event(channel->event, bytes, len - partial, out);
    memcpy(channel->partial, bytes + len - partial, partial);
    channel->partial_len = partial;
    return error;
}

int event_append_output(struct event_channel *channel, const char *bytes, size_t len, struct byte_buffer *out) {
    len = len < channel->left ? len : (size_t)channel->left;
    channel->left -= len;
    int error = 0;
    if (channel->partial_len > 0 && len > 0) {
        char text[4];
        size_t text_len;
        size_t taken = complete_partial(channel, bytes, len, text, &text_len);
        bytes += taken;
        len -= taken;
        if (len == 0) {
            error = append_piece(channel, text, text_len, out);
        } else {
            channel->partial_len = 0;
            error = append_text_event(channel->event, text, text_len, out);
        }
    }
    while (!error && len > 0) {
        size_t piece = len < EVENT_BYTES_MAX ? len : EVENT_BYTES_MAX;
        if (piece < len) {
            piece -= utf8_partial_end(bytes, piece);
        }
        error = append_piece(channel, bytes, piece, out);
        bytes += piece;
        len -= piece;
    }
    return error;
}

int event_end_output(struct event_channel *channel, struct byte_buffer *out) {
    size_t len = channel->partial_len;
    channel->partial_len = 0;
    if (channel->left == 0) {
        return 0; /* cut there: the whole answer has what follows */
    }
    return append_text_event(channel->event, channel->partial, len, out);
}

int event_append_json(const char *event, const char *json, size_t len, struct byte_buffer *out) {
    int error = append_start(event, out);
    size_t start = out->len;
    error = error ? error : byte_buffer_append(out, json, len);
    for (size_t i = start; !error && i < out->len; i++) {
        if (out->bytes[i] == '\n' || out->bytes[i] == '\r') {
            out->bytes[i] = ' ';
        }
    }
    return error ? error : byte_buffer_append_text(out, "\n\n");
}

int event_append_comment(const char *comment, struct byte_buffer *out) {
    int error = byte_buffer_append_text(out, ": ");
    error = error ? error : byte_buffer_append_text(out, comment);
    return error ? error : byte_buffer_append_text(out, "\n\n");
}
