/* Where control groups are: the mount, the own group, and the making and removing of groups, the same in both versions.
 */
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
#include "keeper/cgroup_version.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* Larger than any that was seen: containers with hundreds of mounts. */
#define MOUNTS_MAX (256u << 10)
#define GROUPS_MAX (16u << 10)

/* Whether a comma-separated list such as "rw,cpu,cpuacct" has the word. */
static int list_has(const char *list, const char *word) {
    size_t size = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, size) == 0 && (at[size] == ',' || at[size] == '\0')) {
            return 1;
        }
    }
    return 0;
}

/* Copies the line at *at without its end and moves *at behind it. Returns 0 at the end of the text. */
static int next_line(const char **at, char *ret_line, size_t size) {
    if (**at == '\0') {
        return 0;
    }
    size_t length = strcspn(*at, "\n");
    const size_t copied = length < size ? length : size - 1;
    memcpy(ret_line, *at, copied);
    ret_line[copied] = '\0';
    *at += length + ((*at)[length] == '\n');
    return 1;
}

/* The group of this process: of the controller's hierarchy, or version 2's, whose list of controllers is empty. */
static int find_own_group(const char *groups, const char *controller, char *ret_path, size_t size) {
    char line[4096];
    while (next_line(&groups, line, sizeof line)) {
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path) {
            continue;
        }
        *path++ = '\0';
        if ((controller ? list_has(names + 1, controller) : names[1] == '\0') && strlen(path) < size) {
            memcpy(ret_path, path, strlen(path) + 1);
            return 0;
        }
    }
    return -ENOENT;
}

int cgroup_find_in(const char *mounts, const char *groups, const char *controller, struct cgroup_path *ret_path) {
    struct cgroup_path path;
    char line[4096], root[1024], own[1024];
    int error = find_own_group(groups, controller, own, sizeof own);
    if (error) {
        return error;
    }
    while (next_line(&mounts, line, sizeof line)) {
        char type[64], options[1024];
        const char *separator = strstr(line, " - ");
        if (!separator || sscanf(line, "%*s %*s %*s %1023s %1023s", root, path.point) != 2 ||
            sscanf(separator, " - %63s %*s %1023s", type, options) != 2 ||
            strcmp(type, controller ? "cgroup" : "cgroup2") != 0 || (controller && !list_has(options, controller))) {
            continue;
        }
        /* The mount may show a part of the hierarchy only, in a container without a cgroup namespace. Where that part
         * is another one than ours, or ours lies outside of what our namespace shows, what is mounted has to do. */
        const size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
        const int is_below = strncmp(own, root, skip) == 0 && (own[skip] == '/' || own[skip] == '\0') &&
                             strncmp(own, "/..", 3) != 0 && strcmp(own + skip, "/") != 0;
        (void)snprintf(path.below, sizeof path.below, "%s", is_below ? own + skip : "");
        *ret_path = path;
        return 0;
    }
    return -ENOENT;
}

/* Reads a file of /proc whole, which takes more than one read(2). */
static int read_all(const char *path, char *buffer, size_t size) {
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = io_read_full(fd, buffer, size - 1);
    if (n < 0) {
        return (int)n;
    }
    buffer[n] = '\0';
    return 0;
}

int cgroup_find(const char *controller, struct cgroup_path *ret_path) {
    static char mounts[MOUNTS_MAX], groups[GROUPS_MAX]; /* too large for a stack; the keeper has one thread */
    int error = read_all("/proc/self/mountinfo", mounts, sizeof mounts);
    if (!error) {
        error = read_all("/proc/self/cgroup", groups, sizeof groups);
    }
    return error ? error : cgroup_find_in(mounts, groups, controller, ret_path);
}

/* In the group `path` leads to, or the next one above it that has the file. */
static int open_upwards(struct cgroup_path *path, const char *file) {
    for (;;) {
        char name[sizeof path->point + sizeof path->below + 32];
        (void)snprintf(name, sizeof name, "%s%s/%s", path->point, path->below, file);
        int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        char *slash = strrchr(path->below, '/');
        if (fd >= 0 || !slash) {
            return fd < 0 ? -ENOENT : fd;
        }
        *slash = '\0';
    }
}

int cgroup_open_oom_events(void) {
    struct cgroup_path path;
    int fd = cgroup_find("memory", &path) == 0 ? open_upwards(&path, "memory.oom_control") : -ENOENT;
    if (fd < 0 && cgroup_find(NULL, &path) == 0) {
        fd = open_upwards(&path, "memory.events");
    }
    return fd;
}

/* Removes a group with those of the slots in it. A process that is still in one keeps it: then it stays. */
static void remove_group(int parent_fd, const char *name) {
    cleanup_close int fd = openat(parent_fd, name, DIRECTORY_FLAGS);
    cleanup_directory DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!list) {
        return;
    }
    (void)take_fd(&fd); /* the stream's now */
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (strncmp(entry->d_name, CGROUP_SLOT_PREFIX, sizeof CGROUP_SLOT_PREFIX - 1) == 0 ||
            strcmp(entry->d_name, CGROUP_SERVICE) == 0) {
            (void)unlinkat(dirfd(list), entry->d_name, AT_REMOVEDIR);
        }
    }
    (void)unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/* A living keeper holds the lock of its own. */
void cgroup_remove_stale(int parent_fd) {
    cleanup_close int fd = openat(parent_fd, ".", DIRECTORY_FLAGS);
    cleanup_directory DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!list) {
        return;
    }
    (void)take_fd(&fd);
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (strncmp(entry->d_name, CGROUP_PREFIX, sizeof CGROUP_PREFIX - 1) != 0) {
            continue;
        }
        cleanup_close int group_fd = openat(parent_fd, entry->d_name, DIRECTORY_FLAGS);
        if (group_fd >= 0 && flock(group_fd, LOCK_EX | LOCK_NB) == 0) {
            remove_group(parent_fd, entry->d_name);
        }
    }
}

/* Version 1 controllers are often mounted together: then this is a group that we hold the lock of already. */
static int is_ours_already(const struct cgroups *groups, int dir_fd) {
    struct stat status, other;
    if (fstat(dir_fd, &status) < 0) {
        return 0;
    }
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (groups->v1[i].dir_fd >= 0 && fstat(groups->v1[i].dir_fd, &other) == 0 && other.st_dev == status.st_dev &&
            other.st_ino == status.st_ino) {
            return 1;
        }
    }
    return 0;
}

int cgroup_make_own(const struct cgroups *groups, struct cgroup_place *place) {
    cgroup_remove_stale(place->parent_fd);
    if (mkdirat(place->parent_fd, groups->name, 0755) < 0 && errno != EEXIST) {
        return -errno;
    }
    cleanup_close int fd = openat(place->parent_fd, groups->name, DIRECTORY_FLAGS);
    if (fd < 0 || (!is_ours_already(groups, fd) && flock(fd, LOCK_EX | LOCK_NB) < 0)) {
        return -errno;
    }
    place->dir_fd = take_fd(&fd);
    return 0;
}

void cgroup_remove_own(const struct cgroups *groups, struct cgroup_place *place) {
    if (place->dir_fd >= 0) {
        remove_group(place->parent_fd, groups->name);
    }
    close_fd(&place->dir_fd);
    close_fd(&place->parent_fd);
}

int cgroup_open_slot_file(int dir_fd, size_t slot, const char *file, int flags, int *ret_fd) {
    char path[64];
    (void)snprintf(path, sizeof path, CGROUP_SLOT_PREFIX "%zu/%s", slot, file);
    close_fd(ret_fd);
    int fd = openat(dir_fd, path, flags | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return -errno;
    }
    *ret_fd = fd;
    return 0;
}

void cgroup_close_slot(struct cgroup_slot *files, enum cgroup_controller controller) {
    close_fd(&files->join_fds[controller]);
    if (controller == CGROUP_MEMORY) {
        close_fd(&files->limit_fd);
        close_fd(&files->peak_fd);
        close_fd(&files->events_fd);
    } else if (controller == CGROUP_CPUACCT) {
        close_fd(&files->usage_fd);
        close_fd(&files->kill_fd);
    } else if (controller == CGROUP_PIDS) {
        close_fd(&files->processes_fd);
    }
}

int cgroup_write_number(int fd, uint64_t value) {
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, value);
    return pwrite(fd, text, (size_t)size, 0) < 0 ? -errno : 0;
}

uint64_t cgroup_read_number(int fd, const char *word) {
    char text[512];
    ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
    if (n <= 0) {
        return 0;
    }
    text[n] = '\0';
    const char *at = strstr(text, word);
    return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}
