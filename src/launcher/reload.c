#include "launcher/reload.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/key_file.h"
#include "base/log.h"
#include "wire/packet.h"

#define SECONDS_MOST 10u

static void on_restart(void *context, const struct setting *setting) {
    (void)context;
    log_warning("reload: %s has changed, and takes effect with a restart or SIGUSR2 only", setting->name);
}

/* Everything is looked at before anything is in force. *ret_keys_fd is -1 when no file of keys is set. */
static int read_anew(const struct settings *current, const struct settings_sources *sources,
                     struct settings *ret_merged, int *ret_keys_fd) {
    char complaint[1024];
    struct settings wanted, merged;
    int keys_fd = -1;
    int error = settings_load(sources, &wanted, NULL, complaint, sizeof complaint);
    if (!error) {
        error = settings_merge(current, &wanted, &merged, on_restart, NULL, complaint, sizeof complaint);
    }
    if (!error && *merged.api_keys_file) {
        keys_fd = key_file_open(merged.api_keys_file, complaint, sizeof complaint);
        error = keys_fd < 0 ? keys_fd : 0;
    }
    if (error) {
        log_error("reload: %s; the old settings stay in force", complaint);
        return error;
    }
    *ret_merged = merged;
    *ret_keys_fd = keys_fd;
    return 0;
}

static _Noreturn void run_child(int result_fd, const struct settings *current, const struct settings_sources *sources) {
    sigset_t none;
    struct settings merged;
    int keys_fd = -1;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)prctl(PR_SET_NAME, "pyexec-reload", 0, 0, 0);
    (void)alarm(SECONDS_MOST); /* a file on a dead disk */
    log_start("reload", (enum log_level)current->log_level);
    if (read_anew(current, sources, &merged, &keys_fd) < 0 ||
        packet_send(result_fd, &merged, sizeof merged, &keys_fd, keys_fd >= 0) < 0) {
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

int reload_finish(struct reload *reload, int wait_status, struct settings *ret_settings, int *ret_keys_fd) {
    struct settings settings;
    size_t n_fds = 0;
    int keys_fd = -1;
    cleanup_close int fd = take_fd(&reload->result_fd);
    reload->pid = 0;
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
        if (WIFSIGNALED(wait_status)) {
            log_error("reload: ended by signal %d; the old settings stay in force", WTERMSIG(wait_status));
        }
        return 0;
    }
    if (packet_receive(fd, &settings, sizeof settings, &keys_fd, 1, &n_fds) != (ssize_t)sizeof settings) {
        log_error("reload: no settings came; the old ones stay in force");
        return 0;
    }
    *ret_settings = settings;
    *ret_keys_fd = n_fds > 0 ? keys_fd : -1;
    return 1;
}
