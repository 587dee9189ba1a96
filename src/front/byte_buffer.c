#include "front/byte_buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 256u

int byte_buffer_reserve(struct byte_buffer *buffer, size_t more) {
    if (buffer->capacity - buffer->len >= more) {
        return 0;
    }
    if (more > SIZE_MAX / 4 || buffer->len > SIZE_MAX / 4) {
        return -ENOMEM;
    }
    size_t capacity = buffer->capacity + buffer->capacity / 2;
    if (capacity < buffer->len + more) {
        capacity = buffer->len + more;
    }
    if (capacity < SMALLEST) {
        capacity = SMALLEST;
    }
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        return -ENOMEM;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 0;
}

int byte_buffer_append(struct byte_buffer *buffer, const void *bytes, size_t len) {
    if (len == 0) {
        return 0;
    }
    int error = byte_buffer_reserve(buffer, len);
    if (error) {
        return error;
    }
    memcpy(buffer->bytes + buffer->len, bytes, len);
    buffer->len += len;
    return 0;
}

int byte_buffer_append_text(struct byte_buffer *buffer, const char *text) {
    return byte_buffer_append(buffer, text, strlen(text));
}

void byte_buffer_free(struct byte_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (struct byte_buffer){0};
}
