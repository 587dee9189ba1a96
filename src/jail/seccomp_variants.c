/* What is different for sandboxes that lack something which a better host would give them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "jail/seccomp_table.h"

/* Without namespaces the numbers of all processes of the container mean something to a sandbox, and its files may lie
 * on the container's disk, where what no name leads to is found through descriptors alone. */
static const struct seccomp_row no_namespaces_table[] = {
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
    /* What we send ourselves after this has no descriptors with it and goes by sendto. */
    DENY("sendmsg", EPERM, "a descriptor on its way through a socket is in no list of descriptors"),
};

/* Where they all have one user id, the kernel's own checks of ownership do not keep one sandbox from another, nor count
 * its processes. */
static const struct seccomp_row no_user_ids_table[] = {
    /* Landlock does not look at these calls, and the owner of everything may make them. By descriptor they are left,
     * and to get one of another's file takes a right that Landlock does look at. */
    DENY("chmod", EPERM, "by path they reach files that cannot be opened"),
    DENY("fchmodat", EPERM, "by path they reach files that cannot be opened"),
    ALLOW_IF("utimensat", "of an open file only: no path", 1, {1, ~0ULL, 0}),
};

/* And RLIMIT_NPROC counts a user id, so the keeper counts, and says no to all once the sandbox is to end. */
static const struct seccomp_row asking_table[] = {
    ASK("clone", "threads and children, as far as the other table lets them be"),
    ASK("vfork", "children"),
};

/* Shared anonymous memory is a file without a name that lives as long as any byte of it is mapped: what is written,
 * unmapped in part and forgotten by the page tables is in no figure of any process. mmap.mmap(-1, n) gets a file of the
 * private directory instead (src/guest/python/shared_maps.py). */
static const struct seccomp_row no_memory_group_table[] = {
    ALLOW_IF("mmap", "files", 1, {3, MAP_HUGETLB | MAP_ANONYMOUS, 0}),
    ALLOW_IF("mmap", "own memory, not shared", 1, {3, MAP_HUGETLB | MAP_SHARED, 0}),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct seccomp_row *seccomp_asking_table(size_t *ret_rows) {
    *ret_rows = COUNT(asking_table);
    return asking_table;
}

struct variant {
    int applies;
    const struct seccomp_row *rows;
    size_t n_rows;
};

static int names(const struct variant *variant, const char *call) {
    for (size_t i = 0; variant->applies && i < variant->n_rows; i++) {
        if (strcmp(variant->rows[i].call, call) == 0) {
            return 1;
        }
    }
    return 0;
}

struct seccomp_row *seccomp_sandbox_variant(const struct seccomp_lacks *lacks, size_t *ret_rows) {
    const struct variant variants[] = {
        {lacks->namespaces, no_namespaces_table, COUNT(no_namespaces_table)},
        {lacks->user_ids, no_user_ids_table, COUNT(no_user_ids_table)},
        {lacks->memory_group, no_memory_group_table, COUNT(no_memory_group_table)},
    };
    size_t n_ordinary = 0, n = 0, most = 0;
    const struct seccomp_row *ordinary = seccomp_sandbox_table(&n_ordinary);
    for (size_t i = 0; i < COUNT(variants); i++) {
        most += variants[i].n_rows;
    }
    struct seccomp_row *rows = calloc(n_ordinary + most, sizeof *rows);
    if (!rows) {
        return NULL;
    }
    for (size_t i = 0; i < n_ordinary; i++) {
        int replaced = 0;
        for (size_t j = 0; j < COUNT(variants); j++) {
            replaced |= names(&variants[j], ordinary[i].call);
        }
        if (!replaced) {
            rows[n++] = ordinary[i];
        }
    }
    for (size_t i = 0; i < COUNT(variants); i++) {
        if (variants[i].applies) {
            memcpy(rows + n, variants[i].rows, variants[i].n_rows * sizeof *rows);
            n += variants[i].n_rows;
        }
    }
    *ret_rows = n;
    return rows;
}
