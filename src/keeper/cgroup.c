#include "keeper/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "keeper/cgroup_version.h"

static void forget_descriptors(struct cgroups *groups) {
    for (size_t slot = 0; slot < groups->n_slots; slot++) {
        struct cgroup_slot *files = &groups->slots[slot];
        files->limit_fd = files->peak_fd = files->events_fd = -1;
        files->usage_fd = files->processes_fd = files->kill_fd = -1;
        for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
            files->join_fds[i] = -1;
        }
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        groups->v1[i].parent_fd = groups->v1[i].dir_fd = -1;
    }
    groups->v2.parent_fd = groups->v2.dir_fd = -1;
}

static int try_version(struct cgroups *groups, enum cgroup_controller controller,
                       const struct cgroup_version *version) {
    int error = version->open(groups, controller);
    for (size_t slot = 0; slot < groups->n_slots && !error; slot++) {
        error = version->open_slot(groups, controller, slot);
    }
    if (error) {
        version->give_up(groups, controller);
        return error;
    }
    groups->versions[controller] = version;
    groups->errors[controller] = 0;
    return 0;
}

static int uses(const struct cgroups *groups, const struct cgroup_version *version) {
    int n = 0;
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        n += groups->versions[i] == version;
    }
    return n;
}

int cgroups_open(struct cgroups *ret_groups, size_t n_slots, uint64_t max_processes, pid_t companion) {
    struct cgroups groups = {.n_slots = n_slots, .max_processes = max_processes, .companion = companion};
    (void)snprintf(groups.name, sizeof groups.name, CGROUP_PREFIX "%ld", (long)getpid());
    groups.slots = calloc(n_slots, sizeof *groups.slots);
    if (!groups.slots) {
        return -ENOMEM;
    }
    forget_descriptors(&groups);
    /* A controller is in one hierarchy only. The other version's error says more than that it is not in this one. */
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        groups.errors[i] = try_version(&groups, (enum cgroup_controller)i, &cgroup_version_1);
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (!groups.versions[i]) {
            int error = try_version(&groups, (enum cgroup_controller)i, &cgroup_version_2);
            groups.errors[i] = error && groups.errors[i] == -ENOENT ? error : groups.errors[i];
        }
    }
    if (!uses(&groups, &cgroup_version_2)) {
        cgroup_version_2.close(&groups);
    }
    *ret_groups = groups;
    return 0;
}

void cgroups_close(struct cgroups *groups) {
    if (!groups->slots) {
        return; /* never opened */
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (groups->versions[i]) {
            groups->versions[i]->give_up(groups, (enum cgroup_controller)i);
            groups->versions[i] = NULL;
        }
    }
    cgroup_version_1.close(groups);
    cgroup_version_2.close(groups);
    free(groups->slots);
    groups->slots = NULL;
    groups->n_slots = 0;
}

int cgroups_has(const struct cgroups *groups, enum cgroup_controller controller) {
    return groups->versions[controller] != NULL;
}

unsigned cgroups_version_of(const struct cgroups *groups, enum cgroup_controller controller) {
    return groups->versions[controller] ? groups->versions[controller]->number : 0;
}

int cgroup_slot_set_memory(struct cgroups *groups, size_t slot, uint64_t memory_bytes) {
    struct cgroup_slot *files = &groups->slots[slot];
    if (files->limit_fd < 0 || files->limit_bytes == memory_bytes) {
        return 0;
    }
    int error = cgroup_write_number(files->limit_fd, memory_bytes);
    if (!error) {
        files->limit_bytes = memory_bytes;
    }
    return error;
}

/* As much memory at once may be refused: a huge page, and what each core has charged beforehand. */
#define CHARGE_BYTES (16u << 20)

uint64_t cgroup_oom_kills(int events_fd) {
    return cgroup_read_number(events_fd, "oom_kill ");
}

int cgroup_slot_prepare(struct cgroups *groups, size_t slot, uint64_t memory_bytes) {
    struct cgroup_slot *files = &groups->slots[slot];
    const struct cgroup_version *memory = groups->versions[CGROUP_MEMORY];
    int error = memory ? memory->renew_slot(groups, slot) : 0;
    if (!error) {
        error = cgroup_slot_set_memory(groups, slot, memory_bytes);
    }
    files->oom_kills = cgroup_oom_kills(files->events_fd);
    return error;
}

size_t cgroup_slot_join_fds(const struct cgroups *groups, size_t slot, int *ret_fds) {
    size_t n = 0;
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (groups->slots[slot].join_fds[i] >= 0) {
            ret_fds[n++] = groups->slots[slot].join_fds[i];
        }
    }
    return n;
}

uint64_t cgroup_slot_cpu_us(const struct cgroups *groups, size_t slot) {
    const struct cgroup_version *version = groups->versions[CGROUP_CPUACCT];
    return version ? version->cpu_us(&groups->slots[slot]) : 0;
}

uint64_t cgroup_slot_memory_peak(const struct cgroups *groups, size_t slot) {
    return cgroup_read_number(groups->slots[slot].peak_fd, "");
}

int cgroup_slot_processes(const struct cgroups *groups, size_t slot) {
    char text[16];
    const int fd = groups->slots[slot].processes_fd;
    ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
    if (n <= 0) {
        return -ENODATA;
    }
    text[n] = '\0';
    return (int)strtol(text, NULL, 10);
}

int cgroup_slot_oom_killed_for_any(const struct cgroups *groups, size_t slot) {
    const struct cgroup_slot *files = &groups->slots[slot];
    return cgroup_oom_kills(files->events_fd) > files->oom_kills;
}

int cgroup_slot_oom_killed(const struct cgroups *groups, size_t slot) {
    const struct cgroup_slot *files = &groups->slots[slot];
    /* Its own limit has to be near. */
    return cgroup_slot_oom_killed_for_any(groups, slot) &&
           cgroup_slot_memory_peak(groups, slot) + CHARGE_BYTES >= files->limit_bytes;
}

int cgroup_slot_kill(const struct cgroups *groups, size_t slot) {
    const int fd = groups->slots[slot].kill_fd;
    return fd < 0 ? -EOPNOTSUPP : cgroup_write_number(fd, 1);
}
