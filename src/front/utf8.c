#include "front/utf8.h"

#include <errno.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

static int is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

enum utf8_step utf8_step(const char *text, size_t len, size_t *ret_len) {
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char first = bytes[0];
    *ret_len = 1;
    if (first < 0x80) {
        return UTF8_VALID;
    }
    size_t need;
    /* The range of the second byte closes the overlong forms, the surrogates and what is above U+10FFFF. */
    unsigned char least = 0x80, most = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        need = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        need = 3;
        least = first == 0xE0 ? 0xA0 : 0x80;
        most = first == 0xED ? 0x9F : 0xBF;
    } else if (first >= 0xF0 && first <= 0xF4) {
        need = 4;
        least = first == 0xF0 ? 0x90 : 0x80;
        most = first == 0xF4 ? 0x8F : 0xBF;
    } else {
        return UTF8_INVALID;
    }
    if (len < 2) {
        return UTF8_PARTIAL;
    }
    if (bytes[1] < least || bytes[1] > most) {
        return UTF8_INVALID;
    }
    for (size_t i = 2; i < need; i++) {
        if (i == len) {
            *ret_len = i;
            return UTF8_PARTIAL;
        }
        if (!is_continuation(bytes[i])) {
            *ret_len = i;
            return UTF8_INVALID;
        }
    }
    *ret_len = need;
    return UTF8_VALID;
}

size_t utf8_valid_len(const char *text, size_t len) {
    size_t at = 0;
    while (at < len) {
        /* Eight ASCII bytes at a time: most text is. */
        uint64_t word;
        while (len - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (word & 0x8080808080808080u) {
                break;
            }
            at += sizeof word;
        }
        if (at == len) {
            break;
        }
        size_t step_len;
        if (utf8_step(text + at, len - at, &step_len) != UTF8_VALID) {
            break;
        }
        at += step_len;
    }
    return at;
}

int utf8_append_replaced(struct byte_buffer *buffer, const char *text, size_t len) {
    size_t before = buffer->len;
    size_t at = 0;
    int error = 0;
    while (!error && at < len) {
        size_t valid = utf8_valid_len(text + at, len - at);
        error = byte_buffer_append(buffer, text + at, valid);
        at += valid;
        if (!error && at < len) {
            size_t step_len;
            (void)utf8_step(text + at, len - at, &step_len);
            error = byte_buffer_append_text(buffer, REPLACEMENT);
            at += step_len;
        }
    }
    if (error) {
        buffer->len = before;
    }
    return error;
}

size_t utf8_partial_end(const char *text, size_t len) {
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        const char *start = text + len - back;
        if (is_continuation((unsigned char)*start)) {
            continue;
        }
        size_t step_len;
        return utf8_step(start, back, &step_len) == UTF8_PARTIAL && step_len == back ? back : 0;
    }
    return 0;
}

size_t utf8_partial_start(const char *text, size_t len) {
    size_t n = 0;
    while (n < 3 && n < len && is_continuation((unsigned char)text[n])) {
        n++;
    }
    return n;
}

size_t utf8_cut(const char *text, size_t len, size_t max_characters) {
    size_t at = 0;
    while (at < len && max_characters > 0) {
        at++;
        while (at < len && is_continuation((unsigned char)text[at])) {
            at++;
        }
        max_characters--;
    }
    return at;
}

size_t utf8_encode(uint32_t character, char *ret_bytes) {
    if (character < 0x80) {
        ret_bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        ret_bytes[0] = (char)(0xC0 | (character >> 6));
        ret_bytes[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        ret_bytes[0] = (char)(0xE0 | (character >> 12));
        ret_bytes[1] = (char)(0x80 | ((character >> 6) & 0x3F));
        ret_bytes[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    ret_bytes[0] = (char)(0xF0 | (character >> 18));
    ret_bytes[1] = (char)(0x80 | ((character >> 12) & 0x3F));
    ret_bytes[2] = (char)(0x80 | ((character >> 6) & 0x3F));
    ret_bytes[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}
