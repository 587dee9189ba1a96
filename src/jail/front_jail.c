/* Front goes behind its layers. This file holds their order, and the two that only front has. */
#include "jail/front_jail.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "jail/layers.h"
#include "jail/seccomp_table.h"

#ifndef PYEXEC_SANITIZED

/* Namespaces of its own, as far as the host gives them: with privileges, or by way of a user namespace. Descriptors
 * keep working in the network namespace that they were made in. Returns 1 when they are there, 0 when the host has none
 * for us (Landlock and seccomp then stand alone), or -errno. */
static int leave_namespaces(void) {
    const int wanted = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;
    if (unshare(wanted) == 0 || unshare(CLONE_NEWUSER | wanted) == 0) {
        return 1;
    }
    return errno == EPERM || errno == ENOSPC || errno == EINVAL || errno == ENOSYS ? 0 : -errno;
}

/* An empty, read-only tmpfs as root; the old tree is let go. */
static int enter_empty_root(void) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        return -errno;
    }
    /* On /proc, which every host has, and which nothing needs any more. */
    if (mount("empty", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=2,mode=555") < 0) {
        return -errno;
    }
    if (chdir("/proc") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
        return -errno;
    }
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
               ? -errno
               : 0;
}

int jail_enter_front(uint32_t uid, uint32_t gid, enum jail_step *ret_step) {
    size_t n_rows = 0;
    const struct seccomp_row *rows = seccomp_front_table(&n_rows);
    struct sock_fprog filter = {0};
    const int may_change_user = geteuid() == 0;
    int error;

#define LAYER(step, call)                                                                                              \
    error = (call);                                                                                                    \
    if (error < 0) {                                                                                                   \
        *ret_step = (step);                                                                                            \
        return error;                                                                                                  \
    }

    LAYER(JAIL_STEP_SECCOMP, seccomp_compile(rows, n_rows, &filter))
    LAYER(JAIL_STEP_NAMESPACES, leave_namespaces())
    if (error == 1) {
        LAYER(JAIL_STEP_ROOT, enter_empty_root())
    }
    LAYER(JAIL_STEP_CAPABILITIES, jail_drop_bounding_set())
    if (may_change_user) {
        LAYER(JAIL_STEP_IDENTITY, jail_set_identity(uid, gid))
    }
    LAYER(JAIL_STEP_CAPABILITIES, jail_drop_capabilities())
    LAYER(JAIL_STEP_NO_NEW_PRIVS, jail_set_no_new_privs(0))
    LAYER(JAIL_STEP_LANDLOCK, jail_landlock_front())
    LAYER(JAIL_STEP_SECCOMP, jail_install_filter(&filter, NULL))

#undef LAYER
    free(filter.filter);
    return 0;
}

#else

/* Under a sanitizer: another user and no capability, but no more. Its leak check traces itself by way of /proc at the
 * end, which every other layer forbids. Such a build is for tests only, and says so in its log. */
int jail_enter_front(uint32_t uid, uint32_t gid, enum jail_step *ret_step) {
    int error = geteuid() == 0 ? jail_set_identity(uid, gid) : 0;
    if (!error && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) {
        error = -errno;
    }
    if (error) {
        *ret_step = JAIL_STEP_IDENTITY;
    }
    return error;
}

#endif
