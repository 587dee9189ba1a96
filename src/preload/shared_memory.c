/* POSIX shared memory and named semaphores, which libc keeps in /dev/shm: here they are hidden files of the private
 * directory. A semaphore is a mapped sem_t, as libc has it, so sem_wait() and the others work on it. */
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/preload.h"

#define SHARED_MEMORY_PREFIX ".shm."
#define SEMAPHORE_PREFIX ".sem."

/* The kernel's name of an object; the name is "/name" or "name". Returns false with errno set. */
static bool object_path(const char *prefix, const char *name, char path[PATH_MAX]) {
    name += strspn(name, "/");
    size_t len = strlen(name);
    if (len == 0 || strchr(name, '/')) {
        errno = EINVAL;
        return false;
    }
    if (len + strlen(prefix) > NAME_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)snprintf(path, PATH_MAX, "%s/%s%s", preload_private()->name, prefix, name);
    return true;
}

static int open_object(const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode);
}

static int unlink_object(const char *prefix, const char *name) {
    char path[PATH_MAX] UNINITIALIZED;
    return object_path(prefix, name, path) ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0) : -1;
}

DECLARE_NEXT(shm_open);
EXPORT int shm_open(const char *name, int flags, mode_t mode) {
    if (!preload_active()) {
        return NEXT(shm_open)(name, flags, mode);
    }
    char path[PATH_MAX] UNINITIALIZED;
    return object_path(SHARED_MEMORY_PREFIX, name, path) ? open_object(path, flags, mode) : -1;
}

DECLARE_NEXT(shm_unlink);
EXPORT int shm_unlink(const char *name) {
    return preload_active() ? unlink_object(SHARED_MEMORY_PREFIX, name) : NEXT(shm_unlink)(name);
}

static sem_t *map_semaphore(int fd) {
    struct stat status;
    if (fstat(fd, &status) < 0) {
        return SEM_FAILED;
    }
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(sem_t)) {
        errno = EINVAL;
        return SEM_FAILED;
    }
    void *mapped = mmap(NULL, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return mapped == MAP_FAILED ? SEM_FAILED : mapped;
}

/* A semaphore's file stays open as long as it is mapped: one whose name is gone would count as a file of unknown size
 * otherwise, since nobody may look at the size of what is only mapped. Each entry is claimed and let go of by its
 * address alone, without a lock. When the table or the descriptors are used up, a new semaphore
 * keeps a name of its own instead. */
#define MAX_SEMAPHORES 128
#define FIRST_DESCRIPTOR 100 /* out of the way of who closes everything below some number */

static struct {
    _Atomic(sem_t *) semaphore;
    int fd;
    ino_t inode;
} held[MAX_SEMAPHORES];

static bool hold_file(sem_t *semaphore, int fd) {
    static sem_t being_made;
    struct stat status;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    if (high < 0 || fstat(high, &status) < 0) {
        return false;
    }
    for (size_t i = 0; i < MAX_SEMAPHORES; i++) {
        sem_t *none = NULL;
        if (atomic_compare_exchange_strong(&held[i].semaphore, &none, &being_made)) {
            held[i].fd = high;
            held[i].inode = status.st_ino;
            atomic_store(&held[i].semaphore, semaphore);
            return true;
        }
    }
    (void)close(high);
    return false;
}

/* Before it is unmapped: afterwards the address may be another one's. */
static void let_go_of_file(const sem_t *semaphore) {
    for (size_t i = 0; i < MAX_SEMAPHORES; i++) {
        if (atomic_load(&held[i].semaphore) == semaphore) {
            struct stat status;
            /* The number may be another file's since, when somebody has closed everything. */
            if (fstat(held[i].fd, &status) == 0 && status.st_ino == held[i].inode) {
                (void)close(held[i].fd);
            }
            atomic_store(&held[i].semaphore, NULL);
            return;
        }
    }
}

/* `draft` is another name of a new one's file, or NULL; it goes unless nothing else would keep the file in sight. */
static sem_t *map_and_hold(int fd, const char *draft) {
    sem_t *semaphore = map_semaphore(fd);
    int saved = errno;
    const bool is_held = semaphore != SEM_FAILED && hold_file(semaphore, fd);
    if (draft && (is_held || semaphore == SEM_FAILED)) {
        (void)syscall(SYS_unlinkat, AT_FDCWD, draft, 0);
    }
    (void)close(fd);
    errno = saved;
    return semaphore;
}

/* Written under another name and linked, so that nobody opens a half-made one. For the owner only, whatever mode was
 * asked for: nobody else can come by it. On success *ret_fd is the file's, and it has its first name, `draft`, still.
 */
static int create_semaphore(const char *path, unsigned value, char draft[PATH_MAX], int *ret_fd) {
    sem_t initial;
    memset(&initial, 0, sizeof initial);
    if (sem_init(&initial, 1, value) < 0) {
        return -1;
    }
    (void)snprintf(draft, PATH_MAX, "%s/" SEMAPHORE_PREFIX "XXXXXX", preload_private()->name);
    int fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    int result = -1;
    if (write(fd, &initial, sizeof initial) == (ssize_t)sizeof initial) {
        result = (int)syscall(SYS_linkat, AT_FDCWD, draft, AT_FDCWD, path, 0);
    }
    int saved = errno;
    if (result < 0) {
        (void)syscall(SYS_unlinkat, AT_FDCWD, draft, 0);
        (void)close(fd);
    }
    errno = saved;
    *ret_fd = fd;
    return result;
}

static sem_t *open_semaphore(const char *name, int flags, unsigned value) {
    char path[PATH_MAX] UNINITIALIZED, draft[PATH_MAX] UNINITIALIZED;
    if (!object_path(SEMAPHORE_PREFIX, name, path)) {
        return SEM_FAILED;
    }
    for (;;) {
        int fd = -1;
        if (!(flags & O_CREAT) || !(flags & O_EXCL)) {
            fd = open_object(path, O_RDWR, 0);
            if (fd >= 0 || errno != ENOENT || !(flags & O_CREAT)) {
                return fd >= 0 ? map_and_hold(fd, NULL) : SEM_FAILED;
            }
        }
        if (create_semaphore(path, value, draft, &fd) == 0) {
            return map_and_hold(fd, draft);
        }
        if (errno != EEXIST || (flags & O_EXCL)) {
            return SEM_FAILED;
        }
    }
}

DECLARE_NEXT(sem_open);
EXPORT sem_t *sem_open(const char *name, int flags, ...) {
    mode_t mode = 0;
    unsigned value = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        value = va_arg(arguments, unsigned);
        va_end(arguments);
    }
    return preload_active() ? open_semaphore(name, flags, value) : NEXT(sem_open)(name, flags, mode, value);
}

DECLARE_NEXT(sem_close);
EXPORT int sem_close(sem_t *semaphore) {
    int saved = errno;
    int result = NEXT(sem_close)(semaphore);
    if (result == 0 || !preload_active()) {
        return result; /* one of libc's own, from before /tmp was private; libc does not know ours */
    }
    let_go_of_file(semaphore);
    errno = saved;
    return munmap(semaphore, sizeof *semaphore);
}

DECLARE_NEXT(sem_unlink);
EXPORT int sem_unlink(const char *name) {
    return preload_active() ? unlink_object(SEMAPHORE_PREFIX, name) : NEXT(sem_unlink)(name);
}
