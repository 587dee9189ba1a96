#include "launcher/reload.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/packet.h"

#define SECONDS_MOST 10u

static void on_restart(void *context, const struct setting *setting) {
    (void)context;
    log_warning("reload: %s has changed, and takes effect with a restart or SIGUSR2 only", setting->name);
}

/* What else is to be read with the settings, and may be wrong, is looked at here: before anything is in force. */
static int read_anew(const struct settings *current, const struct settings_sources *sources,
                     struct settings *ret_merged) {
    char complaint[512];
    struct settings wanted;
    if (settings_load(sources, &wanted, NULL, complaint, sizeof complaint) < 0) {
        log_error("reload: %s; the old settings stay in force", complaint);
        return -EINVAL;
    }
    if (settings_merge(current, &wanted, ret_merged, on_restart, NULL, complaint, sizeof complaint) < 0) {
        log_error("reload: %s; the old settings stay in force", complaint);
        return -EINVAL;
    }
    return 0;
}

static _Noreturn void run_child(int result_fd, const struct settings *current, const struct settings_sources *sources) {
    sigset_t none;
    struct settings merged;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)prctl(PR_SET_NAME, "pyexec-reload", 0, 0, 0);
    (void)alarm(SECONDS_MOST); /* a file on a dead disk */
    log_start("reload", (enum log_level)current->log_level);
    if (read_anew(current, sources, &merged) < 0 || packet_send(result_fd, &merged, sizeof merged, NULL, 0) < 0) {
        _exit(1);
    }
    _exit(0);
}

void reload_start(struct reload *reload, const struct settings *current, const struct settings_sources *sources) {
    int ends[2];
    if (reload->pid > 0) {
        reload->again = 1;
        return;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        log_error("reload: %s", strerror(errno));
        return;
    }
    cleanup_close int write_end = ends[1];
    cleanup_close int read_end = ends[0];
    pid_t pid = fork();
    if (pid == 0) {
        run_child(write_end, current, sources);
    }
    if (pid < 0) {
        log_error("reload: %s", strerror(errno));
        return;
    }
    *reload = (struct reload){.pid = pid, .result_fd = take_fd(&read_end)};
}

int reload_finish(struct reload *reload, int wait_status, struct settings *ret_settings) {
    struct settings settings;
    size_t n_fds = 0;
    cleanup_close int fd = take_fd(&reload->result_fd);
    reload->pid = 0;
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
        if (WIFSIGNALED(wait_status)) {
            log_error("reload: ended by signal %d; the old settings stay in force", WTERMSIG(wait_status));
        }
        return 0;
    }
    if (packet_receive(fd, &settings, sizeof settings, NULL, 0, &n_fds) != (ssize_t)sizeof settings) {
        log_error("reload: no settings came; the old ones stay in force");
        return 0;
    }
    *ret_settings = settings;
    return 1;
}
