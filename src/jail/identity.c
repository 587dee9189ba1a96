#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include "jail/layers.h"

int jail_set_identity(uint32_t uid, uint32_t gid) {
    /* In a user namespace that an ordinary user made, setgroups() is forbidden for good and the groups of that user
     * cannot be dropped: they count as "nogroup" there. Everywhere else a failure is one. */
    if (setgroups(0, NULL) < 0 && errno != EPERM) {
        return -errno;
    }
    if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) {
        return -errno;
    }
    if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid) {
        return -EPERM;
    }
    return 0;
}
