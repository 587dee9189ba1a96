#include "keeper/private_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Passed through by its name alone, by everyone; its list is nobody's but ours. */
#define PLACE_MODE 0711
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int random_name(char ret_name[SPAWN_DIRECTORY_SIZE]) {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return errno ? -errno : -EIO;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        (void)snprintf(ret_name + 2 * i, 3, "%02x", bytes[i]);
    }
    return 0;
}

/* Opens `path` as a directory of our own that nobody else may list or write, making it where it is not there. */
static int open_place(int dir_fd, const char *path) {
    if (mkdirat(dir_fd, path, PLACE_MODE) < 0 && errno != EEXIST) {
        return -errno;
    }
    cleanup_close int fd = openat(dir_fd, path, DIRECTORY_FLAGS);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0) {
        return -errno;
    }
    if (status.st_uid != geteuid()) {
        return -EPERM;
    }
    /* Whatever the umask, and whatever it was before. */
    if ((status.st_mode & 07777) != PLACE_MODE && fchmod(fd, PLACE_MODE) < 0) {
        return -errno;
    }
    return take_fd(&fd);
}

/* Makes this keeper's own place in base_fd. */
static int open_own(struct private_dirs *dirs) {
    int error = random_name(dirs->own_name);
    if (error) {
        return error;
    }
    dirs->own_fd = open_place(dirs->base_fd, dirs->own_name);
    if (dirs->own_fd < 0) {
        return dirs->own_fd;
    }
    /* As long as it is locked, no other keeper takes it for one that was left. */
    return flock(dirs->own_fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int try_base(const char *root, const char *base, struct private_dirs *dirs) {
    char path[sizeof dirs->path];
    int n = snprintf(path, sizeof path, "%s%s", root, base);
    if (n < 0 || (size_t)n >= sizeof path - SPAWN_DIRECTORY_SIZE) {
        return -ENAMETOOLONG;
    }
    dirs->base_fd = open_place(AT_FDCWD, path);
    if (dirs->base_fd < 0) {
        return dirs->base_fd;
    }
    int error = open_own(dirs);
    if (error) {
        close_fd(&dirs->own_fd);
        close_fd(&dirs->base_fd);
        return error;
    }
    (void)snprintf(dirs->path, sizeof dirs->path, "%.*s/%s", (int)(sizeof dirs->path - SPAWN_DIRECTORY_SIZE - 2), base,
                   dirs->own_name);
    return 0;
}

int private_dirs_open(const char *root, const char *asked, struct private_dirs *ret_dirs) {
    static const char *const usual[] = {"/run/pyexecd", "/tmp/.pyexecd", "/dev/shm/.pyexecd"};
    struct private_dirs dirs = PRIVATE_DIRS_NONE;
    int error;
    if (*asked) {
        error = try_base(root, asked, &dirs);
    } else {
        const size_t n = *root ? 1 : sizeof usual / sizeof usual[0];
        error = -ENOENT;
        for (size_t i = 0; i < n && error; i++) {
            error = try_base(root, usual[i], &dirs);
        }
    }
    if (!error) {
        *ret_dirs = dirs;
    }
    return error;
}

void private_dirs_close(struct private_dirs *dirs) {
    if (dirs->base_fd >= 0) {
        (void)unlinkat(dirs->base_fd, dirs->own_name, AT_REMOVEDIR);
    }
    close_fd(&dirs->own_fd);
    close_fd(&dirs->base_fd);
}

int private_dirs_check_room(const struct private_dirs *dirs, uint64_t max_bytes) {
    struct statvfs disk;
    if (fstatvfs(dirs->own_fd, &disk) < 0) {
        return -errno;
    }
    /* Of a small disk less is enough: it may be smaller than what a run may write. */
    const uint64_t total = (uint64_t)disk.f_blocks * disk.f_frsize, available = (uint64_t)disk.f_bavail * disk.f_frsize;
    const uint64_t wanted = max_bytes / 8 < total / 16 ? max_bytes / 8 : total / 16;
    return available < wanted ? -ENOSPC : 0;
}

int private_dirs_make(const struct private_dirs *dirs, int change_owner, uid_t uid, gid_t gid,
                      char ret_name[SPAWN_DIRECTORY_SIZE]) {
    char name[SPAWN_DIRECTORY_SIZE];
    int error = random_name(name);
    if (error) {
        return error;
    }
    if (mkdirat(dirs->own_fd, name, 0700) < 0) {
        return -errno;
    }
    cleanup_close int fd = openat(dirs->own_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || (change_owner && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)) {
        error = -errno;
        (void)unlinkat(dirs->own_fd, name, AT_REMOVEDIR);
        return error;
    }
    memcpy(ret_name, name, sizeof name);
    return take_fd(&fd);
}

int private_dirs_reopen(const struct private_dirs *dirs, const char *name) {
    int fd = openat(dirs->own_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int private_dirs_remove(const struct private_dirs *dirs, const char *name) {
    return unlinkat(dirs->own_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static DIR *open_list(int dir_fd, const char *name) {
    int fd = openat(dir_fd, name, DIRECTORY_FLAGS);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !list) {
        (void)close(fd);
    }
    return list;
}

/* Removes the empty directories of a place that was left. Returns 1 when one was handed on for cleaning. */
static int clean_place(int base_fd, const char *place, void (*clean)(void *context, int directory_fd, uid_t owner),
                       void *context) {
    cleanup_directory DIR *list = open_list(base_fd, place);
    if (!list || flock(dirfd(list), LOCK_EX | LOCK_NB) < 0) {
        return 0; /* another keeper's, which lives */
    }
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (entry->d_name[0] == '.' || unlinkat(dirfd(list), entry->d_name, AT_REMOVEDIR) == 0) {
            continue;
        }
        struct stat status;
        cleanup_close int fd = openat(dirfd(list), entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && fstat(fd, &status) == 0) {
            clean(context, take_fd(&fd), status.st_uid);
            return 1;
        }
    }
    return 0;
}

int private_dirs_clean_stale(const struct private_dirs *dirs,
                             void (*clean)(void *context, int directory_fd, uid_t owner), void *context) {
    cleanup_directory DIR *list = open_list(dirs->base_fd, ".");
    if (!list) {
        return -errno;
    }
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, dirs->own_name) == 0) {
            continue;
        }
        if (clean_place(dirs->base_fd, entry->d_name, clean, context)) {
            return 1;
        }
        (void)unlinkat(dirs->base_fd, entry->d_name, AT_REMOVEDIR);
    }
    return 0;
}
