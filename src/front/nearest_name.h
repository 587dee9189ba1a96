/* The name that somebody probably meant. Pure. */
#ifndef PYEXEC_FRONT_NEAREST_NAME_H
#define PYEXEC_FRONT_NEAREST_NAME_H

#include <stddef.h>

/* The one of names[0 .. n_names) that takes the fewest edits (a letter inserted, removed, changed, or two neighbours
 * swapped; the case of ASCII letters does not count) to become written[0 .. len). NULL when none is near: more than a
 * third of the longer one would have to change, or `len` is over 64. */
const char *nearest_name(const char *written, size_t len, const char *const *names, size_t n_names);

#endif
