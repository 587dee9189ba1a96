#include "keeper/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define GROUP_PREFIX "pyexecd-"

static const char *const controller_names[CGROUP_CONTROLLERS] = {"memory", "pids", "cpuacct", "cpu"};

static void close_file(FILE **file) {
    if (*file) {
        (void)fclose(*file);
    }
}

/* Whether a comma-separated list such as "rw,cpu,cpuacct" has the word. */
static int list_has(const char *list, const char *word) {
    size_t size = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, size) == 0 && (at[size] == ',' || at[size] == '\0' || at[size] == '\n')) {
            return 1;
        }
    }
    return 0;
}

/* Where the version 1 hierarchy of a controller is mounted and which group of it the mount shows as its root. */
static int find_mount(const char *controller, char *ret_point, char *ret_root, size_t size) {
    __attribute__((cleanup(close_file))) FILE *file = fopen("/proc/self/mountinfo", "re");
    char line[4096];
    while (file && fgets(line, sizeof line, file)) {
        char root[1024], point[1024], type[64], options[1024];
        const char *separator = strstr(line, " - ");
        if (!separator || sscanf(line, "%*s %*s %*s %1023s %1023s", root, point) != 2 ||
            sscanf(separator, " - %63s %*s %1023s", type, options) != 2) {
            continue;
        }
        if (strcmp(type, "cgroup") == 0 && list_has(options, controller) && strlen(root) < size &&
            strlen(point) < size) {
            memcpy(ret_root, root, strlen(root) + 1);
            memcpy(ret_point, point, strlen(point) + 1);
            return 0;
        }
    }
    return -ENOENT;
}

/* The group of this process in the controller's hierarchy. */
static int find_own_group(const char *controller, char *ret_path, size_t size) {
    __attribute__((cleanup(close_file))) FILE *file = fopen("/proc/self/cgroup", "re");
    char line[4096];
    while (file && fgets(line, sizeof line, file)) {
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path) {
            continue;
        }
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        if (list_has(names + 1, controller) && strlen(path) < size) {
            memcpy(ret_path, path, strlen(path) + 1);
            return 0;
        }
    }
    return -ENOENT;
}

static int open_parent(const char *controller) {
    char point[1024], root[1024], group[1024], path[2048];
    int error = find_mount(controller, point, root, sizeof point);
    if (!error) {
        error = find_own_group(controller, group, sizeof group);
    }
    if (error) {
        return error;
    }
    /* In a container without a cgroup namespace the mount shows a part of the hierarchy only. */
    size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(group, root, skip) != 0) {
        skip = strlen(group);
    }
    (void)snprintf(path, sizeof path, "%s%s", point, group + skip);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Removes a group with the slots' groups in it. A process that is still in one keeps it: then it stays. */
static void remove_group(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        close_fd(&fd);
        return;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strncmp(entry->d_name, "slot-", 5) == 0) {
            (void)unlinkat(fd, entry->d_name, AT_REMOVEDIR);
        }
    }
    (void)closedir(dir);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

/* Groups of instances that are no more: a living keeper holds the lock of its own. */
static void remove_stale_groups(int parent) {
    int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        close_fd(&fd);
        return;
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strncmp(entry->d_name, GROUP_PREFIX, sizeof GROUP_PREFIX - 1) != 0) {
            continue;
        }
        cleanup_close int group = openat(parent, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (group >= 0 && flock(group, LOCK_EX | LOCK_NB) == 0) {
            remove_group(parent, entry->d_name);
        }
    }
    (void)closedir(dir);
}

static int is_ours_already(const struct cgroups *groups, int dir) {
    struct stat status, other;
    if (fstat(dir, &status) < 0) {
        return 0;
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (groups->dirs[i] >= 0 && fstat(groups->dirs[i], &other) == 0 && other.st_dev == status.st_dev &&
            other.st_ino == status.st_ino) {
            return 1;
        }
    }
    return 0;
}

static int open_group(struct cgroups *groups, enum cgroup_controller controller) {
    int parent = open_parent(controller_names[controller]);
    if (parent < 0) {
        return parent;
    }
    groups->parents[controller] = parent;
    remove_stale_groups(parent);
    if (mkdirat(parent, groups->name, 0755) < 0 && errno != EEXIST) {
        return -errno;
    }
    cleanup_close int dir = openat(parent, groups->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0) {
        return -errno;
    }
    /* Controllers are often mounted together: then this is a group that we hold the lock of already. */
    if (!is_ours_already(groups, dir) && flock(dir, LOCK_EX | LOCK_NB) < 0) {
        return -errno;
    }
    groups->dirs[controller] = take_fd(&dir);
    return 0;
}

static int open_file(int dir, size_t slot, const char *file, int flags, int *ret_fd) {
    char path[64];
    (void)snprintf(path, sizeof path, "slot-%zu/%s", slot, file);
    int fd = openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return -errno;
    }
    *ret_fd = fd;
    return 0;
}

static int open_slot(struct cgroups *groups, enum cgroup_controller controller, size_t slot, uint64_t max_processes) {
    struct cgroup_slot *files = &groups->slots[slot];
    int dir = groups->dirs[controller];
    char path[48], text[32];
    (void)snprintf(path, sizeof path, "slot-%zu", slot);
    if (mkdirat(dir, path, 0755) < 0 && errno != EEXIST) {
        return -errno;
    }
    int error = open_file(dir, slot, "tasks", O_WRONLY, &files->tasks_fds[controller]);
    switch (controller) {
    case CGROUP_MEMORY:
        if (!error) {
            error = open_file(dir, slot, "memory.limit_in_bytes", O_RDWR, &files->limit_fd);
        }
        if (!error) {
            error = open_file(dir, slot, "memory.max_usage_in_bytes", O_RDWR, &files->peak_fd);
        }
        if (!error) {
            error = open_file(dir, slot, "memory.oom_control", O_RDONLY, &files->oom_fd);
        }
        break;
    case CGROUP_PIDS:
        (void)snprintf(path, sizeof path, "slot-%zu/pids.max", slot);
        (void)snprintf(text, sizeof text, "%" PRIu64, max_processes);
        if (!error) {
            error = io_write_text(dir, path, text);
        }
        if (!error) {
            error = open_file(dir, slot, "pids.current", O_RDONLY, &files->processes_fd);
        }
        break;
    case CGROUP_CPUACCT:
        if (!error) {
            error = open_file(dir, slot, "cpuacct.usage", O_RDONLY, &files->usage_fd);
        }
        break;
    case CGROUP_CPU: /* the default share is as good as any: all slots have the same */
    case CGROUP_CONTROLLERS:
        break;
    }
    return error;
}

static void close_slot_files(struct cgroup_slot *files, enum cgroup_controller controller) {
    close_fd(&files->tasks_fds[controller]);
    if (controller == CGROUP_MEMORY) {
        close_fd(&files->limit_fd);
        close_fd(&files->peak_fd);
        close_fd(&files->oom_fd);
    } else if (controller == CGROUP_CPUACCT) {
        close_fd(&files->usage_fd);
    } else if (controller == CGROUP_PIDS) {
        close_fd(&files->processes_fd);
    }
}

static void give_up(struct cgroups *groups, enum cgroup_controller controller, int error) {
    for (size_t slot = 0; slot < groups->n_slots; slot++) {
        close_slot_files(&groups->slots[slot], controller);
    }
    close_fd(&groups->dirs[controller]);
    if (groups->parents[controller] >= 0) {
        remove_group(groups->parents[controller], groups->name);
        close_fd(&groups->parents[controller]);
    }
    size_t used = strlen(groups->missing);
    (void)snprintf(groups->missing + used, sizeof groups->missing - used, "%s%s: %s", used ? ", " : "",
                   controller_names[controller], strerror(-error));
}

int cgroups_open(struct cgroups *ret_groups, size_t n_slots, uint64_t max_processes) {
    struct cgroups groups = {.n_slots = n_slots};
    (void)snprintf(groups.name, sizeof groups.name, GROUP_PREFIX "%ld", (long)getpid());
    groups.slots = calloc(n_slots, sizeof *groups.slots);
    if (!groups.slots) {
        return -ENOMEM;
    }
    for (size_t slot = 0; slot < n_slots; slot++) {
        struct cgroup_slot *files = &groups.slots[slot];
        files->limit_fd = files->peak_fd = files->oom_fd = files->usage_fd = files->processes_fd = -1;
        for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
            files->tasks_fds[i] = -1;
        }
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        groups.dirs[i] = groups.parents[i] = -1;
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        int error = open_group(&groups, (enum cgroup_controller)i);
        for (size_t slot = 0; slot < n_slots && !error; slot++) {
            error = open_slot(&groups, (enum cgroup_controller)i, slot, max_processes);
        }
        if (error) {
            give_up(&groups, (enum cgroup_controller)i, error);
        }
    }
    *ret_groups = groups;
    return 0;
}

void cgroups_close(struct cgroups *groups) {
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        for (size_t slot = 0; slot < groups->n_slots; slot++) {
            close_slot_files(&groups->slots[slot], (enum cgroup_controller)i);
        }
        close_fd(&groups->dirs[i]);
        if (groups->parents[i] >= 0) {
            remove_group(groups->parents[i], groups->name);
            close_fd(&groups->parents[i]);
        }
    }
    free(groups->slots);
    groups->slots = NULL;
    groups->n_slots = 0;
}

int cgroups_has(const struct cgroups *groups, enum cgroup_controller controller) {
    return groups->dirs[controller] >= 0;
}

static int write_number(int fd, uint64_t value) {
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, value);
    return pwrite(fd, text, (size_t)size, 0) < 0 ? -errno : 0;
}

static uint64_t read_number(int fd) {
    char text[32];
    ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
    if (n <= 0) {
        return 0;
    }
    text[n] = '\0';
    return strtoull(text, NULL, 10);
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

static uint64_t read_oom_kills(int fd) {
    char text[256];
    ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
    if (n <= 0) {
        return 0;
    }
    text[n] = '\0';
    const char *line = strstr(text, "oom_kill ");
    return line ? strtoull(line + 9, NULL, 10) : 0;
}

int cgroup_slot_set_memory(struct cgroups *groups, size_t slot, uint64_t memory_bytes) {
    struct cgroup_slot *files = &groups->slots[slot];
    if (files->limit_fd < 0 || files->limit_bytes == memory_bytes) {
        return 0;
    }
    int error = write_number(files->limit_fd, memory_bytes);
    if (!error) {
        files->limit_bytes = memory_bytes;
    }
    return error;
}

int cgroup_slot_prepare(struct cgroups *groups, size_t slot, uint64_t memory_bytes) {
    struct cgroup_slot *files = &groups->slots[slot];
    int error = cgroup_slot_set_memory(groups, slot, memory_bytes);
    if (!error && files->peak_fd >= 0) {
        error = write_number(files->peak_fd, 0);
    }
    files->oom_kills = read_oom_kills(files->oom_fd);
    return error;
}

uint64_t cgroup_slot_cpu_us(const struct cgroups *groups, size_t slot) {
    return read_number(groups->slots[slot].usage_fd) / 1000u;
}

uint64_t cgroup_slot_memory_peak(const struct cgroups *groups, size_t slot) {
    return read_number(groups->slots[slot].peak_fd);
}

int cgroup_slot_oom_killed(const struct cgroups *groups, size_t slot) {
    const struct cgroup_slot *files = &groups->slots[slot];
    return read_oom_kills(files->oom_fd) > files->oom_kills;
}
