/* Opening files. On the architectures that we know the 64-bit names are the same functions. */
#include <stdarg.h>
#include <stdio.h>

#include "preload/libc_names.h"
#include "preload/preload.h"

static bool takes_mode(int flags) {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static int open_at(int fd, const char *path, int flags, mode_t mode) {
    MAP_AT(mapped, fd, path, -1);
    return (int)syscall(SYS_openat, fd, mapped, flags, mode);
}

#define WRAP_OPEN(function)                                                                                            \
    EXPORT int function(const char *path, int flags, ...) {                                                            \
        mode_t mode = 0;                                                                                               \
        if (takes_mode(flags)) {                                                                                       \
            va_list arguments;                                                                                         \
            va_start(arguments, flags);                                                                                \
            mode = va_arg(arguments, mode_t);                                                                          \
            va_end(arguments);                                                                                         \
        }                                                                                                              \
        return open_at(AT_FDCWD, path, flags, mode);                                                                   \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")
#define WRAP_OPENAT(function)                                                                                          \
    EXPORT int function(int fd, const char *path, int flags, ...) {                                                    \
        mode_t mode = 0;                                                                                               \
        if (takes_mode(flags)) {                                                                                       \
            va_list arguments;                                                                                         \
            va_start(arguments, flags);                                                                                \
            mode = va_arg(arguments, mode_t);                                                                          \
            va_end(arguments);                                                                                         \
        }                                                                                                              \
        return open_at(fd, path, flags, mode);                                                                         \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")

WRAP_OPEN(open);
WRAP_OPEN(open64);
WRAP_OPEN(__open);
WRAP_OPEN(__open64);
WRAP_OPENAT(openat);
WRAP_OPENAT(openat64);

EXPORT int __open_2(const char *path, int flags) {
    return open_at(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags) {
    return open_at(AT_FDCWD, path, flags, 0);
}

EXPORT int __openat_2(int fd, const char *path, int flags) {
    return open_at(fd, path, flags, 0);
}

EXPORT int __openat64_2(int fd, const char *path, int flags) {
    return open_at(fd, path, flags, 0);
}

EXPORT int creat(const char *path, mode_t mode) {
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode) {
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

WRAP_NEXT(FILE *, fopen, NULL, (const char *path, const char *mode), (mapped, mode));
WRAP_NEXT(FILE *, fopen64, NULL, (const char *path, const char *mode), (mapped, mode));
/* Without a path they change the mode of the stream. */
WRAP_NEXT(FILE *, freopen, NULL, (const char *path, const char *mode, FILE *stream), (mapped, mode, stream));
WRAP_NEXT(FILE *, freopen64, NULL, (const char *path, const char *mode, FILE *stream), (mapped, mode, stream));

WRAP_CALL(int, truncate, (const char *path, off_t size), SYS_truncate, mapped, size);
WRAP_CALL(int, truncate64, (const char *path, off64_t size), SYS_truncate, mapped, size);
