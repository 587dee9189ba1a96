#include "client/local_service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"

#define PROGRAM "pyexecd"
#define LISTEN_FD 3 /* SD_LISTEN_FDS_START */
#define END_TIMEOUT_US 10000000u
#define EXIT_NOT_FOUND 127

/* One sandbox of each kind is all that one run can use. What the machine's own configuration says is about its service,
 * not about this one; PYEXEC_... variables are. */
static const char *const arguments[] = {
    PROGRAM,
    "--config=",
    "--api-keys-file=",
    "--listen=unix",
    "--pool-lean=1",
    "--pool-data=1",
    "--queue-timeout=120",
    "--drain-timeout=0",
    "--log-level=warning",
    "--log-format=text",
    NULL,
};

/* Binds a socket in a directory that only we can enter, and takes the name away at once: *ret_path is all that leads
 * there, by /proc/self/fd. Nothing is left behind whatever ends us. Returns the listening socket or -errno. */
static int listen_below(const char *base, int *ret_path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[sizeof address.sun_path - sizeof "/socket"];
    const int n = snprintf(directory, sizeof directory, "%s/pyexec-XXXXXX", base);
    cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (n < 0 || (size_t)n >= sizeof directory) {
        return -ENAMETOOLONG;
    }
    if (fd < 0 || !mkdtemp(directory)) {
        return -errno;
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    int error = 0;
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0) {
        error = -errno;
    }
    cleanup_close int path = error ? -1 : open(address.sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (!error && path < 0) {
        error = -errno;
    }
    (void)unlink(address.sun_path);
    (void)rmdir(directory);
    if (error) {
        return error;
    }
    *ret_path = take_fd(&path);
    return take_fd(&fd);
}

static int listen_without_name(int *ret_path) {
    const char *const bases[] = {getenv("XDG_RUNTIME_DIR"), "/tmp", "/dev/shm"};
    int fd = -ENOENT;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0] && fd < 0; i++) {
        if (bases[i] && bases[i][0] == '/') {
            fd = listen_below(bases[i], ret_path);
        }
    }
    return fd;
}

/* The one beside us, as in a build and below a prefix; else that of PATH. */
static void exec_program(void) {
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof "/" PROGRAM);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (slash) {
        memcpy(slash + 1, PROGRAM, sizeof PROGRAM);
        (void)execv(path, (char *const *)(const void *)arguments);
    }
    (void)execvp(PROGRAM, (char *const *)(const void *)arguments);
}

_Noreturn static void become_service(int listening, int log, pid_t parent) {
    char own_pid[24];
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    /* A terminal's Ctrl-C is for us; we then end it in our own way. If we die it drains and ends. */
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE);
    }
    signals_restore();
    (void)unsetenv("PYEXEC_URL");
    (void)unsetenv("PYEXEC_API_KEY");
    (void)unsetenv("NOTIFY_SOCKET"); /* what tells our own service manager about us is ours to tell */
    (void)unsetenv("WATCHDOG_USEC");
    (void)snprintf(own_pid, sizeof own_pid, "%ld", (long)getpid());
    /* The log may have the very number that the socket has to get. */
    int moved_log = fcntl(log, F_DUPFD_CLOEXEC, LISTEN_FD + 1);
    if (nothing < 0 || moved_log < 0 || setenv("LISTEN_PID", own_pid, 1) < 0 || setenv("LISTEN_FDS", "1", 1) < 0 ||
        dup2(nothing, STDIN_FILENO) < 0 || dup2(moved_log, STDOUT_FILENO) < 0 || dup2(moved_log, STDERR_FILENO) < 0 ||
        (listening == LISTEN_FD ? io_set_cloexec(listening, 0) : dup2(listening, LISTEN_FD)) < 0) {
        (void)dprintf(moved_log, "%s\n", strerror(errno));
        _exit(EXIT_FAILURE);
    }
    exec_program();
    (void)dprintf(STDERR_FILENO, "%s is neither beside pyexec nor on PATH; --url names a service that runs already\n",
                  PROGRAM);
    _exit(EXIT_NOT_FOUND);
}

int local_service_start(struct local_service *ret_service, struct address *ret_address, struct failure *failure) {
    const pid_t us = getpid();
    cleanup_close int path = -1;
    cleanup_close int listening = listen_without_name(&path);
    cleanup_close int log = memfd_create("pyexecd-log", MFD_CLOEXEC);
    if (listening < 0 || log < 0) {
        return fail(failure, EXIT_STATUS_NO_SERVICE, "a socket for a service of our own: %s",
                    strerror(listening < 0 ? -listening : errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_service(listening, log, us);
    }
    cleanup_close int pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        (void)fail(failure, EXIT_STATUS_NO_SERVICE, "a service of our own: %s", strerror(errno));
        if (pid > 0) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
        }
        return -1;
    }
    *ret_service =
        (struct local_service){.pid = pid, .pidfd = take_fd(&pidfd), .socket = take_fd(&path), .log = take_fd(&log)};
    *ret_address = (struct address){.base = "http://localhost"};
    (void)snprintf(ret_address->unix_path, sizeof ret_address->unix_path, "/proc/self/fd/%d", ret_service->socket);
    return 0;
}

static int wait_end(const struct local_service *service, int milliseconds) {
    struct pollfd end = {.fd = service->pidfd, .events = POLLIN};
    return poll(&end, 1, milliseconds) > 0;
}

void local_service_end(struct local_service *service, struct signals *signals) {
    if (service->pid <= 0) {
        return;
    }
    const uint64_t since = clock_now_us();
    const int n_before = signals->n_seen;
    (void)kill(service->pid, SIGTERM);
    while (!wait_end(service, 50)) {
        (void)signals_check(signals);
        if (signals->n_seen > n_before || clock_now_us() - since > END_TIMEOUT_US) {
            (void)kill(service->pid, SIGKILL); /* everything else ends with it */
        }
    }
    (void)waitpid(service->pid, NULL, 0);
    (void)close(service->pidfd);
    (void)close(service->socket);
    (void)close(service->log);
    *service = (struct local_service){0};
}

int local_service_has_failed(struct local_service *service, int milliseconds, struct failure *failure) {
    char text[4096];
    if (service->pid <= 0 || !wait_end(service, milliseconds)) {
        return 0;
    }
    off_t end = lseek(service->log, 0, SEEK_END);
    off_t start = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
    ssize_t n = pread(service->log, text, sizeof text - 1, start);
    text[n > 0 ? n : 0] = '\0';
    while (n > 0 && text[n - 1] == '\n') {
        text[--n] = '\0';
    }
    const char *line = strrchr(text, '\n');
    (void)fail(failure, EXIT_STATUS_NO_SERVICE, "the service of our own did not start or has died: %s",
               line ? line + 1 : text);
    return 1;
}
