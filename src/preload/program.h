/* What is executed in the end, for the wrappers of exec and of posix_spawn. */
#ifndef PYEXEC_PRELOAD_PROGRAM_H
#define PYEXEC_PRELOAD_PROGRAM_H

#include <alloca.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "preload/environment.h"

/* The kernel reads this much of a script's first line. */
#define SHEBANG_MOST 256

struct program {
    const char *path;  /* for the kernel */
    char *const *argv; /* `arguments` for a script whose interpreter is started here, else the caller's */
    char *const *envp; /* the caller's and our variables */
    char mapped[PATH_MAX];
    char line[SHEBANG_MOST];
    struct environment_texts texts;
};

/* Elements that program_fill() needs in `arguments` and `environment`. */
size_t program_count_arguments(char *const *argv);
size_t program_count_environment(char *const *envp);

/* Maps the path and completes the environment. A script beneath /tmp, or by a relative name, has its interpreter looked
 * up here, since the kernel would look beneath the real /tmp and tell the interpreter the private directory's name.
 * Returns 0, or -1 with errno set. Safe between vfork() and exec. */
int program_fill(struct program *program, int fd, const char *path, char *const *argv, char *const *envp,
                 char **arguments, char **environment);

/* Declares `name`, filled, with its arrays on the stack of the function, which ends with `failure` when that fails. */
#define PROGRAM(name, fd, path, argv, envp, failure)                                                                   \
    struct program name UNINITIALIZED;                                                                                 \
    size_t name##_arguments = program_count_arguments(argv);                                                           \
    size_t name##_environment = program_count_environment(envp);                                                       \
    if (name##_arguments > PROGRAM_MOST_ENTRIES || name##_environment > PROGRAM_MOST_ENTRIES) {                        \
        errno = E2BIG;                                                                                                 \
        return failure;                                                                                                \
    }                                                                                                                  \
    if (program_fill(&name, (fd), (path), (argv), (envp), alloca(name##_arguments * sizeof(char *)),                   \
                     alloca(name##_environment * sizeof(char *))) < 0) {                                               \
        return failure;                                                                                                \
    }                                                                                                                  \
    (void)0

/* More would not fit a stack of the usual 8 MiB beside the caller's own. */
#define PROGRAM_MOST_ENTRIES ((size_t)256 * 1024)

/* Looks `file` up in PATH as execvp() does, into `found`, which then may be executed. Returns `file` itself when it has
 * a slash, NULL with errno set when there is none. */
const char *program_search(const char *file, char found[PATH_MAX]);

#endif
