/* JSON strings and numbers into a bounded buffer. */
#ifndef PYEXEC_GUEST_ENCODE_TEXT_H
#define PYEXEC_GUEST_ENCODE_TEXT_H

#include "guest/encode.h"

/* All return 0; 1 when the text does not fit any more; -1 with a Python exception set. */
enum { ENCODE_FULL = 1 };

int encode_bytes(struct encode_output *output, const char *bytes, size_t size);

/* `text` is a str or of a subclass. Control characters and lone surrogates are escaped, everything else is UTF-8. */
int encode_string(struct encode_output *output, PyObject *text);

/* `number` is an int or of a subclass; every digit. The interpreter's limit of digits must be lifted. */
int encode_int(struct encode_output *output, PyObject *number);

/* The shortest text that reads back as the same number; null for what JSON has no number for. */
int encode_float(struct encode_output *output, double number);

#endif
