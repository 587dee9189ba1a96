/* Making, naming and removing files and directories, and links, whose targets are stored as the kernel has to follow
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preload/libc_names.h"
#include "preload/preload.h"

WRAP_CALL(int, mkdir, (const char *path, mode_t mode), SYS_mkdirat, AT_FDCWD, mapped, mode);
WRAP_CALL_AT(int, mkdirat, fd, (int fd, const char *path, mode_t mode), SYS_mkdirat, fd, mapped, mode);
WRAP_CALL(int, mkfifo, (const char *path, mode_t mode), SYS_mknodat, AT_FDCWD, mapped, mode | S_IFIFO, 0);
WRAP_CALL_AT(int, mkfifoat, fd, (int fd, const char *path, mode_t mode), SYS_mknodat, fd, mapped, mode | S_IFIFO, 0);
WRAP_CALL(int, mknod, (const char *path, mode_t mode, dev_t device), SYS_mknodat, AT_FDCWD, mapped, mode,
          (unsigned)device);
WRAP_CALL_AT(int, mknodat, fd, (int fd, const char *path, mode_t mode, dev_t device), SYS_mknodat, fd, mapped, mode,
             (unsigned)device);

EXPORT int __xmknod(int version, const char *path, mode_t mode, dev_t *device) {
    (void)version;
    return mknod(path, mode, *device);
}

EXPORT int __xmknodat(int version, int fd, const char *path, mode_t mode, dev_t *device) {
    (void)version;
    return mknodat(fd, path, mode, *device);
}

WRAP_CALL(int, rmdir, (const char *path), SYS_unlinkat, AT_FDCWD, mapped, AT_REMOVEDIR);
WRAP_CALL(int, unlink, (const char *path), SYS_unlinkat, AT_FDCWD, mapped, 0);
WRAP_CALL_AT(int, unlinkat, fd, (int fd, const char *path, int flags), SYS_unlinkat, fd, mapped, flags);

EXPORT int remove(const char *path) {
    return unlink(path) == 0 || (errno == EISDIR && rmdir(path) == 0) ? 0 : -1;
}

/* Two paths: "old" starts at from_fd, "new" at to_fd. Every kernel with Landlock has renameat2(). */
#define WRAP_TWO(function, from_fd, to_fd, parameters, ...)                                                            \
    EXPORT int function parameters {                                                                                   \
        MAP_AT(from, from_fd, old, -1);                                                                                \
        MAP_AT(to, to_fd, new, -1);                                                                                    \
        return (int)syscall(__VA_ARGS__);                                                                              \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")

WRAP_TWO(rename, AT_FDCWD, AT_FDCWD, (const char *old, const char *new), SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to,
         0);
WRAP_TWO(renameat, old_fd, new_fd, (int old_fd, const char *old, int new_fd, const char *new), SYS_renameat2, old_fd,
         from, new_fd, to, 0);
WRAP_TWO(renameat2, old_fd, new_fd, (int old_fd, const char *old, int new_fd, const char *new, unsigned flags),
         SYS_renameat2, old_fd, from, new_fd, to, flags);
WRAP_TWO(link, AT_FDCWD, AT_FDCWD, (const char *old, const char *new), SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
WRAP_TWO(linkat, old_fd, new_fd, (int old_fd, const char *old, int new_fd, const char *new, int flags), SYS_linkat,
         old_fd, from, new_fd, to, flags);

static int make_symlink(const char *target, int fd, const char *path) {
    char target_buffer[PATH_MAX] UNINITIALIZED;
    if (target && target[0] == '/') {
        target = private_path(AT_FDCWD, target, target_buffer);
        if (target == preload_too_long) {
            return -1;
        }
    }
    MAP_AT(mapped, fd, path, -1);
    return (int)syscall(SYS_symlinkat, target, fd, mapped);
}

EXPORT int symlink(const char *target, const char *path) {
    return make_symlink(target, AT_FDCWD, path);
}

EXPORT int symlinkat(const char *target, int fd, const char *path) {
    return make_symlink(target, fd, path);
}

static ssize_t read_symlink(int fd, const char *path, char *text, size_t size) {
    MAP_AT(mapped, fd, path, -1);
    if (!preload_active() || size == 0) {
        return syscall(SYS_readlinkat, fd, mapped, text, size);
    }
    char target[PATH_MAX] UNINITIALIZED;
    ssize_t len = syscall(SYS_readlinkat, fd, mapped, target, sizeof target);
    if (len < 0) {
        return -1;
    }
    size_t shown = path_map_back(preload_private(), target, (size_t)len);
    shown = shown < size ? shown : size;
    memcpy(text, target, shown);
    return (ssize_t)shown;
}

EXPORT ssize_t readlink(const char *path, char *text, size_t size) {
    return read_symlink(AT_FDCWD, path, text, size);
}

EXPORT ssize_t readlinkat(int fd, const char *path, char *text, size_t size) {
    return read_symlink(fd, path, text, size);
}

EXPORT ssize_t __readlink_chk(const char *path, char *text, size_t size, size_t room) {
    if (room < size) {
        __chk_fail();
    }
    return read_symlink(AT_FDCWD, path, text, size);
}

EXPORT ssize_t __readlinkat_chk(int fd, const char *path, char *text, size_t size, size_t room) {
    if (room < size) {
        __chk_fail();
    }
    return read_symlink(fd, path, text, size);
}

/* libc's own follow the kernel's names; only the answer is the script's. */
DECLARE_NEXT(realpath);
EXPORT char *realpath(const char *path, char *resolved) {
    MAP(mapped, path, NULL);
    return preload_map_back(NEXT(realpath)(mapped, resolved));
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t room) {
    if (room < PATH_MAX) {
        __chk_fail();
    }
    return realpath(path, resolved);
}

DECLARE_NEXT(canonicalize_file_name);
EXPORT char *canonicalize_file_name(const char *path) {
    MAP(mapped, path, NULL);
    return preload_map_back(NEXT(canonicalize_file_name)(mapped));
}
