/* Collectors: short-lived children of the keeper that look where a script can lay traps, with the script's own rights
 * and no more: real and saved id nobody's, so that the script cannot signal them; effective id the sandbox's.
 *
 * A cleaner empties a private directory whose sandbox is dead. A watcher measures a running sandbox that no control
 * group measures. Both see paths and processes of a hostile script; the keeper sees their exit status and numbers. */
#ifndef PYEXEC_KEEPER_COLLECTOR_H
#define PYEXEC_KEEPER_COLLECTOR_H

#include <stdint.h>
#include <sys/types.h>

#define COLLECTOR_PATH_MAX 1024

struct collector_options {
    int change_identity; /* 0: one user id for all */
    uid_t own_uid;       /* nobody's, for the real and saved id and the group */
    uid_t uid;           /* the sandbox's */
    int directory_fd;    /* the private directory, O_PATH; borrowed */
    int proc_fd;         /* of /proc; borrowed */
    /* Of a watcher only: */
    uint64_t tag;                            /* the sandbox's label */
    uint64_t max_file_bytes;                 /* what a file may have at most */
    char directory_path[COLLECTOR_PATH_MAX]; /* of the private directory, by the keeper's root */
};

/* What a watcher sends after each look, in a packet of exactly this. */
struct watcher_look {
    uint64_t memory_bytes; /* proportional share of all processes, and what hides from it: see watcher.c */
    uint64_t disk_bytes;   /* of the private directory, and of files that are open but in no directory any more */
    uint64_t inodes;
    uint64_t hides_memory; /* 1: some memory is held where nobody can tell how much */
    uint64_t cpu_us;       /* of all processes that live, with the children that they have waited for */
};

/* Starts a cleaner: it ends with status 0 when the directory is empty. Returns its pidfd (owned) or -errno. */
int collector_start_cleaner(const struct collector_options *options);

/* Starts a watcher, which sends looks until it is killed. Returns its pidfd with the socket in *ret_socket (both owned;
 * not blocking) or -errno. */
int collector_start_watcher(const struct collector_options *options, int *ret_socket);

#endif
