/* Reads server-sent events (text/event-stream) as they come. What sends them is not trusted: an event has a greatest
 * size. Pure. */
#ifndef PYEXEC_CLIENT_EVENTS_H
#define PYEXEC_CLIENT_EVENTS_H

#include <stddef.h>

#include "front/byte_buffer.h"

/* More than an answer can have: output, result and artifacts at their greatest, as JSON. */
#define EVENT_MAX_BYTES (128u << 20)
#define EVENT_NAME_MAX 32u

struct events {
    /* Called with each whole event; the texts are valid during the call. What it returns other than 0 ends the reading.
     * `name` is cut to EVENT_NAME_MAX bytes, "message" where none was sent. */
    int (*on_event)(void *context, const char *name, const char *data, size_t len);
    void *context;
    size_t max_bytes; /* of a line, and of an event's data */

    struct byte_buffer line, data;
    char name[EVENT_NAME_MAX + 1];
    int has_data;
};

/* Takes the next bytes. Returns 0, what on_event() returned, -EMSGSIZE or -ENOMEM; after anything but 0 only
 * events_end() may be called. */
int events_feed(struct events *events, const char *bytes, size_t len);

void events_end(struct events *events);

#endif
