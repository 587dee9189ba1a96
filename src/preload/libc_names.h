/* Functions of libc's that programs call and headers do not declare: what _FORTIFY_SOURCE turns calls into, and what
 * programs from before glibc 2.33 call for stat() and mknod(). */
#ifndef PYEXEC_PRELOAD_LIBC_NAMES_H
#define PYEXEC_PRELOAD_LIBC_NAMES_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int fd, const char *path, int flags);
int __openat64_2(int fd, const char *path, int flags);
ssize_t __readlink_chk(const char *path, char *text, size_t size, size_t room);
ssize_t __readlinkat_chk(int fd, const char *path, char *text, size_t size, size_t room);
char *__realpath_chk(const char *path, char *resolved, size_t room);
char *__getcwd_chk(char *text, size_t size, size_t room);
char *__getwd_chk(char *text, size_t room);
void __chk_fail(void) __attribute__((noreturn));

int __xstat(int version, const char *path, struct stat *status);
int __lxstat(int version, const char *path, struct stat *status);
int __fxstatat(int version, int fd, const char *path, struct stat *status, int flags);
int __xstat64(int version, const char *path, struct stat64 *status);
int __lxstat64(int version, const char *path, struct stat64 *status);
int __fxstatat64(int version, int fd, const char *path, struct stat64 *status, int flags);
int __xmknod(int version, const char *path, mode_t mode, dev_t *device);
int __xmknodat(int version, int fd, const char *path, mode_t mode, dev_t *device);

#endif
