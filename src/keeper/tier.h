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

/* Claims a block of `count` user ids that no other service on this machine has: from `asked` on where this user
 * namespace has them all, else at the end of its largest range (a rootless container has 65,536 ids). A block that is
 * taken makes it the next one. The claim lasts as long as the descriptors (owned; -1 for one that is not needed), which
 * no child may keep. Returns 0 or -errno: -ENOSPC when there is no room. */
#define TIER_CLAIMS 2
int tier_claim_ids(uint32_t asked, uint32_t count, uint32_t *ret_first, int ret_claim_fds[TIER_CLAIMS]);

#endif
