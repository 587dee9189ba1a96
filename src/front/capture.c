#include "front/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/utf8.h"

static size_t head_cap(const struct capture *capture) {
    return capture->cap / 2;
}

static size_t tail_cap(const struct capture *capture) {
    return capture->cap - head_cap(capture);
}

void capture_start(struct capture *capture, size_t cap) {
    *capture = (struct capture){.cap = cap};
}

void capture_write(struct capture *capture, const char *bytes, size_t len) {
    capture->total += len;
    size_t room = head_cap(capture) - capture->head.len;
    size_t to_head = len < room ? len : room;
    if (to_head > 0 && byte_buffer_append(&capture->head, bytes, to_head) < 0) {
        return;
    }
    bytes += to_head;
    len -= to_head;
    if (len == 0) {
        return;
    }
    size_t size = tail_cap(capture);
    if (!capture->tail && !(capture->tail = malloc(size))) {
        return;
    }
    if (len >= size) {
        memcpy(capture->tail, bytes + len - size, size);
        capture->tail_next = 0;
        capture->tail_len = size;
        return;
    }
    size_t first = len < size - capture->tail_next ? len : size - capture->tail_next;
    memcpy(capture->tail + capture->tail_next, bytes, first);
    memcpy(capture->tail, bytes + first, len - first);
    capture->tail_next = (capture->tail_next + len) % size;
    capture->tail_len = capture->tail_len + len < size ? capture->tail_len + len : size;
}

/* The kept bytes of the tail in their order. */
static int append_tail(const struct capture *capture, struct byte_buffer *bytes) {
    if (capture->tail_len < tail_cap(capture)) {
        return byte_buffer_append(bytes, capture->tail, capture->tail_len);
    }
    int error = byte_buffer_append(bytes, capture->tail + capture->tail_next, tail_cap(capture) - capture->tail_next);
    return error ? error : byte_buffer_append(bytes, capture->tail, capture->tail_next);
}

int capture_text(const struct capture *capture, struct byte_buffer *text, int *ret_cut) {
    cleanup_byte_buffer struct byte_buffer bytes = {0};
    size_t head_len = capture->head.len;
    int error = byte_buffer_reserve(&bytes, head_len + capture->tail_len + 1);
    error = error ? error : byte_buffer_append(&bytes, capture->head.bytes, head_len);
    if (!error && capture->tail_len > 0) {
        error = append_tail(capture, &bytes);
    }
    if (error) {
        return error;
    }
    *ret_cut = capture->total > bytes.len;
    if (!*ret_cut) {
        return utf8_append_replaced(text, bytes.bytes, bytes.len);
    }
    /* The characters that the cut went through count as left out. */
    size_t tail_len = bytes.len - head_len;
    size_t lost_end = utf8_partial_end(bytes.bytes, head_len);
    size_t lost_start = utf8_partial_start(bytes.bytes + head_len, tail_len);
    char line[64];
    (void)snprintf(line, sizeof line, "\n[... %llu bytes left out ...]\n",
                   (unsigned long long)(capture->total - bytes.len + lost_end + lost_start));
    error = utf8_append_replaced(text, bytes.bytes, head_len - lost_end);
    error = error ? error : byte_buffer_append_text(text, line);
    return error ? error : utf8_append_replaced(text, bytes.bytes + head_len + lost_start, tail_len - lost_start);
}

void capture_free(struct capture *capture) {
    byte_buffer_free(&capture->head);
    free(capture->tail);
    capture_start(capture, capture->cap);
}
