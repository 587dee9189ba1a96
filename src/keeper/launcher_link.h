/* The socket to the launcher: words to it, settings that the operator has reloaded from it. */
#ifndef PYEXEC_KEEPER_LAUNCHER_LINK_H
#define PYEXEC_KEEPER_LAUNCHER_LINK_H

#include <stdint.h>

#include "keeper/keeper.h"

struct keeper;

/* Limits that were lowered still permit what front had admitted under the old ones, for as long as that can wait. */
struct permission {
    uint64_t until_us; /* 0: there are no old ones */
    uint64_t max_timeout_ms, min_memory_bytes, max_memory_bytes;
};

/* Takes the descriptor and watches it. Returns 0 or -errno. */
int launcher_link_open(struct keeper *keeper, int fd);

/* Never waits; a word that finds no room is lost, and another follows. */
void launcher_link_say(const struct keeper *keeper, enum keeper_word word);

/* Whether front may ask for these limits: 1 or 0. */
int permission_covers(const struct keeper *keeper, uint64_t timeout_ms, uint64_t memory_bytes);

#endif
