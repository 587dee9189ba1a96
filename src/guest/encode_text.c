#include "guest/encode_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int encode_bytes(struct encode_output *output, const char *bytes, size_t size) {
    if (size > output->size - output->used) {
        return ENCODE_FULL;
    }
    memcpy(output->bytes + output->used, bytes, size);
    output->used += size;
    return 0;
}

/* Bytes of each ASCII character in a JSON string: 1 as it is, 2 as \n and its kin, 6 as \u00XX. */
static unsigned ascii_width(unsigned char c) {
    if (c == '"' || c == '\\') {
        return 2;
    }
    if (c >= 0x20) {
        return 1;
    }
    return c == '\n' || c == '\t' || c == '\r' || c == '\b' || c == '\f' ? 2 : 6;
}

static size_t put_escape(unsigned char *to, Py_UCS4 c) {
    static const char digits[] = "0123456789abcdef";
    to[0] = '\\';
    switch (c) {
    case '"':
    case '\\':
        to[1] = (unsigned char)c;
        return 2;
    case '\n':
        to[1] = 'n';
        return 2;
    case '\t':
        to[1] = 't';
        return 2;
    case '\r':
        to[1] = 'r';
        return 2;
    case '\b':
        to[1] = 'b';
        return 2;
    case '\f':
        to[1] = 'f';
        return 2;
    default:
        to[1] = 'u';
        to[2] = (unsigned char)digits[(c >> 12) & 15];
        to[3] = (unsigned char)digits[(c >> 8) & 15];
        to[4] = (unsigned char)digits[(c >> 4) & 15];
        to[5] = (unsigned char)digits[c & 15];
        return 6;
    }
}

/* Writes one character, at most 6 bytes; the caller has made sure of the space. */
static size_t put_character(unsigned char *to, Py_UCS4 c) {
    if (c < 0x80) {
        if (ascii_width((unsigned char)c) > 1) {
            return put_escape(to, c);
        }
        to[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (unsigned char)(0xc0 | (c >> 6));
        to[1] = (unsigned char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c >= 0xd800 && c < 0xe000) {
        return put_escape(to, c);
    }
    if (c < 0x10000) {
        to[0] = (unsigned char)(0xe0 | (c >> 12));
        to[1] = (unsigned char)(0x80 | ((c >> 6) & 0x3f));
        to[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (unsigned char)(0xf0 | (c >> 18));
    to[1] = (unsigned char)(0x80 | ((c >> 12) & 0x3f));
    to[2] = (unsigned char)(0x80 | ((c >> 6) & 0x3f));
    to[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

/* Text of ASCII characters: whole runs that need no escape are copied at once. */
static int put_ascii(struct encode_output *output, const unsigned char *text, size_t length) {
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && ascii_width(text[i]) == 1) {
            continue;
        }
        if (encode_bytes(output, (const char *)text + start, i - start)) {
            return ENCODE_FULL;
        }
        if (i < length) {
            unsigned char escape[6];
            if (encode_bytes(output, (const char *)escape, put_escape(escape, text[i]))) {
                return ENCODE_FULL;
            }
        }
        start = i + 1;
    }
    return 0;
}

int encode_string(struct encode_output *output, PyObject *text) {
    if (PyUnicode_READY(text) < 0) {
        return -1;
    }
    size_t length = (size_t)PyUnicode_GET_LENGTH(text);
    if (encode_bytes(output, "\"", 1)) {
        return ENCODE_FULL;
    }
    if (PyUnicode_IS_ASCII(text)) {
        if (put_ascii(output, PyUnicode_1BYTE_DATA(text), length)) {
            return ENCODE_FULL;
        }
    } else {
        int kind = (int)PyUnicode_KIND(text);
        const void *data = PyUnicode_DATA(text);
        for (size_t i = 0; i < length; i++) {
            unsigned char character[6];
            size_t size = put_character(character, PyUnicode_READ(kind, data, i));
            if (encode_bytes(output, (const char *)character, size)) {
                return ENCODE_FULL;
            }
        }
    }
    return encode_bytes(output, "\"", 1);
}

static int encode_big_int(struct encode_output *output, PyObject *number) {
    /* The conversion is quadratic: one that cannot fit is not even begun. A digit takes 3.33 bits. */
    PyObject *bits = PyObject_CallMethod((PyObject *)&PyLong_Type, "bit_length", "O", number);
    if (!bits) {
        return -1;
    }
    size_t n_bits = PyLong_AsSize_t(bits);
    Py_DECREF(bits);
    if (n_bits == (size_t)-1 && PyErr_Occurred()) {
        return -1;
    }
    if (n_bits / 10 * 3 > output->size - output->used) {
        return ENCODE_FULL;
    }
    PyObject *digits = PyLong_Type.tp_repr(number);
    if (!digits) {
        return -1;
    }
    int status = encode_bytes(output, (const char *)PyUnicode_1BYTE_DATA(digits), (size_t)PyUnicode_GET_LENGTH(digits));
    Py_DECREF(digits);
    return status;
}

int encode_int(struct encode_output *output, PyObject *number) {
    int overflow = 0;
    long long small = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow) {
        return encode_big_int(output, number);
    }
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%lld", small);
    return encode_bytes(output, digits, (size_t)size);
}

int encode_float(struct encode_output *output, double number) {
    if (!isfinite(number)) {
        return encode_bytes(output, "null", 4);
    }
    char *text = PyOS_double_to_string(number, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (!text) {
        return -1;
    }
    int status = encode_bytes(output, text, strlen(text));
    PyMem_Free(text);
    return status;
}
