#include "client/events.h"

#include <errno.h>
#include <string.h>

static int append_within(struct byte_buffer *buffer, const char *bytes, size_t len, size_t max_bytes) {
    if (len > max_bytes || buffer->len > max_bytes - len) {
        return -EMSGSIZE;
    }
    return byte_buffer_append(buffer, bytes, len);
}

static int dispatch(struct events *events) {
    int result = 0;
    if (events->has_data) {
        result = events->on_event(events->context, *events->name ? events->name : "message",
                                  events->data.bytes ? events->data.bytes : "", events->data.len);
    }
    events->data.len = 0;
    events->has_data = 0;
    events->name[0] = '\0';
    return result;
}

/* One line without its end. */
static int take_line(struct events *events, const char *line, size_t len) {
    const char *colon = memchr(line, ':', len);
    const size_t field_len = colon ? (size_t)(colon - line) : len;
    const char *value = colon ? colon + 1 : line + len;
    size_t value_len = len - (size_t)(value - line);
    if (len == 0) {
        return dispatch(events);
    }
    if (value_len > 0 && value[0] == ' ') {
        value++;
        value_len--;
    }
    if (field_len == 5 && memcmp(line, "event", 5) == 0) {
        const size_t kept = value_len < EVENT_NAME_MAX ? value_len : EVENT_NAME_MAX;
        memcpy(events->name, value, kept);
        events->name[kept] = '\0';
    } else if (field_len == 4 && memcmp(line, "data", 4) == 0) {
        int error = events->has_data ? append_within(&events->data, "\n", 1, events->max_bytes) : 0;
        events->has_data = 1;
        return error ? error : append_within(&events->data, value, value_len, events->max_bytes);
    }
    return 0; /* a comment, or a field that means nothing to us */
}

int events_feed(struct events *events, const char *bytes, size_t len) {
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        const size_t part = end ? (size_t)(end - bytes) : len;
        int result = append_within(&events->line, bytes, part, events->max_bytes);
        if (result) {
            return result;
        }
        if (!end) {
            return 0;
        }
        size_t line_len = events->line.len;
        const char *line = line_len > 0 ? events->line.bytes : "";
        line_len -= line_len > 0 && line[line_len - 1] == '\r';
        events->line.len = 0;
        result = take_line(events, line, line_len);
        if (result) {
            return result;
        }
        bytes += part + 1;
        len -= part + 1;
    }
    return 0;
}

void events_end(struct events *events) {
    byte_buffer_free(&events->line);
    byte_buffer_free(&events->data);
}
