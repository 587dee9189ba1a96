#include "jail/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/clone.h"

#define SPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP)

/* The one id that everybody may map: the own one. */
static int enter_user_namespace(void) {
    char map[64];
    const unsigned uid = geteuid(), gid = getegid();
    if (unshare(CLONE_NEWUSER) < 0) {
        return -errno;
    }
    (void)io_write_text(AT_FDCWD, "/proc/self/setgroups", "deny");
    (void)snprintf(map, sizeof map, "0 %u 1", uid);
    int error = io_write_text(AT_FDCWD, "/proc/self/uid_map", map);
    (void)snprintf(map, sizeof map, "0 %u 1", gid);
    return error ? error : io_write_text(AT_FDCWD, "/proc/self/gid_map", map);
}

static int try_mounts(void) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("probe", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") < 0) {
        return -errno;
    }
    cleanup_close int tree = open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    cleanup_close int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    return tree < 0 || context < 0 ? -errno : 0;
}

static struct jail_probe try_all(int use_user_namespace) {
    struct jail_probe probe = {.step = "user namespace"};
    probe.error = use_user_namespace ? enter_user_namespace() : 0;
    if (!probe.error) {
        (void)strcpy(probe.step, "namespaces");
        probe.error = unshare(SPACES) < 0 ? -errno : 0;
    }
    if (!probe.error) {
        (void)strcpy(probe.step, "mounts");
        probe.error = try_mounts();
    }
    return probe;
}

void jail_probe_namespaces(int use_user_namespace, struct jail_probe *ret_probe) {
    struct jail_probe probe = {.error = -EIO, .step = "probe"};
    int ends[2], pidfd = -1;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        probe.error = -errno;
        *ret_probe = probe;
        return;
    }
    cleanup_close int out = ends[0];
    cleanup_close int in = ends[1];
    pid_t pid = jail_clone(0, &pidfd);
    if (pid == 0) {
        probe = try_all(use_user_namespace);
        _exit(io_write_full(in, &probe, sizeof probe) < 0);
    }
    close_fd(&in);
    cleanup_close int child = pidfd;
    if (pid < 0) {
        probe.error = (int)pid;
    } else {
        struct jail_probe said;
        if (io_read_full(out, &said, sizeof said) == (ssize_t)sizeof said) {
            probe = said;
        }
        (void)waitid(P_PIDFD, (id_t)child, &(siginfo_t){0}, WEXITED);
    }
    *ret_probe = probe;
}

int jail_probe_gvisor(void) {
    struct utsname name;
    /* Its kernel has said the same since 2016. */
    return uname(&name) == 0 && strcmp(name.version, "#1 SMP Sun Jan 10 15:06:54 PST 2016") == 0;
}

int jail_has_capabilities(unsigned long long wanted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) < 0) {
        return 0;
    }
    const unsigned long long effective = data[0].effective | (unsigned long long)data[1].effective << 32;
    return (effective & wanted) == wanted;
}
