/* What the wrappers share. A wrapper has the name of a libc function, maps its paths and does what libc does: by the
 * same system call where that is all libc does, else by libc's own function (NEXT). No wrapper uses the heap, takes a
 * lock or fails where libc would not, but for a path that becomes too long. */
#ifndef PYEXEC_PRELOAD_PRELOAD_H
#define PYEXEC_PRELOAD_PRELOAD_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/path_map.h"

#define EXPORT __attribute__((visibility("default")))
/* Buffers for paths are written before they are read; clearing 4 KiB in every call would cost more than the call. */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#else
#define UNINITIALIZED
#endif
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* PRELOAD_UNKNOWN until the first call of anything, which may come from another library's constructor before ours. */
enum preload_state { PRELOAD_INACTIVE, PRELOAD_UNKNOWN, PRELOAD_ACTIVE };
extern _Atomic int preload_state;

/* Whether /tmp is a private directory here; finds out when that is not known yet. */
bool preload_find_state(void);
static inline bool preload_active(void) {
    return !LIKELY(atomic_load_explicit(&preload_state, memory_order_acquire) == PRELOAD_INACTIVE) &&
           preload_find_state();
}

/* Only while active. */
const struct private_directory *preload_private(void);
/* Our own file's name, for LD_PRELOAD; NULL when it is not absolute. */
const char *preload_library(void);

/* The path for the kernel: `path` itself or `buffer`. `fd` is where a relative path starts, as for openat(). Returns
 * `preload_too_long` with errno set when it becomes that, and NULL for NULL. Keeps errno otherwise. */
extern const char preload_too_long[];
const char *preload_map(int fd, const char *path, char buffer[PATH_MAX]);
static inline const char *private_path(int fd, const char *path, char buffer[PATH_MAX]) {
    return preload_active() ? preload_map(fd, path, buffer) : path;
}

/* Declares `name`, the mapped form of `path`; ends the function with `failure` when there is none. */
#define MAP_AT(name, fd, path, failure)                                                                                \
    char name##_buffer[PATH_MAX] UNINITIALIZED;                                                                        \
    const char *name = private_path((fd), (path), name##_buffer);                                                      \
    if (name == preload_too_long) {                                                                                    \
        return failure;                                                                                                \
    }                                                                                                                  \
    (void)0
#define MAP(name, path, failure) MAP_AT(name, AT_FDCWD, path, failure)

/* Turns the kernel's name in `path` into the script's, in place. NULL is fine. Returns `path`. */
char *preload_map_back(char *path);

/* libc's own function of that name. All are looked up when the library is loaded: dlsym() takes a lock, which a forked
 * child may find taken for ever. */
struct next_function {
    const char *name;
    void *_Atomic address;
};
void *preload_look_up(struct next_function *function);
static inline void *preload_next(struct next_function *function) {
    void *address = atomic_load_explicit(&function->address, memory_order_relaxed);
    return LIKELY(address != NULL) ? address : preload_look_up(function);
}
#define DECLARE_NEXT(function)                                                                                         \
    static struct next_function next_##function __attribute__((section("pyexec_next"), used)) = {.name = #function};   \
    static inline __typeof__(&function) get_next_##function(void) {                                                    \
        return (__typeof__(&function))preload_next(&next_##function);                                                  \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")
#define NEXT(function) get_next_##function()

/* A wrapper that maps `path`, one of `parameters`, and hands `mapped` to libc's own function. */
#define WRAP_NEXT(result, function, failure, parameters, arguments)                                                    \
    DECLARE_NEXT(function);                                                                                            \
    EXPORT result function parameters {                                                                                \
        MAP(mapped, path, failure);                                                                                    \
        return NEXT(function) arguments;                                                                               \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")

/* A wrapper that maps `path` and does the system call itself; the variadic part is the call's number and arguments. */
#define WRAP_CALL(result, function, parameters, ...) WRAP_CALL_AT(result, function, AT_FDCWD, parameters, __VA_ARGS__)
#define WRAP_CALL_AT(result, function, fd, parameters, ...)                                                            \
    EXPORT result function parameters {                                                                                \
        MAP_AT(mapped, fd, path, -1);                                                                                  \
        return (result)syscall(__VA_ARGS__);                                                                           \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")

#endif
