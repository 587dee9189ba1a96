/* JSON kept as text: a strict check, and a walk over what was checked.
 *
 * Most JSON libraries turn numbers into 64 bits on the way. What a client passes to main() and what main() returns must
 * keep every digit, so both are checked here and handed on as they are. The same walk finds the fields of a request and
 * of a sandbox's record. No recursion: depth costs one bit. Pure. */
#ifndef PYEXEC_FRONT_JSON_TEXT_H
#define PYEXEC_FRONT_JSON_TEXT_H

#include <stddef.h>

#include "front/byte_buffer.h"

/* The deepest nesting that may be asked for. */
#define JSON_TEXT_MAX_DEPTH 10000u

enum json_text_kind {
    JSON_TEXT_OBJECT,
    JSON_TEXT_ARRAY,
    JSON_TEXT_STRING,
    JSON_TEXT_NUMBER,
    JSON_TEXT_BOOLEAN,
    JSON_TEXT_NULL,
};

/* One value inside a text that is borrowed: a string with its quotes, an object with its braces. */
struct json_span {
    const char *text;
    size_t len;
    enum json_text_kind kind;
};

struct json_fault {
    size_t offset;      /* of the first byte that cannot be right */
    const char *reason; /* static text for people, without a full stop: "a comma or the end of the array is missing" */
};

/* Checks that text[0 .. len) is exactly one JSON value (RFC 8259) with white space around it: grammar, UTF-8, at most
 * max_depth arrays and objects inside each other (max_depth <= JSON_TEXT_MAX_DEPTH). Integers may be of any size;
 * a number with a fraction or an exponent that a double would make infinite is a fault. Lone surrogates as escapes
 * (\ud800) are the grammar's, hence allowed. Returns 0 with the value in *ret_value, or -EBADMSG with *ret_fault. */
int json_text_check(const char *text, size_t len, unsigned max_depth, struct json_span *ret_value,
                    struct json_fault *ret_fault);

/* A walk over the members of an object or the elements of an array. Only for spans of a checked text. */
struct json_walk {
    const char *at, *end;
};

void json_walk_start(struct json_walk *walk, const struct json_span *container);

/* The next member of an object. Returns 1, or 0 at the end with the outputs untouched. */
int json_walk_member(struct json_walk *walk, struct json_span *ret_name, struct json_span *ret_value);

/* The next element of an array, likewise. */
int json_walk_element(struct json_walk *walk, struct json_span *ret_value);

/* What decoding a string found. */
struct json_text_notes {
    const char *lone_surrogate; /* where in the span the first one stands, or NULL */
};

/* Appends the bytes that a checked string stands for. A lone surrogate, which UTF-8 has no bytes for, becomes U+FFFD
 * and is noted. `ret_notes` may be NULL. Returns 0 or -ENOMEM with the buffer untouched. */
int json_text_append(struct byte_buffer *buffer, const struct json_span *string, struct json_text_notes *ret_notes);

/* 1 when the string stands for exactly this ASCII text, however it is written. */
int json_text_equals(const struct json_span *string, const char *text);

/* Reads an integer written without fraction and exponent. Returns 0, -EINVAL when it is written otherwise, or -ERANGE
 * when it does not fit (then *ret_value is the nearest that does). */
int json_text_integer(const struct json_span *number, long long *ret_value);

/* "an object", "a string", ..., static. */
const char *json_text_kind_name(enum json_text_kind kind);

/* Line and column (in characters), both from 1, of an offset into a text. */
void json_text_position(const char *text, size_t len, size_t offset, size_t *ret_line, size_t *ret_column);

#endif
