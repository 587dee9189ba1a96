#include "front/json_text.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "front/utf8.h"

#define BITS_PER_WORD 64u

/* Longer numbers are judged by their first half as many digits: far more than a double's rounding looks at. */
#define NUMBER_COPY_MAX 512u

struct checker {
    const char *start, *at, *end;
    struct json_fault fault;
    unsigned depth;
    uint64_t is_object[JSON_TEXT_MAX_DEPTH / BITS_PER_WORD + 1]; /* one bit a level */
};

static int fail_at(struct checker *checker, const char *at, const char *reason) {
    checker->fault.offset = (size_t)(at - checker->start);
    checker->fault.reason = reason;
    return -EBADMSG;
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    return at;
}

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static int check_escape(struct checker *checker) {
    const char *backslash = checker->at++;
    if (checker->at == checker->end) {
        return fail_at(checker, backslash, "the text ends inside a string");
    }
    char c = *checker->at++;
    if (c != 'u') {
        return strchr("\"\\/bfnrt", c) && c ? 0 : fail_at(checker, backslash, "this escape is not one of JSON's");
    }
    for (int i = 0; i < 4; i++) {
        if (checker->at == checker->end || hex_value(*checker->at) < 0) {
            return fail_at(checker, backslash, "\\u needs four hexadecimal digits");
        }
        checker->at++;
    }
    return 0;
}

/* at: the opening quote */
static int check_string(struct checker *checker) {
    const char *quote = checker->at++;
    while (checker->at < checker->end) {
        unsigned char c = (unsigned char)*checker->at;
        if (c == '"') {
            checker->at++;
            return 0;
        }
        if (c == '\\') {
            int error = check_escape(checker);
            if (error) {
                return error;
            }
        } else if (c < 0x20) {
            return fail_at(checker, checker->at, "a control character in a string must be written as an escape");
        } else if (c < 0x80) {
            checker->at++;
        } else {
            size_t step_len;
            if (utf8_step(checker->at, (size_t)(checker->end - checker->at), &step_len) != UTF8_VALID) {
                return fail_at(checker, checker->at, "these bytes are not UTF-8");
            }
            checker->at += step_len;
        }
    }
    return fail_at(checker, quote, "this string has no end");
}

static int becomes_infinite(const char *number, size_t len) {
    char copy[NUMBER_COPY_MAX];
    if (len < sizeof copy) {
        memcpy(copy, number, len);
        copy[len] = '\0';
        return isinf(strtod(copy, NULL));
    }
    /* Too long for the stack: write it as 0.DIGITS times a power of ten, with as many digits as matter. */
    size_t used = 0;
    long long point = 0; /* the power of ten */
    int seen_point = 0, seen_nonzero = 0;
    const char *end = number + len;
    const char *at = number;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            seen_point = 1;
        } else if (is_digit(*at)) {
            seen_nonzero |= *at != '0';
            if (seen_nonzero) {
                point += !seen_point;
                if (used < NUMBER_COPY_MAX / 2) {
                    copy[used++] = *at;
                }
            } else if (seen_point) {
                point--;
            }
        }
    }
    if (!seen_nonzero) {
        return 0;
    }
    long long exponent = 0;
    if (at < end) {
        at++;
        int negative = *at == '-';
        at += *at == '-' || *at == '+';
        for (; at < end; at++) {
            /* Beyond this no number of digits that fits in memory brings it back. */
            if (exponent < LLONG_MAX / 100) {
                exponent = exponent * 10 + (*at - '0');
            }
        }
        exponent = negative ? -exponent : exponent;
    }
    long long power = point + exponent;
    if (power > 310 || power < -400) {
        return power > 0;
    }
    copy[used++] = 'e';
    long long shift = power - (long long)(used - 1);
    if (shift < 0) {
        copy[used++] = '-';
        shift = -shift;
    }
    char digits[24];
    size_t n_digits = 0;
    do {
        digits[n_digits++] = (char)('0' + shift % 10);
        shift /= 10;
    } while (shift > 0);
    while (n_digits > 0) {
        copy[used++] = digits[--n_digits];
    }
    copy[used] = '\0';
    return isinf(strtod(copy, NULL));
}

static int check_digits(struct checker *checker, const char *reason) {
    if (checker->at == checker->end || !is_digit(*checker->at)) {
        return fail_at(checker, checker->at, reason);
    }
    while (checker->at < checker->end && is_digit(*checker->at)) {
        checker->at++;
    }
    return 0;
}

static int check_number(struct checker *checker) {
    const char *number = checker->at;
    int is_real = 0;
    checker->at += *checker->at == '-';
    if (checker->at < checker->end && *checker->at == 'I') {
        return fail_at(checker, number, "NaN and Infinity are not JSON");
    }
    const char *integer = checker->at;
    int error = check_digits(checker, "a digit is missing");
    if (error) {
        return error;
    }
    if (*integer == '0' && checker->at - integer > 1) {
        return fail_at(checker, integer, "a number must not begin with 0");
    }
    if (checker->at < checker->end && *checker->at == '.') {
        is_real = 1;
        checker->at++;
        error = check_digits(checker, "a digit must follow the decimal point");
    }
    if (!error && checker->at < checker->end && (*checker->at == 'e' || *checker->at == 'E')) {
        is_real = 1;
        checker->at++;
        if (checker->at < checker->end && (*checker->at == '+' || *checker->at == '-')) {
            checker->at++;
        }
        error = check_digits(checker, "a digit must follow the exponent sign");
    }
    if (!error && is_real && becomes_infinite(number, (size_t)(checker->at - number))) {
        return fail_at(checker, number, "this number is out of range: its size is more than a double holds");
    }
    return error;
}

static int check_word(struct checker *checker) {
    static const char *const words[] = {"true", "false", "null"};
    size_t left = (size_t)(checker->end - checker->at);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (left >= len && memcmp(checker->at, words[i], len) == 0) {
            checker->at += len;
            return 0;
        }
    }
    switch (*checker->at) {
    case 'N':
    case 'I':
        return fail_at(checker, checker->at, "NaN and Infinity are not JSON");
    case '\'':
        return fail_at(checker, checker->at, "strings stand in double quotes");
    case ']':
    case '}':
        return fail_at(checker, checker->at, "a value is missing here (is there a comma too many?)");
    default:
        return fail_at(checker, checker->at, "this is not the start of a JSON value");
    }
}

static int top_is_object(const struct checker *checker) {
    unsigned level = checker->depth - 1;
    return (checker->is_object[level / BITS_PER_WORD] >> (level % BITS_PER_WORD)) & 1;
}

static void push(struct checker *checker, int is_object) {
    unsigned level = checker->depth++;
    uint64_t bit = (uint64_t)1 << (level % BITS_PER_WORD);
    if (level % BITS_PER_WORD == 0) {
        checker->is_object[level / BITS_PER_WORD] = 0; /* the first of its word */
    }
    if (is_object) {
        checker->is_object[level / BITS_PER_WORD] |= bit;
    } else {
        checker->is_object[level / BITS_PER_WORD] &= ~bit;
    }
}

/* at: where a member's name should begin. Leaves `at` behind the colon. */
static int check_name(struct checker *checker) {
    if (checker->at == checker->end) {
        return fail_at(checker, checker->at, "the text ends inside an object");
    }
    if (*checker->at != '"') {
        return fail_at(checker, checker->at, "a name in double quotes is missing here");
    }
    int error = check_string(checker);
    if (error) {
        return error;
    }
    checker->at = skip_space(checker->at, checker->end);
    if (checker->at == checker->end || *checker->at != ':') {
        return fail_at(checker, checker->at, "a colon is missing here");
    }
    checker->at++;
    return 0;
}

/* Checks one value, or only the opening of an array or object. *ret_done: the value is whole. */
static int check_value_start(struct checker *checker, unsigned max_depth, int *ret_done) {
    checker->at = skip_space(checker->at, checker->end);
    if (checker->at == checker->end) {
        return fail_at(checker, checker->at, "the text ends where a value is missing");
    }
    char c = *checker->at;
    *ret_done = 1;
    if (c == '"') {
        return check_string(checker);
    }
    if (c == '-' || is_digit(c)) {
        return check_number(checker);
    }
    if (c != '{' && c != '[') {
        return check_word(checker);
    }
    if (checker->depth == max_depth) {
        return fail_at(checker, checker->at, "arrays and objects are nested too deeply");
    }
    push(checker, c == '{');
    checker->at = skip_space(checker->at + 1, checker->end);
    if (checker->at < checker->end && *checker->at == (c == '{' ? '}' : ']')) {
        checker->at++;
        checker->depth--;
        return 0;
    }
    *ret_done = 0;
    return c == '{' ? check_name(checker) : 0;
}

/* Behind a whole value inside an array or object: closes what ends here. *ret_done: all of it is closed. */
static int check_value_end(struct checker *checker, int *ret_done) {
    *ret_done = 0;
    while (checker->depth > 0) {
        int in_object = top_is_object(checker);
        checker->at = skip_space(checker->at, checker->end);
        if (checker->at == checker->end) {
            return fail_at(checker, checker->at,
                           in_object ? "the text ends inside an object" : "the text ends inside an array");
        }
        char c = *checker->at;
        if (c == ',') {
            checker->at = skip_space(checker->at + 1, checker->end);
            return in_object ? check_name(checker) : 0;
        }
        if (c != (in_object ? '}' : ']')) {
            return fail_at(checker, checker->at,
                           in_object ? "a comma or the end of the object is missing here"
                                     : "a comma or the end of the array is missing here");
        }
        checker->at++;
        checker->depth--;
    }
    *ret_done = 1;
    return 0;
}

static enum json_text_kind kind_of(char c) {
    switch (c) {
    case '{':
        return JSON_TEXT_OBJECT;
    case '[':
        return JSON_TEXT_ARRAY;
    case '"':
        return JSON_TEXT_STRING;
    case 't':
    case 'f':
        return JSON_TEXT_BOOLEAN;
    case 'n':
        return JSON_TEXT_NULL;
    default:
        return JSON_TEXT_NUMBER;
    }
}

int json_text_check(const char *text, size_t len, unsigned max_depth, struct json_span *ret_value,
                    struct json_fault *ret_fault) {
    struct checker checker;
    if (len == 0) {
        text = ""; /* so that NULL will do */
    }
    checker.start = checker.at = text;
    checker.end = text + len;
    checker.depth = 0;
    const char *value = skip_space(text, checker.end);
    int error = 0;
    for (int done = 0; !done && !error;) {
        error = check_value_start(&checker, max_depth, &done);
        if (!error && done) {
            error = check_value_end(&checker, &done);
        }
    }
    const char *value_end = checker.at;
    if (!error && skip_space(value_end, checker.end) != checker.end) {
        error = fail_at(&checker, skip_space(value_end, checker.end), "something follows behind the JSON value");
    }
    if (error) {
        *ret_fault = checker.fault;
        return error;
    }
    ret_value->text = value;
    ret_value->len = (size_t)(value_end - value);
    ret_value->kind = kind_of(*value);
    return 0;
}

/* The end of the string that begins at `at`, in a checked text. */
static const char *skip_string(const char *at) {
    for (at++; *at != '"'; at++) {
        at += *at == '\\';
    }
    return at + 1;
}

/* The end of the value that begins at `at`, in a checked text. */
static const char *skip_value(const char *at, const char *end) {
    size_t depth = 0;
    do {
        switch (*at) {
        case '"':
            at = skip_string(at);
            break;
        case '{':
        case '[':
            depth++;
            at++;
            break;
        case '}':
        case ']':
            depth--;
            at++;
            break;
        case ' ':
        case '\n':
        case '\r':
        case '\t':
        case ',':
        case ':':
            at++;
            break;
        default:
            while (at < end && !strchr(" \n\r\t,:]}", *at)) {
                at++;
            }
        }
    } while (depth > 0);
    return at;
}

void json_walk_start(struct json_walk *walk, const struct json_span *container) {
    walk->at = container->text + 1;
    walk->end = container->text + container->len - 1;
}

static struct json_span take_value(struct json_walk *walk) {
    walk->at = skip_space(walk->at, walk->end);
    const char *value = walk->at;
    walk->at = skip_value(value, walk->end);
    return (struct json_span){.text = value, .len = (size_t)(walk->at - value), .kind = kind_of(*value)};
}

/* Moves over the comma between two members. Returns 0 at the end. */
static int more_to_walk(struct json_walk *walk) {
    walk->at = skip_space(walk->at, walk->end);
    if (walk->at < walk->end && *walk->at == ',') {
        walk->at++;
        walk->at = skip_space(walk->at, walk->end);
    }
    return walk->at < walk->end;
}

int json_walk_member(struct json_walk *walk, struct json_span *ret_name, struct json_span *ret_value) {
    if (!more_to_walk(walk)) {
        return 0;
    }
    *ret_name = take_value(walk);
    walk->at = skip_space(walk->at, walk->end) + 1; /* the colon */
    *ret_value = take_value(walk);
    return 1;
}

int json_walk_element(struct json_walk *walk, struct json_span *ret_value) {
    if (!more_to_walk(walk)) {
        return 0;
    }
    *ret_value = take_value(walk);
    return 1;
}

static uint32_t hex4(const char *at) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        value = value << 4 | (uint32_t)hex_value(at[i]);
    }
    return value;
}

/* at: the u of \uXXXX. Returns how far it reads, from the u on. */
static size_t decode_unicode_escape(const char *at, const char *end, uint32_t *ret_character, int *ret_lone) {
    uint32_t unit = hex4(at + 1);
    *ret_lone = 0;
    *ret_character = unit;
    if (unit < 0xD800 || unit > 0xDFFF) {
        return 5;
    }
    if (unit <= 0xDBFF && end - at >= 11 && at[5] == '\\' && at[6] == 'u') {
        uint32_t low = hex4(at + 7);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *ret_character = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            return 11;
        }
    }
    *ret_lone = 1;
    *ret_character = 0xFFFD;
    return 5;
}

int json_text_append(struct byte_buffer *buffer, const struct json_span *string, struct json_text_notes *ret_notes) {
    /* No escape stands for more bytes than it is long. */
    int error = byte_buffer_reserve(buffer, string->len);
    if (error) {
        return error;
    }
    static const char letters[] = "\"\\/bfnrt", stands_for[] = "\"\\/\b\f\n\r\t";
    struct json_text_notes notes = {0};
    const char *at = string->text + 1;
    const char *end = string->text + string->len - 1;
    char *out = buffer->bytes + buffer->len;
    while (at < end) {
        const char *backslash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((backslash ? backslash : end) - at);
        memcpy(out, at, plain);
        out += plain;
        at += plain;
        if (!backslash) {
            break;
        }
        at++;
        if (*at != 'u') {
            *out++ = stands_for[strchr(letters, *at) - letters];
            at++;
            continue;
        }
        uint32_t character;
        int lone;
        at += decode_unicode_escape(at, end, &character, &lone);
        if (lone && !notes.lone_surrogate) {
            notes.lone_surrogate = backslash;
        }
        out += utf8_encode(character, out);
    }
    buffer->len = (size_t)(out - buffer->bytes);
    if (ret_notes) {
        *ret_notes = notes;
    }
    return 0;
}

int json_text_equals(const struct json_span *string, const char *text) {
    size_t len = strlen(text);
    if (string->kind != JSON_TEXT_STRING || string->len - 2 > len * 6) {
        return 0;
    }
    if (!memchr(string->text, '\\', string->len)) {
        return string->len - 2 == len && memcmp(string->text + 1, text, len) == 0;
    }
    cleanup_byte_buffer struct byte_buffer decoded = {0};
    return json_text_append(&decoded, string, NULL) == 0 && decoded.len == len && memcmp(decoded.bytes, text, len) == 0;
}

int json_text_integer(const struct json_span *number, long long *ret_value) {
    const char *at = number->text;
    const char *end = at + number->len;
    int negative = *at == '-';
    long long value = 0;
    for (at += negative; at < end; at++) {
        if (!is_digit(*at)) {
            return -EINVAL;
        }
    }
    for (at = number->text + negative; at < end; at++) {
        int digit = *at - '0';
        if (value > (LLONG_MAX - digit) / 10) {
            *ret_value = negative ? LLONG_MIN : LLONG_MAX;
            return -ERANGE;
        }
        value = value * 10 + digit;
    }
    *ret_value = negative ? -value : value;
    return 0;
}

const char *json_text_kind_name(enum json_text_kind kind) {
    static const char *const names[] = {
        [JSON_TEXT_OBJECT] = "an object", [JSON_TEXT_ARRAY] = "an array",    [JSON_TEXT_STRING] = "a string",
        [JSON_TEXT_NUMBER] = "a number",  [JSON_TEXT_BOOLEAN] = "a boolean", [JSON_TEXT_NULL] = "null",
    };
    return names[kind];
}

void json_text_position(const char *text, size_t len, size_t offset, size_t *ret_line, size_t *ret_column) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < len; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}
