#include "client/save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "front/utf8.h"

#define PATH_MAX_BYTES 1024u
#define DEPTH_MAX 32u
#define TEMPORARY_TRIES 16

static const char *name_fault(const char *name, size_t len, int hidden) {
    if (len == 0) {
        return "it has an empty name in it";
    }
    if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))) {
        return "it has . or .. in it";
    }
    if (name[0] == '.' && !hidden) {
        return "a name begins with a dot; --hidden saves it";
    }
    return len > NAME_MAX ? "a name is too long" : NULL;
}

const char *save_path_fault(const char *path, size_t len, int hidden) {
    unsigned depth = 0;
    if (len == 0 || len > PATH_MAX_BYTES) {
        return len ? "it is too long" : "it is empty";
    }
    if (utf8_valid_len(path, len) != len) {
        return "it is not UTF-8";
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)path[i] < 0x20 || path[i] == 0x7F) {
            return "it has a control character in it";
        }
    }
    for (const char *name = path; name <= path + len;) {
        const char *slash = memchr(name, '/', (size_t)(path + len - name));
        const char *end = slash ? slash : path + len;
        const char *fault = name_fault(name, (size_t)(end - name), hidden);
        if (fault || ++depth > DEPTH_MAX) {
            return fault ? fault : "it is too deep";
        }
        name = end + 1;
    }
    return NULL;
}

int save_open_directory(const char *path, struct failure *failure) {
    if (mkdir(path, 0777) < 0 && errno != EEXIST) {
        return fail(failure, EXIT_STATUS_NOT_SAVED, "%s: %s", path, strerror(errno));
    }
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : fail(failure, EXIT_STATUS_NOT_SAVED, "%s: %s", path, strerror(errno));
}

/* The directory that the last name of the path lies in; makes what is missing. Returns a descriptor or -errno. */
static int open_parent(int directory, const char *path, const char **ret_name) {
    cleanup_close int at = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    char name[NAME_MAX + 1];
    const char *slash;
    if (at < 0) {
        return -errno;
    }
    for (; (slash = strchr(path, '/')); path = slash + 1) {
        memcpy(name, path, (size_t)(slash - path));
        name[slash - path] = '\0';
        if (mkdirat(at, name, 0777) < 0 && errno != EEXIST) {
            return -errno;
        }
        int next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0) {
            return -errno;
        }
        close_fd(&at);
        at = next;
    }
    *ret_name = path;
    return take_fd(&at);
}

/* Never executable, whatever it is. */
static int create(int directory, const char *name) {
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return fd < 0 ? -errno : fd;
}

static int create_temporary(int directory, char name[32]) {
    int fd = -EEXIST;
    for (int i = 0; i < TEMPORARY_TRIES && fd == -EEXIST; i++) {
        unsigned long long random = 0;
        if (getrandom(&random, sizeof random, 0) < 0) {
            return -errno;
        }
        (void)snprintf(name, 32, ".pyexec-%016llx", random);
        fd = create(directory, name);
    }
    return fd;
}

/* Takes fd in any case. */
static int fill(int fd, const char *bytes, size_t len) {
    int error = io_write_full(fd, bytes, len);
    if (close(fd) < 0 && !error) {
        error = -errno;
    }
    return error;
}

static int write_new(int directory, const char *name, const char *bytes, size_t len) {
    int fd = create(directory, name);
    int error = fd < 0 ? fd : fill(fd, bytes, len);
    if (fd >= 0 && error) {
        (void)unlinkat(directory, name, 0);
    }
    return error;
}

static int replace(int directory, const char *name, const char *bytes, size_t len) {
    char temporary[32];
    int fd = create_temporary(directory, temporary);
    int error = fd < 0 ? fd : fill(fd, bytes, len);
    if (fd >= 0 && !error && renameat(directory, temporary, directory, name) < 0) {
        error = -errno;
    }
    if (fd >= 0 && error) {
        (void)unlinkat(directory, temporary, 0);
    }
    return error;
}

int save_artifact(const struct saving *saving, const char *path, size_t path_len, const char *bytes, size_t len,
                  struct failure *failure) {
    const char *fault = save_path_fault(path, path_len, saving->hidden), *name = path;
    char copy[PATH_MAX_BYTES + 1];
    const int shown = path_len < 200 ? (int)path_len : 200;
    if (fault) {
        return fail(failure, EXIT_STATUS_NOT_SAVED, "a file is not saved because of its path (%.*s): %s", shown, path,
                    fault);
    }
    memcpy(copy, path, path_len);
    copy[path_len] = '\0';
    cleanup_close int parent = open_parent(saving->directory, copy, &name);
    int error = parent < 0 ? parent : (saving->force ? replace : write_new)(parent, name, bytes, len);
    if (error == -EEXIST) {
        return fail(failure, EXIT_STATUS_NOT_SAVED, "%.*s is there already; --force replaces it", shown, path);
    }
    if (error) {
        return fail(failure, EXIT_STATUS_NOT_SAVED, "%.*s: %s", shown, path,
                    error == -ELOOP || error == -ENOTDIR ? "a part of the path is a link or no directory"
                                                         : strerror(-error));
    }
    return 0;
}
