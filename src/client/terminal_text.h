/* Text of strangers for a terminal. Pure. */
#ifndef PYEXEC_CLIENT_TERMINAL_TEXT_H
#define PYEXEC_CLIENT_TERMINAL_TEXT_H

#include <stddef.h>

#include "front/byte_buffer.h"

/* Appends the text with everything that a terminal would obey made visible: control characters but line end and tab as
 * ^[ or \u009b, characters that turn the direction of text or cannot be seen as \u202e, bytes that are no UTF-8 as
 * U+FFFD. Returns 0 or -ENOMEM. */
int terminal_text_append(struct byte_buffer *buffer, const char *text, size_t len);

#endif
