/* Base64 as RFC 4648, section 4 defines it, and nothing laxer. Pure. */
#ifndef PYEXEC_FRONT_BASE64_H
#define PYEXEC_FRONT_BASE64_H

#include <stddef.h>

/* The length of `size` bytes as base64. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Writes BASE64_SIZE(len) characters, padding included, without a NUL. Returns their number. */
size_t base64_encode(const char *bytes, size_t len, char *ret_text);

/* Decodes text[0 .. len) in place: the bytes take the text's place, *ret_len of them. Padding is required; white space,
 * other alphabets and stray bits behind the last byte are refused. Returns 0, or -EBADMSG with the offset of the fault
 * in *ret_fault and the text in an undefined state. */
int base64_decode(char *text, size_t len, size_t *ret_len, size_t *ret_fault);

#endif
