#include <errno.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/layers.h"

int jail_join_namespaces(int init_fd) {
    /* With a user namespace of its own the init is in another one than the caller; joining one's own is EINVAL. */
    if (setns(init_fd, CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        if (errno != EINVAL || setns(init_fd, CLONE_NEWNS) < 0) {
            return -errno;
        }
    }
    /* A process group of its own: kill(0, ...) goes to a whole group, across namespaces. And a scheduling group of its
     * own where the kernel makes one for each session. */
    if (setsid() < 0) {
        return -errno;
    }
    (void)umask(022);
    return chdir("/tmp") < 0 ? -errno : 0;
}
