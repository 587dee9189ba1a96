/* Control groups, one for each slot: memory, processes, CPU accounting and CPU share.
 *
 * Version 1 and version 2, and both at once, as on a host where some controllers are still in version 1 hierarchies.
 * Each controller is used where a group can really be made; what is missing is said in `errors` and done by resource
 * limits and the keeper's watch instead. cgroup_version.h holds what differs between the versions. */
#ifndef PYEXEC_KEEPER_CGROUP_H
#define PYEXEC_KEEPER_CGROUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_controller {
    CGROUP_MEMORY = 0,
    CGROUP_PIDS = 1,
    CGROUP_CPUACCT = 2,
    CGROUP_CPU = 3, /* an equal share for each slot, however many processes are in it */
    CGROUP_CONTROLLERS = 4,
};

struct cgroup_version;

struct cgroup_slot {
    int join_fds[CGROUP_CONTROLLERS]; /* what a process writes to that joins; -1: missing, or the one before is its too
                                       */
    int limit_fd, peak_fd, events_fd; /* memory */
    int usage_fd;                     /* cpuacct */
    int processes_fd;                 /* pids */
    int kill_fd;                      /* version 2 */
    uint64_t limit_bytes;             /* in force; 0: none was set */
    uint64_t oom_kills;               /* counted when the slot was prepared */
};

/* Our group in a hierarchy, and where it was made. */
struct cgroup_place {
    int parent_fd, dir_fd; /* the latter locked as long as we live; -1: none */
};

struct cgroups {
    const struct cgroup_version *versions[CGROUP_CONTROLLERS]; /* NULL: missing */
    int errors[CGROUP_CONTROLLERS];                            /* why: -errno */
    struct cgroup_place v1[CGROUP_CONTROLLERS];
    struct cgroup_place v2;
    int v2_error;                      /* why there is no such place: -errno */
    int v2_errors[CGROUP_CONTROLLERS]; /* why it does not hand the controller down: -errno */
    unsigned v2_switched_on;           /* bits of controllers that we have switched on in its parent */
    int v2_moved;                      /* 1: our own processes were moved out of the parent */
    int v2_fresh;                      /* 1: its peak cannot be put back, so each sandbox gets a new group */
    pid_t companion;
    char name[48];
    uint64_t max_processes;
    struct cgroup_slot *slots;
    size_t n_slots;
};

/* Makes our group and one beneath it for each slot wherever the host lets us, and removes those that a dead instance
 * left behind. In version 2 a group with processes of its own can hand no controller down: where that is in the way,
 * the caller and `companion` (another process of ours; 0: none) are moved into a group beside those of the slots. Never
 * fails for want of cgroups: then the controllers are just missing. Returns 0, or -errno when memory runs out. */
int cgroups_open(struct cgroups *ret_groups, size_t n_slots, uint64_t max_processes, pid_t companion);

/* Moves back what was moved, removes the groups (empty by now) and closes everything. */
void cgroups_close(struct cgroups *groups);

int cgroups_has(const struct cgroups *groups, enum cgroup_controller controller);

/* 1 or 2; 0: the controller is missing. */
unsigned cgroups_version_of(const struct cgroups *groups, enum cgroup_controller controller);

/* Readies a slot's groups for the next sandbox: limit, peak and counters. Returns 0 or -errno. */
int cgroup_slot_prepare(struct cgroups *groups, size_t slot, uint64_t memory_bytes);

/* The files that a process of the slot's sandbox writes "0" to in order to join; ret_fds has room for
 * CGROUP_CONTROLLERS, they stay ours. Returns how many there are. */
size_t cgroup_slot_join_fds(const struct cgroups *groups, size_t slot, int *ret_fds);

/* Changes the limit of a sandbox that is there. -EBUSY: it already uses more (version 2 ends it instead). */
int cgroup_slot_set_memory(struct cgroups *groups, size_t slot, uint64_t memory_bytes);

/* What the slot's sandbox has used; 0 where the controller is missing. Also the peak where version 2 has none yet,
 * before Linux 5.19. */
uint64_t cgroup_slot_cpu_us(const struct cgroups *groups, size_t slot);
uint64_t cgroup_slot_memory_peak(const struct cgroups *groups, size_t slot);

/* Processes and threads in the slot's group, or -ENODATA where there is none. */
int cgroup_slot_processes(const struct cgroups *groups, size_t slot);

/* Whether the kernel killed a process of the slot's sandbox for its memory limit since it was prepared: 1 or 0. */
int cgroup_slot_oom_killed(const struct cgroups *groups, size_t slot);

/* Likewise 1 when the kernel has ended one of its processes for want of anybody's memory: its own limit, that of a
 * group around it, or the machine's. 0 without a memory group too. */
int cgroup_slot_oom_killed_for_any(const struct cgroups *groups, size_t slot);

/* Kills all processes of the slot's group in one step, which no fork escapes. Returns 0, or -EOPNOTSUPP where only
 * version 1 is to be had, or the kernel is older than 5.14. */
int cgroup_slot_kill(const struct cgroups *groups, size_t slot);

/* Where the kernel counts what it has ended for want of memory in the group that this process is in now, or in the next
 * one above that has such a file: the limits of groups and the machine's own want, of these processes alone. Returns a
 * descriptor for cgroup_oom_kills() (owned), or -ENOENT: there is none. */
int cgroup_open_oom_events(void);

/* How many there have been; 0 for -1. */
uint64_t cgroup_oom_kills(int events_fd);

#endif
