/* Bytes that grow at their end. A buffer of all zeros is an empty one. */
#ifndef PYEXEC_FRONT_BYTE_BUFFER_H
#define PYEXEC_FRONT_BYTE_BUFFER_H

#include <stddef.h>

struct byte_buffer {
    char *bytes; /* owned; NULL while capacity is 0 */
    size_t len;
    size_t capacity;
};

/* Makes room for `more` bytes behind the end, so that buffer->bytes + buffer->len may be written to. Grows at least by
 * half. Returns 0 or -ENOMEM with the buffer untouched. */
int byte_buffer_reserve(struct byte_buffer *buffer, size_t more);

/* Copies `len` bytes behind the end. Returns 0 or -ENOMEM with the buffer untouched. */
int byte_buffer_append(struct byte_buffer *buffer, const void *bytes, size_t len);

/* As byte_buffer_append() with a NUL-ended text, without its NUL. */
int byte_buffer_append_text(struct byte_buffer *buffer, const char *text);

/* Frees the bytes and leaves an empty buffer. */
void byte_buffer_free(struct byte_buffer *buffer);

#define cleanup_byte_buffer __attribute__((cleanup(byte_buffer_free)))

#endif
