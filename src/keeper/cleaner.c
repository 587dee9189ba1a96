#include "keeper/cleaner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define RENAME_WITHOUT_REPLACING 1u

struct cleaner {
    int top; /* O_PATH */
    int proc_fd;
    uint64_t moved; /* directories brought up so far */
};

/* Makes a directory its owner's again, by an O_PATH descriptor. Where that fails, what comes next says so. */
static void open_up(const struct cleaner *cleaner, int path_fd) {
    char self[40];
    (void)snprintf(self, sizeof self, "self/fd/%d", path_fd);
    if (fchmodat(cleaner->proc_fd, self, 0700, 0) < 0) {
        return;
    }
}

/* Opens the directory behind an O_PATH descriptor for reading and writing its entries, whatever mode it was left in. */
static DIR *open_list(const struct cleaner *cleaner, int path_fd) {
    open_up(cleaner, path_fd);
    int fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !list) {
        (void)close(fd);
    }
    return list;
}

/* Removes a file, a link, or an empty directory. */
static int remove_entry(int dir_fd, const char *name) {
    if (unlinkat(dir_fd, name, 0) == 0) {
        return 0;
    }
    return unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

/* Brings a directory that is not empty up to the top, so that no path gets longer than two names. */
static int bring_up(struct cleaner *cleaner, int dir_fd, const char *name) {
    cleanup_close int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char moved[40];
    if (fd < 0) {
        return -errno;
    }
    open_up(cleaner, fd); /* its ".." has to be written */
    do {
        (void)snprintf(moved, sizeof moved, ".pyexec-%llu", (unsigned long long)++cleaner->moved);
        if (syscall(SYS_renameat2, dir_fd, name, cleaner->top, moved, RENAME_WITHOUT_REPLACING) == 0) {
            return 0;
        }
    } while (errno == EEXIST);
    return -errno;
}

static int is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Empties a directory of the top: what is in it goes, or comes up. */
static int empty_one(struct cleaner *cleaner, const char *name) {
    cleanup_close int fd = openat(cleaner->top, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    cleanup_directory DIR *list = open_list(cleaner, fd);
    if (!list) {
        return -errno;
    }
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (is_dots(entry->d_name) || remove_entry(dirfd(list), entry->d_name) == 0) {
            continue;
        }
        int error = bring_up(cleaner, dirfd(list), entry->d_name);
        if (error) {
            return error;
        }
    }
    return 0;
}

/* One pass over the top. Returns how many entries it met, or -errno when one of them cannot be removed. */
static int clean_top(struct cleaner *cleaner) {
    cleanup_directory DIR *list = open_list(cleaner, cleaner->top);
    if (!list) {
        return -errno;
    }
    int met = 0;
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (is_dots(entry->d_name)) {
            continue;
        }
        met++;
        if (remove_entry(dirfd(list), entry->d_name) == 0) {
            continue;
        }
        int error = empty_one(cleaner, entry->d_name);
        if (error) {
            return error;
        }
        (void)remove_entry(dirfd(list), entry->d_name); /* else in the next pass */
    }
    return met;
}

int cleaner_empty(int directory_fd, int proc_fd) {
    struct cleaner cleaner = {.top = directory_fd, .proc_fd = proc_fd};
    int met;
    do {
        met = clean_top(&cleaner);
    } while (met > 0);
    return met;
}
