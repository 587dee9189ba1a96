/* Without namespaces: the private directories of sandboxes. Each gets a new one with a name that nobody can guess; none
 * is used twice. No path beneath one is ever followed here: emptying one is the collector's work (collector.h). */
#ifndef PYEXEC_KEEPER_PRIVATE_DIRS_H
#define PYEXEC_KEEPER_PRIVATE_DIRS_H

#include <stdint.h>
#include <sys/types.h>

#include "wire/guest_link.h"

struct private_dirs {
    int base_fd; /* of the directory that all keepers share */
    int own_fd;  /* of this keeper's in it, locked as long as the keeper lives */
    char own_name[SPAWN_DIRECTORY_SIZE];
    char path[256]; /* of own_fd as sandboxes see it */
};

#define PRIVATE_DIRS_NONE                                                                                              \
    { .base_fd = -1, .own_fd = -1 }

/* Opens the place: `asked` where the operator names one (absolute), else the first of the usual ones that can be made.
 * With `root` (absolute, no slash at its end; "" for none) it is beneath that tree, whose prefix ret_dirs->path does
 * not have. Returns 0 or -errno. */
int private_dirs_open(const char *root, const char *asked, struct private_dirs *ret_dirs);

/* Removes the place, as far as it is empty, and closes it. */
void private_dirs_close(struct private_dirs *dirs);

/* 0 when there is room for some of what a run may write, max_bytes; -ENOSPC when the disk is as good as full, so that a
 * script would be told of it which has nothing to do with it; or another -errno. */
int private_dirs_check_room(const struct private_dirs *dirs, uint64_t max_bytes);

/* Makes a directory for uid and gid (with change_owner; else it is the caller's). Writes its name and returns an O_PATH
 * descriptor, owned by the caller, or -errno. */
int private_dirs_make(const struct private_dirs *dirs, int change_owner, uid_t uid, gid_t gid,
                      char ret_name[SPAWN_DIRECTORY_SIZE]);

/* Opens one of them by its name, for reading: the descriptor, owned by the caller, or -errno. */
int private_dirs_reopen(const struct private_dirs *dirs, const char *name);

/* Removes an empty one. Returns 0 or -errno: -ENOTEMPTY when something is in it. */
int private_dirs_remove(const struct private_dirs *dirs, const char *name);

/* Goes on with what earlier keepers left: calls clean(context, directory, owner) for one directory that is left over
 * and not empty (the descriptor is the callee's) and returns 1, or removes what is empty and returns 0 when nothing is
 * left. -errno on failure. */
int private_dirs_clean_stale(const struct private_dirs *dirs,
                             void (*clean)(void *context, int directory_fd, uid_t owner), void *context);

#endif
