/* Control groups, one for each slot, made once and reused: memory, processes, CPU accounting and CPU share.
 *
 * Version 1 hierarchies. Each controller is used where a group can really be made; what is missing is said in `missing`
 * and done by resource limits and the keeper's watch instead. */
#ifndef PYEXEC_KEEPER_CGROUP_H
#define PYEXEC_KEEPER_CGROUP_H

#include <stddef.h>
#include <stdint.h>

enum cgroup_controller {
    CGROUP_MEMORY = 0,
    CGROUP_PIDS = 1,
    CGROUP_CPUACCT = 2,
    CGROUP_CPU = 3, /* an equal share for each slot, however many processes are in it */
    CGROUP_CONTROLLERS = 4,
};

struct cgroup_slot {
    int tasks_fds[CGROUP_CONTROLLERS]; /* -1 where the controller is missing */
    int limit_fd, peak_fd, oom_fd;     /* memory */
    int usage_fd;                      /* cpuacct */
    int processes_fd;                  /* pids */
    uint64_t limit_bytes;              /* in force */
    uint64_t oom_kills;                /* counted when the slot was prepared */
};

struct cgroups {
    int dirs[CGROUP_CONTROLLERS]; /* our group in each hierarchy, locked as long as we live; -1: missing */
    int parents[CGROUP_CONTROLLERS];
    char name[48];
    char missing[96]; /* why a controller is missing; "" when none is */
    struct cgroup_slot *slots;
    size_t n_slots;
};

/* Makes our group and one beneath it for each slot wherever the host lets us, and removes those that a dead instance
 * left behind. Never fails for want of cgroups: then the controllers are just missing. Returns 0, or -errno when memory
 * or descriptors run out. */
int cgroups_open(struct cgroups *ret_groups, size_t n_slots, uint64_t max_processes);

/* Removes the groups (empty by now) and closes everything. */
void cgroups_close(struct cgroups *groups);

int cgroups_has(const struct cgroups *groups, enum cgroup_controller controller);

/* Readies a slot's groups for the next sandbox: limit, peak and counters. Returns 0 or -errno. */
int cgroup_slot_prepare(struct cgroups *groups, size_t slot, uint64_t memory_bytes);

/* Changes the limit of a sandbox that is there. -EBUSY: it already uses more. */
int cgroup_slot_set_memory(struct cgroups *groups, size_t slot, uint64_t memory_bytes);

/* What the slot's sandbox has used; 0 where the controller is missing. */
uint64_t cgroup_slot_cpu_us(const struct cgroups *groups, size_t slot);
uint64_t cgroup_slot_memory_peak(const struct cgroups *groups, size_t slot);

/* Processes and threads in the slot's group, or -ENODATA where there is none. */
int cgroup_slot_processes(const struct cgroups *groups, size_t slot);

/* Whether the kernel killed a process of the slot's sandbox for its memory limit since it was prepared: 1 or 0. */
int cgroup_slot_oom_killed(const struct cgroups *groups, size_t slot);

#endif
