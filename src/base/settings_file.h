/* The form of the configuration file: lines `name = value`, empty lines, and comments on lines of their own.
 *
 *     # Longer runs for the batch queue
 *     max_timeout = 300
 *
 * A pure parser: what the names mean is settings.c's. */
#ifndef PYEXEC_BASE_SETTINGS_FILE_H
#define PYEXEC_BASE_SETTINGS_FILE_H

#include <stddef.h>

#define SETTINGS_FILE_MAX (64u << 10)

/* One line that sets something. Both texts are NUL-ended, without blanks around them, and go with the call. */
struct settings_line {
    unsigned number; /* from 1 */
    const char *name, *value;
};

/* Takes the text apart, which is changed on the way (text[len] must be there: it becomes a NUL), and calls on_line()
 * for each line that sets something, until that returns other than 0. Returns 0; what on_line() returned; or -EINVAL
 * with *ret_line and *ret_problem (static text) for a line that has not this form. */
int settings_file_parse(char *text, size_t len, int (*on_line)(void *context, const struct settings_line *line),
                        void *context, unsigned *ret_line, const char **ret_problem);

/* Reads a whole file, at most SETTINGS_FILE_MAX bytes, into memory that free() takes, with room for one byte more.
 * Only regular files: others could make a reload wait for ever. Returns the length or -errno (-EFBIG, -EINVAL for what
 * is no regular file). */
int settings_file_load(const char *path, char **ret_text);

#endif
