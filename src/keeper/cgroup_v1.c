/* Version 1: a hierarchy for each controller, groups made once and used again and again. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "keeper/cgroup_version.h"

static const char *const names[CGROUP_CONTROLLERS] = {"memory", "pids", "cpuacct", "cpu"};

static int open_controller(struct cgroups *groups, enum cgroup_controller controller) {
    struct cgroup_path path;
    char own[sizeof path.point + sizeof path.below];
    int error = cgroup_find(names[controller], &path);
    if (error) {
        return error;
    }
    (void)snprintf(own, sizeof own, "%s%s", path.point, path.below);
    struct cgroup_place *place = &groups->v1[controller];
    place->parent_fd = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return place->parent_fd < 0 ? -errno : cgroup_make_own(groups, place);
}

static int open_memory(int dir_fd, size_t slot, struct cgroup_slot *files) {
    int error = cgroup_open_slot_file(dir_fd, slot, "memory.limit_in_bytes", O_RDWR, &files->limit_fd);
    if (!error) {
        error = cgroup_open_slot_file(dir_fd, slot, "memory.max_usage_in_bytes", O_RDWR, &files->peak_fd);
    }
    return error ? error : cgroup_open_slot_file(dir_fd, slot, "memory.oom_control", O_RDONLY, &files->events_fd);
}

static int open_pids(const struct cgroups *groups, int dir_fd, size_t slot, struct cgroup_slot *files) {
    char path[48], text[32];
    (void)snprintf(path, sizeof path, CGROUP_SLOT_PREFIX "%zu/pids.max", slot);
    (void)snprintf(text, sizeof text, "%" PRIu64, groups->max_processes);
    int error = io_write_text(dir_fd, path, text);
    return error ? error : cgroup_open_slot_file(dir_fd, slot, "pids.current", O_RDONLY, &files->processes_fd);
}

static int open_slot(struct cgroups *groups, enum cgroup_controller controller, size_t slot) {
    struct cgroup_slot *files = &groups->slots[slot];
    const int dir_fd = groups->v1[controller].dir_fd;
    char path[48];
    (void)snprintf(path, sizeof path, CGROUP_SLOT_PREFIX "%zu", slot);
    if (mkdirat(dir_fd, path, 0755) < 0 && errno != EEXIST) {
        return -errno;
    }
    int error = cgroup_open_slot_file(dir_fd, slot, "tasks", O_WRONLY, &files->join_fds[controller]);
    if (!error && controller == CGROUP_MEMORY) {
        error = open_memory(dir_fd, slot, files);
    } else if (!error && controller == CGROUP_PIDS) {
        error = open_pids(groups, dir_fd, slot, files);
    } else if (!error && controller == CGROUP_CPUACCT) {
        error = cgroup_open_slot_file(dir_fd, slot, "cpuacct.usage", O_RDONLY, &files->usage_fd);
    }
    return error; /* for a share of the CPU the default is as good as any: all slots have the same */
}

static int renew_slot(struct cgroups *groups, size_t slot) {
    return cgroup_write_number(groups->slots[slot].peak_fd, 0);
}

static uint64_t cpu_us(const struct cgroup_slot *files) {
    return cgroup_read_number(files->usage_fd, "") / 1000u;
}

static void give_up(struct cgroups *groups, enum cgroup_controller controller) {
    for (size_t slot = 0; slot < groups->n_slots; slot++) {
        cgroup_close_slot(&groups->slots[slot], controller);
    }
    cgroup_remove_own(groups, &groups->v1[controller]);
}

static void close_all(struct cgroups *groups) {
    (void)groups; /* nothing is there for more than one controller */
}

const struct cgroup_version cgroup_version_1 = {
    .number = 1,
    .open = open_controller,
    .open_slot = open_slot,
    .renew_slot = renew_slot,
    .cpu_us = cpu_us,
    .give_up = give_up,
    .close = close_all,
};
