#include "image/prepared_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/root_files.h"
#include "jail/root_paths.h"

/* Deeper than any system; two descriptors are open a level. */
#define MAX_DEPTH 100

struct maker {
    int source, target;
    dev_t own_device; /* the tree itself, which may lie within what it is made of */
    ino_t own_inode;
    struct prepared_tree_report *report;
};

static int failed_at(const struct maker *maker, const char *path, int error) {
    (void)snprintf(maker->report->path, sizeof maker->report->path, "%s", path);
    return error;
}

/* no_new_privs makes them harmless, and so does a change of root that the kernel knows of; a tree that a script can
 * reach had still better hold no program that gives rights, and nothing that everybody may write. */
static int is_unsafe(int parent, const char *name, const struct stat *status) {
    if (status->st_mode & (S_ISUID | S_ISGID | S_IWOTH)) {
        return 1;
    }
    if (!(status->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH))) {
        return 0;
    }
    cleanup_close int fd = openat(parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd >= 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static int copy_file(int from_parent, int to_parent, const char *name, const struct stat *status) {
    cleanup_close int from = openat(from_parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0) {
        return -errno;
    }
    cleanup_close int to = openat(to_parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) {
        return -errno;
    }
    char buffer[64 * 1024];
    ssize_t n;
    while ((n = io_read_full(from, buffer, sizeof buffer)) > 0) {
        int error = io_write_full(to, buffer, (size_t)n);
        if (error) {
            return error;
        }
    }
    /* The times too: Python takes compiled code for good by the time of its source. */
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (n == 0 && (fchmod(to, status->st_mode & 0755) < 0 || futimens(to, times) < 0)) {
        n = -errno;
    }
    return (int)n;
}

static int bring_file(const struct maker *maker, int from, int to, const char *name, const struct stat *status) {
    if (is_unsafe(from, name, status)) {
        maker->report->left_out++;
        return 0;
    }
    if (linkat(from, name, to, name, 0) == 0) {
        maker->report->links++;
        return 0;
    }
    if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP) {
        return -errno;
    }
    maker->report->copies++;
    return copy_file(from, to, name, status);
}

static int bring_symlink(const struct maker *maker, int from, int to, const char *name) {
    char link[PATH_MAX];
    ssize_t n = readlinkat(from, name, link, sizeof link - 1);
    if (n < 0) {
        return -errno;
    }
    link[n] = '\0';
    maker->report->symlinks++;
    return symlinkat(link, to, name) < 0 ? -errno : 0;
}

static int bring(const struct maker *maker, int from, int to, const char *name, const char *path, unsigned depth);

static int bring_entries(const struct maker *maker, int from, int to, const char *name, const char *path,
                         unsigned depth) {
    cleanup_close int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    cleanup_close int target = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (source < 0 || target < 0) {
        return failed_at(maker, path, -errno);
    }
    cleanup_directory DIR *entries = fdopendir(source);
    if (!entries) {
        return failed_at(maker, path, -errno);
    }
    const int source_fd = take_fd(&source); /* the stream's now */
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (!entry) {
            return errno ? failed_at(maker, path, -errno) : 0;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char below[PATH_MAX];
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below) {
            return failed_at(maker, path, -ENAMETOOLONG);
        }
        int error = bring(maker, source_fd, target, entry->d_name, below, depth + 1);
        if (error) {
            return error;
        }
    }
}

/* Brings `name`, and all beneath it, from one directory into another; `path` is for the report only. */
static int bring(const struct maker *maker, int from, int to, const char *name, const char *path, unsigned depth) {
    struct stat status;
    int error = 0;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        return failed_at(maker, path, -errno);
    }
    if (S_ISDIR(status.st_mode)) {
        if (status.st_dev == maker->own_device && status.st_ino == maker->own_inode) {
            return 0;
        }
        if (depth > MAX_DEPTH) {
            return failed_at(maker, path, -ELOOP);
        }
        if (mkdirat(to, name, 0755) < 0) {
            return failed_at(maker, path, -errno);
        }
        maker->report->directories++;
        return bring_entries(maker, from, to, name, path, depth);
    }
    if (S_ISREG(status.st_mode)) {
        error = bring_file(maker, from, to, name, &status);
    } else if (S_ISLNK(status.st_mode)) {
        error = bring_symlink(maker, from, to, name);
    } else {
        maker->report->left_out++;
    }
    return error ? failed_at(maker, path, error) : 0;
}

static int bring_all(const struct maker *maker, const char *const *paths) {
    for (; *paths; paths++) {
        const char *name = *paths + 1;
        struct stat status;
        if (fstatat(maker->source, name, &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
            continue;
        }
        int error = bring(maker, maker->source, maker->target, name, *paths, 0);
        if (error) {
            return error;
        }
    }
    return 0;
}

static int make_devices(const struct maker *maker) {
    static const struct {
        const char *path;
        unsigned minor; /* of major number 1, memory devices, on every Linux */
    } numbers[] = {{"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7}, {"/dev/random", 8}, {"/dev/urandom", 9}};
    for (const char *const *path = root_device_paths; *path; path++) {
        unsigned minor = 0;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            minor = strcmp(*path, numbers[i].path) == 0 ? numbers[i].minor : minor;
        }
        if (minor == 0) {
            return failed_at(maker, *path, -ENODEV);
        }
        if (mknodat(maker->target, *path + 1, S_IFCHR | 0666, makedev(1, minor)) < 0) {
            maker->report->device_error = -errno;
            return 0;
        }
        /* The umask has taken some of it away. */
        if (fchmodat(maker->target, *path + 1, 0666, 0) < 0) {
            return failed_at(maker, *path, -errno);
        }
    }
    return 0;
}

/* The sandboxes' private directories are made in it, under names that cannot be guessed: hence no right to list it, nor
 * what it lies in. */
static int make_run_directory(const struct maker *maker) {
    if (mkdirat(maker->target, "run", 0711) < 0 || mkdirat(maker->target, "run/pyexecd", 0711) < 0) {
        return failed_at(maker, "/run/pyexecd", -errno);
    }
    return 0;
}

/* Where the operator of a container puts packages for scripts (the setting site_packages). */
static int make_site_packages(const struct maker *maker) {
    return mkdirat(maker->target, "site-packages", 0755) < 0 ? failed_at(maker, "/site-packages", -errno) : 0;
}

/* Nothing to do where the directory lies within what was brought already. */
static int bring_program_dir(const struct maker *maker, const char *program_dir) {
    char path[PATH_MAX];
    if (!program_dir || faccessat(maker->target, program_dir + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return 0;
    }
    for (const char *slash = strchr(program_dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        (void)snprintf(path, sizeof path, "%.*s", (int)(slash - program_dir - 1), program_dir + 1);
        if (mkdirat(maker->target, path, 0755) < 0 && errno != EEXIST) {
            return failed_at(maker, program_dir, -errno);
        }
    }
    return bring(maker, maker->source, maker->target, program_dir + 1, program_dir, 0);
}

static int fill(const struct maker *maker, const struct prepared_tree_options *options) {
    const char *path = "/";
    int error = root_make_directories(maker->target, &path);
    if (error) {
        return failed_at(maker, path, error);
    }
    error = make_run_directory(maker);
    if (!error) {
        error = make_site_packages(maker);
    }
    if (!error) {
        error = bring_all(maker, root_system_paths);
    }
    if (!error) {
        error = bring_all(maker, root_etc_paths);
    }
    if (!error) {
        error = bring_program_dir(maker, options->program_dir);
    }
    if (!error) {
        error = make_devices(maker);
    }
    if (error) {
        return error;
    }
    error = root_make_etc_files(maker->target, options->first_id, options->n_accounts, &path);
    if (!error) {
        error = root_make_links(maker->target, &path);
    }
    return error ? failed_at(maker, path, error) : 0;
}

int prepared_tree_make(const struct prepared_tree_options *options, struct prepared_tree_report *ret_report) {
    *ret_report = (struct prepared_tree_report){0};
    struct maker maker = {.report = ret_report};
    char unfinished[PATH_MAX];
    struct stat status;

    if (snprintf(unfinished, sizeof unfinished, "%s.new", options->target) >= (int)sizeof unfinished) {
        return failed_at(&maker, options->target, -ENAMETOOLONG);
    }
    if (lstat(options->target, &status) == 0) {
        return failed_at(&maker, options->target, -EEXIST);
    }
    cleanup_close int source = open(options->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) {
        return failed_at(&maker, options->source, -errno);
    }
    (void)umask(022);
    cleanup_close int target = -1;
    if (mkdir(unfinished, 0755) < 0 ||
        (target = open(unfinished, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0 ||
        fstat(target, &status) < 0) {
        return failed_at(&maker, unfinished, -errno);
    }
    maker.source = source;
    maker.target = target;
    maker.own_device = status.st_dev;
    maker.own_inode = status.st_ino;
    int error = fill(&maker, options);
    if (error) {
        return error;
    }
    return rename(unfinished, options->target) < 0 ? failed_at(&maker, options->target, -errno) : 0;
}
