/* A forked child of a guest becomes a sandbox: all layers, in one visible order. */
#ifndef PYEXEC_JAIL_ENTER_H
#define PYEXEC_JAIL_ENTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/settings.h"
#include "jail/seccomp_table.h"
#include "jail/steps.h"

/* The descriptors of a sandbox once jail_enter() is through: 0 is an empty memfd for standard input, 1 and 2 the
 * output pipes, then these, close-on-exec; all others are closed. */
enum jail_fd { JAIL_FD_CONTROL = 3, JAIL_FD_RESULT = 4, JAIL_FD_REPORT = 5 };

#define JAIL_MAX_CGROUP_FDS 4

struct jail_options {
    enum isolation tier;
    int keep_identity;         /* 1: without namespaces, and no other id to be had; uid and gid are not looked at */
    int prepared_root;         /* 1: without namespaces, in a prepared tree: all of it may be read */
    const char *readable;      /* without namespaces: one more file that may be read and executed, or NULL */
    const char *site_packages; /* likewise directories, a list as in base/path_list.h, "" for none */
    uint32_t uid, gid;
    uint32_t niceness;      /* 0 .. 19 */
    uint64_t tag;           /* without namespaces: what the sandbox's processes are known by, see rlimits.c; else 0 */
    uint64_t max_processes; /* 0: not held by a resource limit */
    uint64_t max_open_files;
    uint64_t max_file_bytes;
    uint64_t max_cpu_ms;
    int place_fd; /* pidfd of the namespaces' init; without namespaces the private directory, O_PATH */
    int control_fd, stdout_fd, stderr_fd, result_fd, report_fd;
    int cgroup_fds[JAIL_MAX_CGROUP_FDS]; /* files of control groups to write oneself into */
    size_t n_cgroup_fds;
    const struct sock_fprog *filter; /* of jail_sandbox_filter(); borrowed */
    const struct sock_fprog *asking; /* of jail_asking_filter(), or NULL; borrowed */
    /* With `asking`: sends the descriptor on which it asks to who answers, by JAIL_FD_REPORT. Returns 0 or -errno. */
    int (*hand_over)(int listener_fd);
};

/* Compiles the seccomp table for sandboxes. Without namespaces questions about other processes are out; then, with one
 * user id for all, changes of files by path as well; without a memory control group shared anonymous memory is out.
 * Call once in the guest, before it forks. The program lives as long as the process. Returns 0 or -errno. */
int jail_sandbox_filter(const struct seccomp_lacks *lacks, const struct sock_fprog **ret_filter);

/* Likewise the table by which a sandbox asks the keeper for each new process: for one user id for all. */
int jail_asking_filter(const struct sock_fprog **ret_filter);

/* Forks a sibling: the child has the caller's parent as its parent and is in the pid namespace of the init behind
 * init_fd (-1: in the caller's). Returns 0 in the child, the pid (as the caller sees it) in the caller with the pidfd
 * in *ret_pidfd (owned), or -errno. The caller must be single-threaded, and wraps the call in PyOS_BeforeFork() and its
 * kin. */
pid_t jail_fork_sibling(int init_fd, int *ret_pidfd);

/* Applies every layer to the calling process, which is a child of jail_fork_sibling(). Allocates nothing. Takes all
 * descriptors in *options. Returns 0 with the descriptors of enum jail_fd in place, or -errno with the step in
 * *ret_step: then the process must report and _exit(). The report goes to JAIL_FD_REPORT when the step comes after
 * JAIL_STEP_DESCRIPTORS, to options->report_fd otherwise. */
int jail_enter(const struct jail_options *options, enum jail_step *ret_step);

#endif
