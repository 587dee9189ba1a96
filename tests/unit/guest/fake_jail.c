/* Stands in for jail_fork_sibling() and jail_enter(): descriptors arranged, a private /tmp, nobody's user id, and no
 * other layer, so that the guest's own work can be tested without the keeper that builds a jail. Linked before the
 * jail's archive. */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

#include "jail/clone.h"
#include "jail/enter.h"
#include "jail/layers.h"

#define NOBODY 65534

pid_t jail_fork_sibling(int init_fd, int *ret_pidfd) {
    (void)init_fd;
    return jail_clone(CLONE_PARENT, ret_pidfd);
}

static int mount_private_tmp(void) {
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=1777") < 0 || chdir("/tmp") < 0) {
        return -errno;
    }
    return 0;
}

int jail_enter(const struct jail_options *options, enum jail_step *ret_step) {
    struct jail_options arranged = *options;
    int place_fd = -1;
    arranged.place_fd = -1;
    *ret_step = JAIL_STEP_DESCRIPTORS;
    int error = jail_arrange_descriptors(&arranged, &place_fd);
    if (error) {
        return error;
    }
    *ret_step = JAIL_STEP_NAMESPACES;
    error = mount_private_tmp();
    if (error) {
        return error;
    }
    /* Some of the tests' scripts do what would harm the machine. */
    *ret_step = JAIL_STEP_IDENTITY;
    return jail_set_identity(NOBODY, NOBODY);
}
