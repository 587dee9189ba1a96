/* Executing programs. All of exec is here, since libc's functions call each other by inner names; safe after vfork().
 */
#include <paths.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "preload/preload.h"
#include "preload/program.h"

static int execute(int fd, const char *path, char *const *argv, char *const *envp, int flags) {
    PROGRAM(program, fd, path, argv, envp, -1);
    if (flags == 0 && fd == AT_FDCWD) {
        return (int)syscall(SYS_execve, program.path, program.argv, program.envp);
    }
    return (int)syscall(SYS_execveat, fd, program.path, program.argv, program.envp, flags);
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[]) {
    return preload_active() ? execute(AT_FDCWD, path, argv, envp, 0) : (int)syscall(SYS_execve, path, argv, envp);
}

EXPORT int execv(const char *path, char *const argv[]) {
    return execve(path, argv, environ);
}

EXPORT int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags) {
    return preload_active() ? execute(fd, path, argv, envp, flags)
                            : (int)syscall(SYS_execveat, fd, path, argv, envp, flags);
}

EXPORT int fexecve(int fd, char *const argv[], char *const envp[]) {
    return execveat(fd, "", argv, envp, AT_EMPTY_PATH);
}

/* A file that is no program is a shell script without a first line, as execvp() has always had it. */
static int execute_by_shell(const char *path, char *const argv[], char *const envp[]) {
    size_t n = program_count_arguments(argv);
    if (n > PROGRAM_MOST_ENTRIES) {
        errno = E2BIG;
        return -1;
    }
    char **arguments = alloca(n * sizeof(char *));
    size_t at = 0;
    arguments[at++] = (char *)(uintptr_t)_PATH_BSHELL;
    arguments[at++] = (char *)(uintptr_t)path;
    for (size_t i = 1; argv[0] && argv[i]; i++) {
        arguments[at++] = argv[i];
    }
    arguments[at] = NULL;
    return execve(_PATH_BSHELL, arguments, envp);
}

DECLARE_NEXT(execvpe);
EXPORT int execvpe(const char *file, char *const argv[], char *const envp[]) {
    if (!preload_active()) {
        return NEXT(execvpe)(file, argv, envp);
    }
    char found[PATH_MAX] UNINITIALIZED;
    const char *path = program_search(file, found);
    if (!path) {
        return -1;
    }
    (void)execve(path, argv, envp);
    return errno == ENOEXEC ? execute_by_shell(path, argv, envp) : -1;
}

EXPORT int execvp(const char *file, char *const argv[]) {
    return execvpe(file, argv, environ);
}

/* The arguments of execl() and its like as an array on the stack; `last` is the place after the NULL. */
#define COLLECT(argv, first, arguments)                                                                                \
    size_t argv##_count = 1;                                                                                           \
    va_start(arguments, first);                                                                                        \
    while (va_arg(arguments, char *)) {                                                                                \
        argv##_count++;                                                                                                \
    }                                                                                                                  \
    va_end(arguments);                                                                                                 \
    if (argv##_count > PROGRAM_MOST_ENTRIES) {                                                                         \
        errno = E2BIG;                                                                                                 \
        return -1;                                                                                                     \
    }                                                                                                                  \
    char **argv = alloca((argv##_count + 1) * sizeof(char *));                                                         \
    argv[0] = (char *)(uintptr_t)(first);                                                                              \
    va_start(arguments, first);                                                                                        \
    for (size_t argv##_i = 1; argv##_i <= argv##_count; argv##_i++) {                                                  \
        argv[argv##_i] = va_arg(arguments, char *);                                                                    \
    }                                                                                                                  \
    (void)0

EXPORT int execl(const char *path, const char *first, ...) {
    va_list arguments;
    COLLECT(argv, first, arguments);
    va_end(arguments);
    return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *first, ...) {
    va_list arguments;
    COLLECT(argv, first, arguments);
    va_end(arguments);
    return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...) {
    va_list arguments;
    COLLECT(argv, first, arguments);
    char *const *envp = va_arg(arguments, char *const *);
    va_end(arguments);
    return execve(path, argv, envp);
}
