/* posix_spawn(), and system() and popen(), which start their shell by inner functions of libc's. */
#include <paths.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "preload/preload.h"
#include "preload/program.h"

DECLARE_NEXT(posix_spawn);
DECLARE_NEXT(posix_spawnp);

static int spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    PROGRAM(program, AT_FDCWD, path, argv, envp, errno);
    return NEXT(posix_spawn)(pid, program.path, actions, attributes, program.argv, program.envp);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    if (!preload_active()) {
        return NEXT(posix_spawn)(pid, path, actions, attributes, argv, envp);
    }
    int saved = errno;
    int error = spawn(pid, path, actions, attributes, argv, envp);
    errno = saved;
    return error;
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    if (!preload_active()) {
        return NEXT(posix_spawnp)(pid, file, actions, attributes, argv, envp);
    }
    char found[PATH_MAX] UNINITIALIZED;
    int saved = errno;
    const char *path = program_search(file, found);
    int error = path ? spawn(pid, path, actions, attributes, argv, envp) : errno;
    errno = saved;
    return error;
}

/* libc copies the path, so it is mapped when it is said. */
DECLARE_NEXT(posix_spawn_file_actions_addopen);
EXPORT int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd, const char *path, int flags,
                                            mode_t mode) {
    MAP(mapped, path, ENAMETOOLONG);
    return NEXT(posix_spawn_file_actions_addopen)(actions, fd, mapped, flags, mode);
}

DECLARE_NEXT(posix_spawn_file_actions_addchdir_np);
EXPORT int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path) {
    MAP(mapped, path, ENAMETOOLONG);
    return NEXT(posix_spawn_file_actions_addchdir_np)(actions, mapped);
}

/* Starts "sh -c command". `attributes` and `actions` may be NULL. Returns 0 or an errno. */
static int spawn_shell(pid_t *pid, const char *command, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes) {
    char name[] = "sh";
    char option[] = "-c";
    char *const argv[] = {name, option, (char *)(uintptr_t)command, NULL};
    return posix_spawn(pid, _PATH_BSHELL, actions, attributes, argv, environ);
}

static int wait_for(pid_t pid) {
    int status = -1;
    pid_t ended;
    do {
        ended = waitpid(pid, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended < 0 ? -1 : status;
}

/* Unlike libc's it does not ignore SIGINT and SIGQUIT meanwhile: there is no terminal to send them, and a lock for it
 * would be one that a forked child may find taken. */
DECLARE_NEXT(system);
EXPORT int system(const char *command) {
    if (!preload_active()) {
        return NEXT(system)(command);
    }
    if (!command) {
        return 1; /* there is a shell */
    }
    sigset_t child;
    sigset_t before;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, &before);
    posix_spawnattr_t attributes;
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigmask(&attributes, &before);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t pid = -1;
    int error = spawn_shell(&pid, command, NULL, &attributes);
    int status = error ? 127 << 8 : wait_for(pid);
    (void)posix_spawnattr_destroy(&attributes);
    int saved = error ? error : errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return status;
}

/* The streams of popen() and their children, for pclose(). A place is taken by its `state`. */
#define MOST_PIPES 256
enum place_state { PLACE_FREE, PLACE_TAKEN, PLACE_FILLED };
static struct {
    FILE *stream;
    pid_t pid;
    _Atomic int state;
} pipes[MOST_PIPES];

static int take_place(void) {
    for (int i = 0; i < MOST_PIPES; i++) {
        int expected = PLACE_FREE;
        if (atomic_compare_exchange_strong(&pipes[i].state, &expected, PLACE_TAKEN)) {
            return i;
        }
    }
    return -1;
}

/* The pipe's ends are closed by themselves in the shell and its siblings: both are O_CLOEXEC and dup2() clears that. */
static int spawn_into(pid_t *pid, const char *command, int fd, int target) {
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) {
        return error;
    }
    error = posix_spawn_file_actions_adddup2(&actions, fd, target);
    if (!error) {
        error = spawn_shell(pid, command, &actions, NULL);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static FILE *open_pipe(const char *command, bool reading, bool keep_on_exec, pid_t *ret_pid) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) {
        return NULL;
    }
    int ours = fds[reading ? 0 : 1];
    int theirs = fds[reading ? 1 : 0];
    FILE *stream = fdopen(ours, reading ? "r" : "w");
    int error = stream ? spawn_into(ret_pid, command, theirs, reading ? STDOUT_FILENO : STDIN_FILENO) : errno;
    (void)close(theirs);
    if (!error && keep_on_exec) {
        (void)fcntl(ours, F_SETFD, 0);
    }
    if (error) {
        if (stream) {
            (void)fclose(stream);
        } else {
            (void)close(ours);
        }
        errno = error;
        return NULL;
    }
    return stream;
}

DECLARE_NEXT(popen);
EXPORT FILE *popen(const char *command, const char *mode) {
    bool reading = strchr(mode, 'r') != NULL;
    int place = -1;
    if (!preload_active() || reading == (strchr(mode, 'w') != NULL) || (place = take_place()) < 0) {
        return NEXT(popen)(command, mode);
    }
    pipes[place].stream = open_pipe(command, reading, strchr(mode, 'e') == NULL, &pipes[place].pid);
    FILE *stream = pipes[place].stream;
    atomic_store(&pipes[place].state, stream ? PLACE_FILLED : PLACE_FREE);
    return stream;
}

DECLARE_NEXT(pclose);
EXPORT int pclose(FILE *stream) {
    for (int i = 0; i < MOST_PIPES; i++) {
        if (atomic_load(&pipes[i].state) == PLACE_FILLED && pipes[i].stream == stream) {
            pid_t pid = pipes[i].pid;
            atomic_store(&pipes[i].state, PLACE_FREE);
            (void)fclose(stream);
            return wait_for(pid);
        }
    }
    return NEXT(pclose)(stream);
}
