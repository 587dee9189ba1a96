/* Server-sent events as text (the HTML standard's text/event-stream). Pure. */
#ifndef PYEXEC_FRONT_EVENT_TEXT_H
#define PYEXEC_FRONT_EVENT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "front/byte_buffer.h"

/* One of a run's output streams on its way into events. */
struct event_channel {
    const char *event;  /* "stdout"; static */
    uint64_t left;      /* bytes that may still be told; what comes behind them is dropped */
    char partial[4];    /* the start of a character whose rest has not come */
    size_t partial_len; /* 0 to 3 */
};

/* Appends events {"text": ...} for these bytes. Characters stay whole; what is no UTF-8 becomes U+FFFD. All texts of a
 * channel together are the decoded output up to the channel's end. Returns 0 or -ENOMEM. */
int event_append_output(struct event_channel *channel, const char *bytes, size_t len, struct byte_buffer *out);

/* Nothing more will come: what there is of a character becomes U+FFFD. */
int event_end_output(struct event_channel *channel, struct byte_buffer *out);

/* Appends one event whose data is this JSON text. Its line ends, which can only be white space between tokens, become
 * blanks: a line end would end the data, and a script could begin an event of its own. */
int event_append_json(const char *event, const char *json, size_t len, struct byte_buffer *out);

/* Appends a line that clients ignore. */
int event_append_comment(const char *comment, struct byte_buffer *out);

#endif
