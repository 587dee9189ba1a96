#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/clone.h"
#include "jail/enter.h"

pid_t jail_fork_sibling(int init_fd, int *ret_pidfd) {
    /* Only children are affected, and each sandbox names its own namespace: nothing to restore afterwards. */
    if (init_fd >= 0 && setns(init_fd, CLONE_NEWPID) < 0) {
        return -errno;
    }
    return jail_clone(CLONE_PARENT, ret_pidfd);
}
