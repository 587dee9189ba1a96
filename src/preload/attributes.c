/* Modes, times and owners. Landlock does not look at them, so where all sandboxes have one user seccomp refuses the
 * calls that take a path, and what is one's own is changed by descriptor: opening asks Landlock. */
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#include "preload/preload.h"

/* A descriptor that fchmod() and futimens() take. `path` is mapped. Returns -1 where there is no right to open it. */
static int open_own(int fd, const char *path, int no_follow) {
    int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (no_follow ? O_NOFOLLOW : 0);
    int opened = (int)syscall(SYS_openat, fd, path, O_RDONLY | flags, 0);
    return opened >= 0 ? opened : (int)syscall(SYS_openat, fd, path, O_WRONLY | flags, 0);
}

static void close_quietly(int fd) {
    int saved = errno;
    (void)close(fd);
    errno = saved;
}

static bool is_symlink(int fd, const char *path) {
    struct stat status;
    return syscall(SYS_newfstatat, fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

/* `path` is mapped, and the kernel has said EPERM. */
static int chmod_by_descriptor(int fd, const char *path, mode_t mode, int no_follow) {
    int opened = open_own(fd, path, no_follow);
    if (opened < 0) {
        errno = EPERM;
        return -1;
    }
    int result = fchmod(opened, mode);
    close_quietly(opened);
    return result;
}

static int change_mode(int fd, const char *path, mode_t mode) {
    MAP_AT(mapped, fd, path, -1);
    int result = (int)syscall(SYS_fchmodat, fd, mapped, mode);
    return result < 0 && errno == EPERM && preload_active() ? chmod_by_descriptor(fd, mapped, mode, 0) : result;
}

EXPORT int chmod(const char *path, mode_t mode) {
    return change_mode(AT_FDCWD, path, mode);
}

DECLARE_NEXT(fchmodat);
EXPORT int fchmodat(int fd, const char *path, mode_t mode, int flags) {
    if (flags == 0) {
        return change_mode(fd, path, mode);
    }
    MAP_AT(mapped, fd, path, -1);
    int result = NEXT(fchmodat)(fd, mapped, mode, flags);
    if (result < 0 && preload_active() && flags == AT_SYMLINK_NOFOLLOW && (errno == EPERM || errno == EOPNOTSUPP)) {
        /* libc's way leads through /proc, which may not be there. */
        int saved = errno;
        if (!is_symlink(fd, mapped)) {
            return chmod_by_descriptor(fd, mapped, mode, 1);
        }
        errno = saved;
    }
    return result;
}

EXPORT int lchmod(const char *path, mode_t mode) {
    return fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
}

static int change_times(int fd, const char *path, const struct timespec times[2], int flags) {
    MAP_AT(mapped, fd, path, -1);
    int result = (int)syscall(SYS_utimensat, fd, mapped, times, flags);
    if (result == 0 || errno != EPERM || !path || !preload_active()) {
        return result;
    }
    if ((flags & AT_SYMLINK_NOFOLLOW) && is_symlink(fd, mapped)) {
        return 0; /* nothing can set them, and shutil.copytree(symlinks=True), cp -a and tar would fail for them */
    }
    int opened = open_own(fd, mapped, flags & AT_SYMLINK_NOFOLLOW);
    if (opened < 0) {
        errno = EPERM;
        return -1;
    }
    result = (int)syscall(SYS_utimensat, opened, NULL, times, 0);
    close_quietly(opened);
    return result;
}

static int change_times_us(int fd, const char *path, const struct timeval *times, int flags) {
    if (!times) {
        return change_times(fd, path, NULL, flags);
    }
    struct timespec fine[2];
    for (int i = 0; i < 2; i++) {
        if (times[i].tv_usec < 0 || times[i].tv_usec >= 1000000) {
            errno = EINVAL;
            return -1;
        }
        fine[i] = (struct timespec){.tv_sec = times[i].tv_sec, .tv_nsec = times[i].tv_usec * 1000};
    }
    return change_times(fd, path, fine, flags);
}

EXPORT int utimensat(int fd, const char *path, const struct timespec times[2], int flags) {
    return change_times(fd, path, times, flags);
}

EXPORT int utimes(const char *path, const struct timeval times[2]) {
    return change_times_us(AT_FDCWD, path, times, 0);
}

EXPORT int lutimes(const char *path, const struct timeval times[2]) {
    return change_times_us(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

/* Without a path it is about the descriptor. */
EXPORT int futimesat(int fd, const char *path, const struct timeval times[2]) {
    return change_times_us(fd, path, times, 0);
}

EXPORT int utime(const char *path, const struct utimbuf *times) {
    if (!times) {
        return change_times(AT_FDCWD, path, NULL, 0);
    }
    const struct timespec fine[2] = {{.tv_sec = times->actime}, {.tv_sec = times->modtime}};
    return change_times(AT_FDCWD, path, fine, 0);
}

/* Always refused in a sandbox, where nobody has the right; the answer should be about the right file. */
WRAP_CALL(int, chown, (const char *path, uid_t owner, gid_t group), SYS_fchownat, AT_FDCWD, mapped, owner, group, 0);
WRAP_CALL(int, lchown, (const char *path, uid_t owner, gid_t group), SYS_fchownat, AT_FDCWD, mapped, owner, group,
          AT_SYMLINK_NOFOLLOW);
WRAP_CALL_AT(int, fchownat, fd, (int fd, const char *path, uid_t owner, gid_t group, int flags), SYS_fchownat, fd,
             mapped, owner, group, flags);
