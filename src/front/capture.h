/* What a run wrote to one of its streams: all of it up to a cap, beyond that the head and the tail. Pure. */
#ifndef PYEXEC_FRONT_CAPTURE_H
#define PYEXEC_FRONT_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "front/byte_buffer.h"

struct capture {
    size_t cap;              /* bytes kept at most: the first half as head, the second half as tail */
    struct byte_buffer head; /* at most cap / 2 */
    char *tail;              /* a ring of cap - cap / 2 bytes once the head is full, NULL before; owned */
    size_t tail_next;        /* where the next byte goes: also the oldest byte once the ring is full */
    size_t tail_len;
    uint64_t total; /* bytes written in all */
};

/* An empty capture that keeps at most `cap` bytes. Allocates nothing. */
void capture_start(struct capture *capture, size_t cap);

/* Takes bytes. Where memory is short they are counted but not kept. */
void capture_write(struct capture *capture, const char *bytes, size_t len);

/* Appends what was kept to `text` as UTF-8, with U+FFFD for what is none. Where the middle is missing, a line says how
 * many bytes. *ret_cut: whether it is. Returns 0 or -ENOMEM. */
int capture_text(const struct capture *capture, struct byte_buffer *text, int *ret_cut);

/* Frees everything; the capture is empty afterwards and keeps its cap. */
void capture_free(struct capture *capture);

#endif
