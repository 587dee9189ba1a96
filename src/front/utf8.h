/* UTF-8 as Unicode and RFC 3629 define it: no surrogates, no overlong forms, nothing above U+10FFFF. Pure. */
#ifndef PYEXEC_FRONT_UTF8_H
#define PYEXEC_FRONT_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "front/byte_buffer.h"

enum utf8_step {
    UTF8_VALID,   /* one whole character */
    UTF8_INVALID, /* the longest start of a character that goes wrong behind it, at least one byte */
    UTF8_PARTIAL, /* the text ends inside a character that is right so far */
};

/* Judges the start of text[0 .. len), len > 0; *ret_len is the number of bytes the judgement is about. */
enum utf8_step utf8_step(const char *text, size_t len, size_t *ret_len);

/* The length of the longest valid start of the text; `len` when all of it is UTF-8. */
size_t utf8_valid_len(const char *text, size_t len);

/* Appends the text with each invalid or partial sequence replaced by U+FFFD, one for each maximal subpart, as Python's
 * errors="replace" does. Returns 0 or -ENOMEM with the buffer untouched. */
int utf8_append_replaced(struct byte_buffer *buffer, const char *text, size_t len);

/* The bytes at the end of the text that begin a character which does not end there: 0 to 3. */
size_t utf8_partial_end(const char *text, size_t len);

/* The continuation bytes at the start of the text, 0 to 3: what is left of a character cut in two. */
size_t utf8_partial_start(const char *text, size_t len);

/* The byte length of the first `max_characters` characters of a valid text; `len` when it has no more than those. */
size_t utf8_cut(const char *text, size_t len, size_t max_characters);

/* Writes the character (any code point but surrogates) as UTF-8. Returns its 1 to 4 bytes. */
size_t utf8_encode(uint32_t character, char *ret_bytes);

#endif
