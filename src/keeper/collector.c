#include "keeper/collector.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/clone.h"
#include "jail/layers.h"
#include "jail/seccomp_table.h"
#include "keeper/cleaner.h"
#include "keeper/watcher.h"

#define CLEANER_SECONDS 60

static struct sock_fprog filter; /* compiled once, in the keeper */

static int compile_filter(void) {
    size_t n_rows = 0;
    const struct seccomp_row *rows = seccomp_collector_table(&n_rows);
    return filter.filter ? 0 : seccomp_compile(rows, n_rows, &filter);
}

static int take_identity(const struct collector_options *options) {
    if (!options->change_identity) {
        return 0;
    }
    /* The group as well, which has the same number: the kernel compares both before it lets one look into a process. */
    if (setgroups(0, NULL) < 0 || setresgid(options->own_uid, options->uid, options->own_uid) < 0 ||
        setresuid(options->own_uid, options->uid, options->own_uid) < 0) {
        return -errno;
    }
    return 0;
}

/* The layers of a collector. A watcher goes without Landlock, which would keep it from looking into the processes that
 * it is there for; it opens nothing but what it finds in /proc and in the directory. */
static int enter_jail(const struct collector_options *options, int is_cleaner) {
    int error = jail_drop_bounding_set();
    if (!error) {
        error = take_identity(options);
    }
    if (!error) {
        error = jail_drop_capabilities();
    }
    if (!error) {
        error = jail_set_no_new_privs(0);
    }
    if (!error && is_cleaner && jail_landlock_abi() > 0) {
        error = jail_landlock_directory(options->directory_fd, 0, NULL, "");
    }
    if (!error) {
        error = jail_install_filter(&filter, NULL);
    }
    return error;
}

static _Noreturn void live(const struct collector_options *borrowed, int socket_fd) {
    struct collector_options options = *borrowed;
    const int is_cleaner = socket_fd < 0;
    (void)prctl(PR_SET_NAME, is_cleaner ? "pyexec-cleaner" : "pyexec-watcher", 0, 0, 0);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    int fds[] = {options.directory_fd, options.proc_fd, socket_fd};
    if (io_keep_only(STDERR_FILENO + 1, fds, is_cleaner ? 2 : 3) < 0) {
        _exit(126);
    }
    options.directory_fd = fds[0];
    options.proc_fd = fds[1];
    if (enter_jail(&options, is_cleaner)) {
        _exit(125);
    }
    if (is_cleaner) {
        (void)alarm(CLEANER_SECONDS);
        _exit(cleaner_empty(options.directory_fd, options.proc_fd) ? 1 : 0);
    }
    watcher_run(&options, fds[2]);
}

static int start(const struct collector_options *options, int socket_fd) {
    int pidfd = -1;
    int error = compile_filter();
    if (error) {
        return error;
    }
    pid_t pid = jail_clone(0, &pidfd);
    if (pid == 0) {
        live(options, socket_fd);
    }
    return pid < 0 ? (int)pid : pidfd;
}

int collector_start_cleaner(const struct collector_options *options) {
    return start(options, -1);
}

int collector_start_watcher(const struct collector_options *options, int *ret_socket) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        return -errno;
    }
    int pidfd = start(options, sockets[1]);
    close_fd(&sockets[1]);
    if (pidfd < 0) {
        close_fd(&sockets[0]);
        return pidfd;
    }
    (void)io_set_nonblocking(sockets[0], 1);
    *ret_socket = sockets[0];
    return pidfd;
}
