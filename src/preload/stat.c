/* Looking at files without opening them. The kernel's structures are libc's on the architectures that we know. */
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "preload/libc_names.h"
#include "preload/preload.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "what stat() means to the kernel has to be looked at first"
#endif

#define WRAP_STAT(suffix)                                                                                              \
    WRAP_CALL(int, stat##suffix, (const char *path, struct stat##suffix *status), SYS_newfstatat, AT_FDCWD, mapped,    \
              status, 0);                                                                                              \
    WRAP_CALL(int, lstat##suffix, (const char *path, struct stat##suffix *status), SYS_newfstatat, AT_FDCWD, mapped,   \
              status, AT_SYMLINK_NOFOLLOW);                                                                            \
    WRAP_CALL_AT(int, fstatat##suffix, fd, (int fd, const char *path, struct stat##suffix *status, int flags),         \
                 SYS_newfstatat, fd, mapped, status, flags);                                                           \
    EXPORT int __xstat##suffix(int version, const char *path, struct stat##suffix *status) {                           \
        (void)version;                                                                                                 \
        return stat##suffix(path, status);                                                                             \
    }                                                                                                                  \
    EXPORT int __lxstat##suffix(int version, const char *path, struct stat##suffix *status) {                          \
        (void)version;                                                                                                 \
        return lstat##suffix(path, status);                                                                            \
    }                                                                                                                  \
    EXPORT int __fxstatat##suffix(int version, int fd, const char *path, struct stat##suffix *status, int flags) {     \
        (void)version;                                                                                                 \
        return fstatat##suffix(fd, path, status, flags);                                                               \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")

WRAP_STAT();
WRAP_STAT(64);

WRAP_CALL_AT(int, statx, fd, (int fd, const char *path, int flags, unsigned mask, struct statx *status), SYS_statx, fd,
             mapped, flags, mask, status);

WRAP_CALL(int, access, (const char *path, int mode), SYS_faccessat, AT_FDCWD, mapped, mode);

/* With flags libc knows kernels without faccessat2(). */
DECLARE_NEXT(faccessat);
EXPORT int faccessat(int fd, const char *path, int mode, int flags) {
    MAP_AT(mapped, fd, path, -1);
    return flags == 0 ? (int)syscall(SYS_faccessat, fd, mapped, mode) : NEXT(faccessat)(fd, mapped, mode, flags);
}

WRAP_NEXT(int, euidaccess, -1, (const char *path, int mode), (mapped, mode));
WRAP_NEXT(int, eaccess, -1, (const char *path, int mode), (mapped, mode));

WRAP_CALL(int, statfs, (const char *path, struct statfs *status), SYS_statfs, mapped, status);
WRAP_CALL(int, statfs64, (const char *path, struct statfs64 *status), SYS_statfs, mapped, status);
WRAP_NEXT(int, statvfs, -1, (const char *path, struct statvfs *status), (mapped, status));
WRAP_NEXT(int, statvfs64, -1, (const char *path, struct statvfs64 *status), (mapped, status));
WRAP_NEXT(long, pathconf, -1, (const char *path, int name), (mapped, name));

WRAP_CALL(ssize_t, getxattr, (const char *path, const char *name, void *value, size_t size), SYS_getxattr, mapped, name,
          value, size);
WRAP_CALL(ssize_t, lgetxattr, (const char *path, const char *name, void *value, size_t size), SYS_lgetxattr, mapped,
          name, value, size);
WRAP_CALL(ssize_t, listxattr, (const char *path, char *list, size_t size), SYS_listxattr, mapped, list, size);
WRAP_CALL(ssize_t, llistxattr, (const char *path, char *list, size_t size), SYS_llistxattr, mapped, list, size);
WRAP_CALL(int, setxattr, (const char *path, const char *name, const void *value, size_t size, int flags), SYS_setxattr,
          mapped, name, value, size, flags);
WRAP_CALL(int, lsetxattr, (const char *path, const char *name, const void *value, size_t size, int flags),
          SYS_lsetxattr, mapped, name, value, size, flags);
WRAP_CALL(int, removexattr, (const char *path, const char *name), SYS_removexattr, mapped, name);
WRAP_CALL(int, lremovexattr, (const char *path, const char *name), SYS_lremovexattr, mapped, name);
