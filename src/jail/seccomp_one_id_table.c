/* What is different for sandboxes without namespaces that all have one user id: there the kernel's own checks of
 * ownership do not keep one sandbox from another, nor count its processes. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "jail/seccomp_table.h"

#define CLONE_REFUSED                                                                                                  \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |       \
     CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED)

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
#define N_OWN (sizeof one_id_table / sizeof one_id_table[0])

static int is_own(const char *call) {
    for (size_t i = 0; i < N_OWN; i++) {
        if (strcmp(one_id_table[i].call, call) == 0) {
            return 1;
        }
    }
    return 0;
}

struct seccomp_row *seccomp_one_id_table(size_t *ret_rows) {
    size_t n_ordinary = 0, n = 0;
    const struct seccomp_row *ordinary = seccomp_sandbox_table(&n_ordinary);
    struct seccomp_row *rows = calloc(n_ordinary + N_OWN, sizeof *rows);
    if (!rows) {
        return NULL;
    }
    for (size_t i = 0; i < n_ordinary; i++) {
        if (!is_own(ordinary[i].call)) {
            rows[n++] = ordinary[i];
        }
    }
    memcpy(rows + n, one_id_table, sizeof one_id_table);
    *ret_rows = n + N_OWN;
    return rows;
}
