#include "launcher/take_over.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "launcher/activation.h"

/* Not of the PYEXEC_ ones, which are settings. */
#define VARIABLE "PYEXECD_TAKE_OVER"
#define CHECK_SECONDS_MOST 10u

static char program[PATH_MAX];

void take_over_remember_program(void) {
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
}

/* `pyexecd check-config` with the same flags, by the new program. Its complaint goes where ours go. */
static int settings_suit(char *const *argv) {
    size_t n = 0;
    while (argv[n]) {
        n++;
    }
    char **check = calloc(n + 2, sizeof *check); /* the child goes without freeing it */
    if (!check) {
        return -ENOMEM;
    }
    static char command[] = "check-config";
    check[0] = argv[0];
    check[1] = command;
    memcpy(check + 2, argv + 1, (n > 0 ? n - 1 : 0) * sizeof *check);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)alarm(CHECK_SECONDS_MOST);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
        (void)execve(program, check, environ);
        _exit(127);
    }
    free(check);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        return -errno;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

void take_over(char *const *argv, int listen_fd, pid_t keeper) {
    char left[64];
    int error = settings_suit(argv);
    if (error) {
        log_error("%s does not start with these settings: this version goes on", program);
        return;
    }
    (void)snprintf(left, sizeof left, "%d:%ld", listen_fd, (long)keeper);
    if (setenv(VARIABLE, left, 1) < 0 || io_set_cloexec(listen_fd, 0) < 0) {
        log_error("take-over: %s", strerror(errno));
        return;
    }
    log_info("becoming %s as it is on disk now", program);
    (void)execve(program, argv, environ);
    log_error("%s: %s: this version goes on", program, strerror(errno));
    (void)unsetenv(VARIABLE);
    (void)io_set_cloexec(listen_fd, 1);
}

int take_over_inherit(struct inheritance *ret_inheritance) {
    int listen_fd = -1, end = 0;
    long keeper = 0;
    siginfo_t info;
    const char *left = getenv(VARIABLE);
    if (!left) {
        return -ENOENT;
    }
    int read = sscanf(left, "%d:%ld%n", &listen_fd, &keeper, &end) == 2 && left[end] == '\0';
    (void)unsetenv(VARIABLE);
    /* WNOWAIT: whether it is our child is all that is asked; when it has ended, that is still to be waited for. */
    if (!read || listen_fd <= STDERR_FILENO || keeper <= 1 || !activation_is_listener(listen_fd) ||
        waitid(P_PID, (id_t)keeper, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || io_set_cloexec(listen_fd, 1) < 0) {
        return -ENOENT;
    }
    *ret_inheritance = (struct inheritance){.listen_fd = listen_fd, .keeper = (pid_t)keeper};
    return 0;
}
