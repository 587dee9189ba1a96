/* What is different for sandboxes without namespaces: the numbers of all processes of the container mean something to
 * them, and their files may lie on its disk. And where they all have one user id, the kernel's own checks of ownership
 * do not keep one sandbox from another, nor count its processes. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "jail/seccomp_table.h"

#define CLONE_REFUSED                                                                                                  \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |       \
     CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED)

static const struct seccomp_row shared_pids_table[] = {
    /* Clocks with a name; those with a number are of other processes, and say what a neighbour computes. */
    ALLOW_IF("clock_gettime", "time, not another process' CPU clock", 1, {0, 0xfffffff0, 0}),
    ALLOW_IF("clock_getres", "likewise", 1, {0, 0xfffffff0, 0}),
    ALLOW_IF("clock_nanosleep", "likewise", 1, {0, 0xfffffff0, 0}),
    ALLOW_IF("sched_getscheduler", "one's own, not another process'", 1, {0, 0xffffffff, 0}),
    ALLOW_IF("sched_getparam", "likewise", 1, {0, 0xffffffff, 0}),
    ALLOW_IF("sched_getaffinity", "likewise", 1, {0, 0xffffffff, 0}),
    ALLOW_IF("getpriority", "likewise", 2, {0, 0xffffffff, PRIO_PROCESS}, {1, 0xffffffff, 0}),
    /* On a disk it takes any amount of space at once, past the limit on a file's size if it is told to leave the size
     * alone: no watch is fast enough. posix_fallocate() falls back to writing. */
    DENY("fallocate", EOPNOTSUPP, "the private directory may lie on a disk"),
};

static const struct seccomp_row one_id_table[] = {
    /* Landlock does not look at these calls, and the owner of everything may make them. By descriptor they are left,
     * and to get one of another's file takes a right that Landlock does look at. */
    DENY("chmod", EPERM, "by path they reach files that cannot be opened"),
    DENY("fchmodat", EPERM, "by path they reach files that cannot be opened"),
    ALLOW_IF("utimensat", "of an open file only: no path", 1, {1, ~0ULL, 0}),
    /* RLIMIT_NPROC counts a user id, so the keeper counts, and says no to all once the sandbox is to end. */
    ASK_IF("clone", "threads and children: in no new namespace, never as a sibling", 1, {0, CLONE_REFUSED, 0}),
    ASK("vfork", "likewise"),
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int names(const struct seccomp_row *rows, size_t n, const char *call) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].call, call) == 0) {
            return 1;
        }
    }
    return 0;
}

struct seccomp_row *seccomp_shared_pids_table(int one_id, size_t *ret_rows) {
    size_t n_ordinary = 0, n = 0;
    const struct seccomp_row *ordinary = seccomp_sandbox_table(&n_ordinary);
    const size_t n_one_id = one_id ? COUNT(one_id_table) : 0;
    struct seccomp_row *rows = calloc(n_ordinary + COUNT(shared_pids_table) + n_one_id, sizeof *rows);
    if (!rows) {
        return NULL;
    }
    for (size_t i = 0; i < n_ordinary; i++) {
        if (!names(shared_pids_table, COUNT(shared_pids_table), ordinary[i].call) &&
            !names(one_id_table, n_one_id, ordinary[i].call)) {
            rows[n++] = ordinary[i];
        }
    }
    memcpy(rows + n, shared_pids_table, sizeof shared_pids_table);
    n += COUNT(shared_pids_table);
    memcpy(rows + n, one_id_table, n_one_id * sizeof one_id_table[0]);
    *ret_rows = n + n_one_id;
    return rows;
}
