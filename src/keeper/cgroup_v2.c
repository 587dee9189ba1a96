/* Version 2: one hierarchy, in which a group hands controllers down to those beneath it:
 *
 *     parent                 the service's own group, or one above it
 *       pyexecd-PID          hands down what the slots need
 *         slot-N             one sandbox
 *         service            our own processes, where they had to leave the parent: a group that hands something down
 * may have none in itself
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "keeper/cgroup_version.h"

/* Processes may come while others are moved out. */
#define MOVE_ATTEMPTS 4

/* cpu.stat is there without a controller. */
static const char *const names[CGROUP_CONTROLLERS] = {"memory", "pids", NULL, "cpu"};

static int is_v2(const struct cgroups *groups, int controller) {
    return groups->versions[controller] == &cgroup_version_2;
}

/* Whether a list of controllers, in a file, has this one. */
static int is_listed(int dir_fd, const char *file, const char *name) {
    char text[512];
    if (io_read_text(dir_fd, file, text, sizeof text) <= 0) {
        return 0;
    }
    char *save = NULL;
    for (const char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        if (strcmp(word, name) == 0) {
            return 1;
        }
    }
    return 0;
}

static int switch_controller(int dir_fd, char sign, const char *name) {
    char text[32];
    (void)snprintf(text, sizeof text, "%c%s", sign, name);
    return io_write_text(dir_fd, "cgroup.subtree_control", text);
}

/* ---- our own processes ---- */

static int move_one(int group_fd, long pid) {
    char text[24];
    (void)snprintf(text, sizeof text, "%ld", pid);
    return io_write_text(group_fd, "cgroup.procs", text);
}

/* Moves what is listed in one group into another, once. Returns how many were listed, or -errno. */
static int move_all(int from_fd, int to_fd) {
    char text[16384];
    ssize_t n = io_read_text(from_fd, "cgroup.procs", text, sizeof text);
    if (n < 0) {
        return (int)n;
    }
    int count = 0;
    char *save = NULL;
    for (const char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const long pid = strtol(line, NULL, 10);
        count++;
        if (pid > 0) { /* 0: one that our pid namespace does not show */
            (void)move_one(to_fd, pid);
        }
    }
    return count;
}

/* Whether everything in the group is ours to arrange: a container's top, or what systemd has delegated. */
static int is_delegated(int group_fd, const char *below) {
    char value[2];
    return below[0] == '\0' || fgetxattr(group_fd, "user.delegate", value, sizeof value) == 1 ||
           fgetxattr(group_fd, "trusted.delegate", value, sizeof value) == 1;
}

static int open_service(const struct cgroups *groups) {
    if (mkdirat(groups->v2.dir_fd, CGROUP_SERVICE, 0755) < 0 && errno != EEXIST) {
        return -errno;
    }
    int fd = openat(groups->v2.dir_fd, CGROUP_SERVICE, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

static int move_out(struct cgroups *groups, int all) {
    cleanup_close int service_fd = open_service(groups);
    if (service_fd < 0) {
        return service_fd;
    }
    groups->v2_moved = 1;
    for (int i = 0; all && i < MOVE_ATTEMPTS && move_all(groups->v2.parent_fd, service_fd) > 0; i++) {
    }
    if (all) {
        return 0;
    }
    int error = groups->companion > 0 ? move_one(service_fd, groups->companion) : 0;
    return error ? error : move_one(service_fd, 0);
}

/* ---- the place ---- */

/* Has the parent hand a controller down to our group, and that to the slots'. */
static int switch_on(struct cgroups *groups, int controller, int may_move_all, int may_move) {
    const int parent_fd = groups->v2.parent_fd;
    const char *name = names[controller];
    if (!is_listed(parent_fd, "cgroup.controllers", name)) {
        return -EOPNOTSUPP;
    }
    if (!is_listed(parent_fd, "cgroup.subtree_control", name)) {
        int error = switch_controller(parent_fd, '+', name);
        if (error == -EBUSY && may_move && !groups->v2_moved) {
            error = move_out(groups, may_move_all);
            error = error ? error : switch_controller(parent_fd, '+', name);
        }
        if (error) {
            return error;
        }
        groups->v2_switched_on |= CGROUP_BIT(controller);
    }
    return switch_controller(groups->v2.dir_fd, '+', name);
}

/* Whether a group holds nobody to anything: what is made beside it instead of in it escapes no limit of the operator's.
 */
static int holds_nobody(int group_fd) {
    static const char *const limits[] = {"memory.max", "memory.high", "pids.max", "cpu.max"};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char text[64];
        ssize_t n = io_read_text(group_fd, limits[i], text, sizeof text);
        if (n != -ENOENT && (n < 3 || strncmp(text, "max", 3) != 0)) {
            return 0;
        }
    }
    return 1;
}

/* A keeper that follows another one finds itself where that has moved its launcher to: "/a/pyexecd-7/service". Cuts the
 * way back to "/a"; returns 1 then. */
static int cut_service(char *below) {
    char *last = strrchr(below, '/');
    if (!last || strcmp(last, "/" CGROUP_SERVICE) != 0) {
        return 0;
    }
    *last = '\0';
    char *group = strrchr(below, '/');
    if (!group || strncmp(group, "/" CGROUP_PREFIX, sizeof CGROUP_PREFIX) != 0) {
        *last = '/';
        return 0;
    }
    *group = '\0';
    return 1;
}

static void switch_off(const struct cgroups *groups) {
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (names[i]) {
            (void)switch_controller(groups->v2.dir_fd, '-', names[i]);
        }
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (groups->v2_switched_on & CGROUP_BIT(i)) {
            (void)switch_controller(groups->v2.parent_fd, '-', names[i]); /* another instance may need it */
        }
    }
}

static void leave_place(struct cgroups *groups) {
    if (groups->v2.dir_fd >= 0) {
        switch_off(groups);
        cleanup_close int service_fd = groups->v2_moved ? open_service(groups) : -1;
        if (service_fd >= 0) {
            (void)move_all(service_fd, groups->v2.parent_fd);
        }
    }
    cgroup_remove_own(groups, &groups->v2);
    groups->v2_moved = 0;
    groups->v2_switched_on = 0;
}

/* Makes our group in the one that path->below names and has it hand down what is wanted. Returns the bits of what it
 * does hand down, with the reasons for the rest in errors[], or -errno when no group can be made at all. */
static int try_place(struct cgroups *groups, const struct cgroup_path *path, int is_own, int follows, int *errors) {
    char text[sizeof path->point + sizeof path->below];
    (void)snprintf(text, sizeof text, "%s%s", path->point, path->below);
    groups->v2.parent_fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = groups->v2.parent_fd < 0 ? -errno : cgroup_make_own(groups, &groups->v2);
    if (!error && follows) {
        error = move_out(groups, 0);
        cgroup_remove_stale(groups->v2.parent_fd); /* its predecessor's, which nobody is in any more */
    }
    if (error) {
        leave_place(groups);
        return error;
    }
    int on = 0;
    const int may_move_all = is_delegated(groups->v2.parent_fd, path->below);
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (!names[i] || groups->versions[i]) {
            continue;
        }
        errors[i] = switch_on(groups, i, may_move_all, is_own);
        on |= errors[i] ? 0 : (int)CGROUP_BIT(i);
        /* Its predecessor's doing, then: nobody else hands down from a group with processes. */
        groups->v2_switched_on |= follows && !errors[i] ? CGROUP_BIT(i) : 0;
    }
    if (groups->v2_moved && on & (int)CGROUP_BIT(CGROUP_CPU)) {
        /* The slots together are not to take the CPU from us. */
        (void)io_write_text(groups->v2.dir_fd, CGROUP_SERVICE "/cpu.weight", "10000");
    }
    return on;
}

static int find_place(struct cgroups *groups) {
    struct cgroup_path own;
    int errors[CGROUP_CONTROLLERS] = {0};
    int error = cgroup_find(NULL, &own);
    if (error) {
        return error;
    }
    const int follows = cut_service(own.below);
    int on = try_place(groups, &own, 1, follows, errors);
    memcpy(groups->v2_errors, errors, sizeof errors);
    const int is_busy = on == 0 && (errors[CGROUP_MEMORY] == -EBUSY || errors[CGROUP_PIDS] == -EBUSY);
    if (on < 0 || !is_busy) {
        return on < 0 ? on : 0;
    }
    /* Somebody else's processes are in it, as when root has started us from a shell: the next group above will do, as
     * long as those between hold nobody to anything. */
    struct cgroup_path path = own;
    while (on <= 0 && path.below[0] && holds_nobody(groups->v2.parent_fd)) {
        leave_place(groups);
        *strrchr(path.below, '/') = '\0';
        on = try_place(groups, &path, 0, 0, errors);
        if (on < 0) {
            break;
        }
    }
    if (on > 0) {
        memcpy(groups->v2_errors, errors, sizeof errors);
        return 0;
    }
    leave_place(groups);
    on = try_place(groups, &own, 0, 0, errors); /* for what needs no controller */
    return on < 0 ? on : 0;
}

static int open_controller(struct cgroups *groups, enum cgroup_controller controller) {
    if (groups->v2.dir_fd < 0 && !groups->v2_error) {
        groups->v2_error = find_place(groups);
    }
    return groups->v2_error ? groups->v2_error : groups->v2_errors[controller];
}

/* ---- slots ---- */

static int open_memory(struct cgroups *groups, size_t slot, struct cgroup_slot *files) {
    const int dir_fd = groups->v2.dir_fd;
    char path[48];
    (void)snprintf(path, sizeof path, CGROUP_SLOT_PREFIX "%zu/memory.swap.max", slot);
    int error = io_write_text(dir_fd, path, "0");
    if (error && error != -ENOENT) { /* a kernel without swap has no such limit */
        return error;
    }
    /* Not memory.oom.group: as in version 1 a script lives to see that a child of it was killed. */
    error = cgroup_open_slot_file(dir_fd, slot, "memory.max", O_WRONLY, &files->limit_fd);
    if (!error) {
        files->limit_bytes = 0;
        error = cgroup_open_slot_file(dir_fd, slot, "memory.events", O_RDONLY, &files->events_fd);
    }
    if (error) {
        return error;
    }
    error = cgroup_open_slot_file(dir_fd, slot, "memory.peak", groups->v2_fresh ? O_RDONLY : O_RDWR, &files->peak_fd);
    if (!groups->v2_fresh && (error == -EACCES || (!error && cgroup_write_number(files->peak_fd, 0)))) {
        /* Only since Linux 6.12 can it be put back; older kernels let root open it for writing all the same. */
        groups->v2_fresh = 1;
        error = cgroup_open_slot_file(dir_fd, slot, "memory.peak", O_RDONLY, &files->peak_fd);
    }
    return error == -ENOENT ? 0 : error;
}

static int open_pids(const struct cgroups *groups, size_t slot, struct cgroup_slot *files) {
    char path[48], text[32];
    (void)snprintf(path, sizeof path, CGROUP_SLOT_PREFIX "%zu/pids.max", slot);
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)groups->max_processes);
    int error = io_write_text(groups->v2.dir_fd, path, text);
    return error ? error
                 : cgroup_open_slot_file(groups->v2.dir_fd, slot, "pids.current", O_RDONLY, &files->processes_fd);
}

static int open_usage(const struct cgroups *groups, size_t slot, struct cgroup_slot *files) {
    int error = cgroup_open_slot_file(groups->v2.dir_fd, slot, "cpu.stat", O_RDONLY, &files->usage_fd);
    if (!error) {
        error = cgroup_open_slot_file(groups->v2.dir_fd, slot, "cgroup.kill", O_WRONLY, &files->kill_fd);
    }
    return error == -ENOENT && files->usage_fd >= 0 ? 0 : error; /* since Linux 5.14 */
}

static int open_files(struct cgroups *groups, int controller, size_t slot) {
    struct cgroup_slot *files = &groups->slots[slot];
    switch ((enum cgroup_controller)controller) {
    case CGROUP_MEMORY:
        return open_memory(groups, slot, files);
    case CGROUP_PIDS:
        return open_pids(groups, slot, files);
    case CGROUP_CPUACCT:
        return open_usage(groups, slot, files);
    case CGROUP_CPU: /* the default weight is as good as any: all slots have the same */
    case CGROUP_CONTROLLERS:
        break;
    }
    return 0;
}

static int make_slot(const struct cgroups *groups, size_t slot) {
    char path[48];
    (void)snprintf(path, sizeof path, CGROUP_SLOT_PREFIX "%zu", slot);
    return mkdirat(groups->v2.dir_fd, path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* One group for all: who joins for one controller joins for all. */
static int open_join(struct cgroups *groups, int controller, size_t slot) {
    int *join_fds = groups->slots[slot].join_fds;
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (i != controller && is_v2(groups, i) && join_fds[i] >= 0) {
            return 0;
        }
    }
    return cgroup_open_slot_file(groups->v2.dir_fd, slot, "cgroup.procs", O_WRONLY, &join_fds[controller]);
}

static int open_slot(struct cgroups *groups, enum cgroup_controller controller, size_t slot) {
    int error = make_slot(groups, slot);
    if (!error) {
        error = open_files(groups, (int)controller, slot);
    }
    return error ? error : open_join(groups, (int)controller, slot);
}

static int renew_slot(struct cgroups *groups, size_t slot) {
    struct cgroup_slot *files = &groups->slots[slot];
    if (!groups->v2_fresh) {
        return files->peak_fd >= 0 ? cgroup_write_number(files->peak_fd, 0) : 0;
    }
    char path[48];
    (void)snprintf(path, sizeof path, CGROUP_SLOT_PREFIX "%zu", slot);
    if (unlinkat(groups->v2.dir_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT) {
        return -errno;
    }
    int error = make_slot(groups, slot);
    for (int i = 0; i < CGROUP_CONTROLLERS && !error; i++) {
        if (is_v2(groups, i)) {
            close_fd(&files->join_fds[i]);
        }
    }
    for (int i = 0; i < CGROUP_CONTROLLERS && !error; i++) {
        if (is_v2(groups, i)) {
            error = open_files(groups, i, slot);
            error = error ? error : open_join(groups, i, slot);
        }
    }
    return error;
}

static uint64_t cpu_us(const struct cgroup_slot *files) {
    return cgroup_read_number(files->usage_fd, "usage_usec ");
}

static void give_up(struct cgroups *groups, enum cgroup_controller controller) {
    for (size_t slot = 0; slot < groups->n_slots; slot++) {
        cgroup_close_slot(&groups->slots[slot], controller);
    }
}

const struct cgroup_version cgroup_version_2 = {
    .number = 2,
    .open = open_controller,
    .open_slot = open_slot,
    .renew_slot = renew_slot,
    .cpu_us = cpu_us,
    .give_up = give_up,
    .close = leave_place,
};
