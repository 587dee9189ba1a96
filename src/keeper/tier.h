/* Which tier of isolation this host gives, found by trying, the strongest first. */
#ifndef PYEXEC_KEEPER_TIER_H
#define PYEXEC_KEEPER_TIER_H

#include <stdint.h>

#include "base/settings.h"
#include "jail/probe.h"

/* What was found. The texts are for people. */
struct tier_choice {
    enum isolation tier; /* ISOLATION_AUTO: none that may be used; `problem` says why and what to change */
    int one_id;
    int use_user_namespace;
    int prepared_root;
    int landlock_abi;
    int gvisor;
    struct jail_probe namespaces; /* with the best that was tried */
    char tree_note[96];           /* without namespaces: why there is no prepared root, "" when there is one */
    char problem[320];
};

/* Looks; takes some milliseconds, and changes nothing. */
void tier_choose(const struct settings *settings, struct tier_choice *ret_choice);

/* The first user id of a block of `count` ids: `asked` where this user namespace has them all, else the end of its
 * largest range (a rootless container has 65,536 ids). Returns 0 or -ENOSPC. */
int tier_choose_ids(uint32_t asked, uint32_t count, uint32_t *ret_first);

#endif
