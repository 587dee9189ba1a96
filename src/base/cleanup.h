/* Scope-bound clean-up for descriptors and memory.
 *
 *     cleanup_close int fd = -1;      closed at the end of the scope when >= 0
 *     cleanup_free  char *text = NULL;  freed at the end of the scope
 *     return take_fd(&fd);            hands the descriptor on and disarms the clean-up
 */
#ifndef PYEXEC_BASE_CLEANUP_H
#define PYEXEC_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Closes *fd when it is >= 0 and sets it to -1. Keeps errno. */
static inline void close_fd(int *fd) {
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd);
        errno = saved;
        *fd = -1;
    }
}

/* Closes *directory unless it is NULL. */
static inline void close_directory(DIR **directory) {
    if (*directory) {
        (void)closedir(*directory);
    }
}

/* Frees *pointer (NULL is fine). Takes void * so that it fits every pointer variable. */
static inline void free_pointer(void *pointer) {
    free(*(void **)pointer);
}

/* Returns *fd and sets it to -1: ownership moves to the caller. */
static inline int take_fd(int *fd) {
    int taken = *fd;
    *fd = -1;
    return taken;
}

#define cleanup_close __attribute__((cleanup(close_fd)))
#define cleanup_directory __attribute__((cleanup(close_directory)))
#define cleanup_free __attribute__((cleanup(free_pointer)))

#endif
