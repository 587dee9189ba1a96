/* Saves what came back, below one directory. Names and contents are a stranger's: nothing is written outside of the
 * directory, through a link, or over a file that is there. */
#ifndef PYEXEC_CLIENT_SAVE_H
#define PYEXEC_CLIENT_SAVE_H

#include <stddef.h>

#include "client/exit_status.h"

struct saving {
    int directory; /* owned by the caller; -1: nothing is saved */
    int force;     /* a file that is there is replaced; a link itself, never what it leads to */
    int hidden;    /* names that begin with a dot are saved, too */
};

/* Why this is not the path of an artifact that could be saved: static text, or NULL where it could. Pure. */
const char *save_path_fault(const char *path, size_t len, int hidden);

/* Opens the directory of --output, making it (not the ones above it) where it does not exist; it may be a link, since
 * the user names it. Returns the descriptor, or -1 with *failure. */
int save_open_directory(const char *path, struct failure *failure);

/* Writes one file, making the directories of its path. Returns 0, or -1 with *failure; then no part of the file stays.
 */
int save_artifact(const struct saving *saving, const char *path, size_t path_len, const char *bytes, size_t len,
                  struct failure *failure);

#endif
