/* What can be told from a script without running it. Pure. */
#ifndef PYEXEC_FRONT_SCRIPT_SCAN_H
#define PYEXEC_FRONT_SCRIPT_SCAN_H

#include <stddef.h>

#include "wire/guest_kind.h"

/* The guest that has most of the script's imports loaded: GUEST_DATA when one of the data packages' names stands in
 * it as a word, or the first part of one of `modules` (names separated by commas, NUL-ended: the setting preload). A
 * guess: both guests can import everything. */
enum guest_kind script_wants(const char *script, size_t len, const char *modules);

/* 1 when there is nothing but white space. */
int script_is_blank(const char *script, size_t len);

#endif
