/* A message for people about something that they wrote, for a function that refuses it. */
#ifndef PYEXEC_BASE_COMPLAINT_H
#define PYEXEC_BASE_COMPLAINT_H

#include <stddef.h>

/* Where the message goes; a size of 0: nowhere. */
struct complaint {
    char *text;
    size_t size;
};

/* Writes the message, cut to its place; always returns -EINVAL. */
int complain(const struct complaint *complaint, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
