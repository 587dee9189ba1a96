/* The memory that this sandbox leaves its result in (src/wire/run_result.h), mapped shared: one a process.
 *
 * A script can fork, and its child comes out of main() as well: only the process that attached the memory ("owner")
 * may write to it, every call here is without effect in another one. */
#ifndef PYEXEC_GUEST_RESULT_MAP_H
#define PYEXEC_GUEST_RESULT_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/run_result.h"

struct result_space {
    unsigned char *bytes;
    size_t size;
};

/* Maps `fd`, which stays open and borrowed; a negative one maps anonymous memory (the guest's own rehearsals).
 * A former mapping is let go. Makes the caller the owner. Returns 0 or -errno. */
int result_map_attach(int fd);

/* True in the process that attached the memory, false in its children. */
bool result_map_is_owner(void);

/* The process has a request: magic and phase. */
void result_map_begin(void);

void result_map_set_phase(enum run_phase phase);
void result_map_set_banner_written(void);

/* Where the JSON texts go; empty when the caller is not the owner. */
struct result_space result_map_record(void);
struct result_space result_map_value(void);

/* The log of artifacts, and how much of it counts. */
struct result_space result_map_artifacts(void);
void result_map_commit_artifacts(uint64_t used);

/* Where the last words go (wire/last_words.h); may be called by a signal handler. */
struct result_space result_map_last_words(void);

/* The last word: both texts are in place. Only the first call counts. */
void result_map_complete(size_t record_len, size_t value_len);

/* Zeros the header and the bytes that the texts took, as if nothing had run. */
void result_map_clear(void);

#endif
