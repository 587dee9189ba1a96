#include "front/base64.h"

#include <errno.h>
#include <stdint.h>

static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

int base64_decode(char *text, size_t len, size_t *ret_len, size_t *ret_fault) {
    size_t data_len = len;
    while (data_len > 0 && len - data_len < 2 && text[data_len - 1] == '=') {
        data_len--;
    }
    char *out = text;
    uint32_t bits = 0;
    unsigned n_bits = 0;
    for (size_t i = 0; i < data_len; i++) {
        int value = value_of(text[i]);
        if (value < 0) {
            *ret_fault = i;
            return -EBADMSG;
        }
        bits = bits << 6 | (uint32_t)value;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            *out++ = (char)(bits >> n_bits);
            bits &= (1u << n_bits) - 1;
        }
    }
    if (len % 4 != 0 || bits != 0) {
        *ret_fault = data_len;
        return -EBADMSG;
    }
    *ret_len = (size_t)(out - text);
    return 0;
}

size_t base64_encode(const char *bytes, size_t len, char *ret_text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)bytes;
    char *out = ret_text;
    size_t i = 0;
    for (; i + 2 < len; i += 3) {
        uint32_t bits = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = digits[bits >> 6 & 63];
        *out++ = digits[bits & 63];
    }
    if (i < len) {
        uint32_t bits = (uint32_t)in[i] << 16 | (i + 1 < len ? (uint32_t)in[i + 1] << 8 : 0);
        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        *out++ = '=';
    }
    return (size_t)(out - ret_text);
}
