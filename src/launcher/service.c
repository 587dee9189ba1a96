#include "launcher/service.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "launcher/children.h"
#include "launcher/notify.h"
#include "launcher/reload.h"
#include "launcher/take_over.h"
#include "wire/packet.h"

#define END_ALL_MS 5000
/* A keeper that lived shorter than this counts as failed at the start. */
#define SHORT_LIFE_US 1000000u
#define MAX_SHORT_LIVES 10
/* Log lines that the sink did not take are tried again after this time. */
#define LOG_RETRY_MS 100

struct life {
    struct service *service;
    int signal_fd;
    pid_t keeper;     /* 0: none */
    int keeper_fd;    /* the socket to it; -1: another version of the launcher had that */
    pid_t old_keeper; /* 0: none */
    int ready;        /* 1: the keeper can run scripts */
    uint64_t started_us;
    int short_lives; /* in a row */
    struct reload reload;
    int take_over_asked; /* 1: before it could be begun */
    int asked_to_end;
    int exit_status; /* -1: go on */
};

static const int handled_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD};

static void handled_set(sigset_t *ret_set) {
    sigemptyset(ret_set);
    for (size_t i = 0; i < sizeof handled_signals / sizeof handled_signals[0]; i++) {
        sigaddset(ret_set, handled_signals[i]);
    }
}

void service_block_signals(void) {
    sigset_t handled;
    handled_set(&handled);
    (void)sigprocmask(SIG_BLOCK, &handled, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* ---- the keeper ---- */

static struct settings settings_for_keeper(const struct service *service) {
    struct settings settings = service->settings;
    memcpy(settings.listen, service->bound, sizeof settings.listen);
    return settings;
}

static int start_keeper(struct life *life) {
    const pid_t launcher = getpid();
    const struct service *service = life->service;
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) < 0) {
        return -errno;
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* Its own session: Ctrl-C in a terminal is for the launcher, which then has the keeper drain. */
        (void)setsid();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != launcher) {
            _exit(KEEPER_EXIT_FAILED);
        }
        close_fd(&sockets[0]);
        close_fd(&life->signal_fd);
        const struct settings settings = settings_for_keeper(service);
        /* exit(), so that a sanitizer has its last word. */
        exit(keeper_run(&settings, &service->client, service->program_dir, sockets[1]));
    }
    int error = pid < 0 ? -errno : 0;
    close_fd(&sockets[1]);
    if (error) {
        close_fd(&sockets[0]);
        return error;
    }
    life->keeper = pid;
    life->keeper_fd = sockets[0];
    life->ready = 0;
    life->started_us = clock_now_us();
    return 0;
}

static void start_keeper_or_end(struct life *life) {
    int error = start_keeper(life);
    if (error) {
        log_error("the keeper cannot be started: %s", strerror(-error));
        life->exit_status = 1;
    }
}

/* Everything that descends from a keeper that has ended ends, but for another keeper with what is its own. */
static void end_descendants(struct life *life, pid_t spared) {
    if (children_end_all(spared, END_ALL_MS) < 0) {
        log_error("some processes do not end");
    }
    close_fd(&life->reload.result_fd);
    life->reload = (struct reload)RELOAD_NONE;
}

static void start_another(struct life *life) {
    life->short_lives = clock_now_us() - life->started_us < SHORT_LIFE_US ? life->short_lives + 1 : 0;
    life->service->client.takes_over = 0;
    life->service->client.heals = 1;
    if (life->short_lives >= MAX_SHORT_LIVES) {
        log_error("the keeper does not stay alive; giving up");
        life->exit_status = 1;
    } else {
        start_keeper_or_end(life);
    }
}

static void on_keeper_end(struct life *life, int status) {
    const struct keeper_client *client = &life->service->client;
    const int exited = WIFEXITED(status), code = exited ? WEXITSTATUS(status) : WTERMSIG(status);
    close_fd(&life->keeper_fd);
    life->keeper = 0;
    end_descendants(life, life->old_keeper);
    if (client->once) {
        if (!exited) {
            log_error("the keeper ended by signal %d", code);
        }
        life->exit_status = exited && !life->asked_to_end ? code : 1;
    } else if (life->asked_to_end) {
        if (!life->old_keeper) {
            life->exit_status = exited ? code : 1;
        }
    } else if (life->old_keeper && !life->ready) {
        log_error("this version does not serve (%s %d); the one before goes on", exited ? "status" : "signal", code);
        life->keeper = life->old_keeper;
        life->old_keeper = 0;
        life->ready = 1;
        notify_ready(life->service->bound);
    } else if (exited && code == KEEPER_EXIT_REFUSED) {
        life->exit_status = KEEPER_EXIT_REFUSED;
    } else {
        log_error("the keeper ended (%s %d); starting another", exited ? "status" : "signal", code);
        start_another(life);
    }
}

/* When it ended by itself all that was its own has ended, and what comes to us as orphans now is the other's. */
static void on_old_keeper_end(struct life *life, int status) {
    life->old_keeper = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == KEEPER_EXIT_DRAINED) {
        log_info("the version before has finished");
    } else {
        log_error("the keeper of the version before ended unasked");
        end_descendants(life, life->keeper);
    }
    if (life->asked_to_end && !life->keeper) {
        life->exit_status = 0;
    }
}

static void on_ready(struct life *life) {
    life->ready = 1;
    if (life->old_keeper) {
        (void)kill(life->old_keeper, SIGUSR2);
    }
    notify_ready(life->service->bound);
}

/* ---- reloading ---- */

static void on_reload_end(struct life *life, int status) {
    const int again = life->reload.again;
    struct service *service = life->service;
    if (life->ready) {
        notify_ready(service->bound);
    }
    int keys_fd = -1;
    if (reload_finish(&life->reload, status, &service->settings, &keys_fd)) {
        log_start("launcher", (enum log_level)service->settings.log_level);
        close_fd(&service->client.keys_fd);
        service->client.keys_fd = keys_fd;
        const struct settings settings = settings_for_keeper(service);
        int error = packet_send(life->keeper_fd, &settings, sizeof settings, &keys_fd, keys_fd >= 0);
        if (error) {
            log_error("reload: the keeper does not take the settings: %s", strerror(-error));
        }
    }
    if (again) {
        reload_start(&life->reload, &service->settings, service->sources);
    }
}

/* ---- signals ---- */

static void end_keepers(struct life *life) {
    const pid_t keepers[] = {life->keeper, life->old_keeper};
    if (life->asked_to_end++ == 0) {
        notify_stopping();
    }
    for (size_t i = 0; i < sizeof keepers / sizeof keepers[0]; i++) {
        if (keepers[i] > 0) {
            (void)kill(keepers[i], SIGTERM);
        }
    }
}

static void begin_reload(struct life *life) {
    if (life->keeper_fd < 0) {
        log_error("reload: a version before serves, which cannot be told; start this one with SIGUSR2");
        return;
    }
    notify_reloading();
    reload_start(&life->reload, &life->service->settings, life->service->sources);
}

/* Returns only when nothing has changed. */
static void begin_take_over(struct life *life) {
    const struct service *service = life->service;
    if (service->client.once || life->asked_to_end) {
        return;
    }
    life->take_over_asked = life->old_keeper || !life->ready;
    if (life->take_over_asked) {
        log_info("take-over: as soon as %s", life->ready ? "the version before has finished" : "this version serves");
        return;
    }
    notify_reloading();
    take_over(service->sources->argv, service->client.listen_fd, life->keeper);
    notify_ready(service->bound);
}

static void on_child_end(struct life *life, pid_t pid, int status) {
    if (pid == life->keeper) {
        on_keeper_end(life, status);
    } else if (pid == life->old_keeper) {
        on_old_keeper_end(life, status);
    } else if (pid == life->reload.pid) {
        on_reload_end(life, status);
    }
    /* Orphans come to us as well: reaped and forgotten. */
}

static void reap(struct life *life) {
    int status = 0;
    pid_t ended;
    while (life->exit_status < 0 && (ended = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
        on_child_end(life, ended, status);
    }
}

static void on_signal(struct life *life, const struct signalfd_siginfo *info) {
    switch ((int)info->ssi_signo) {
    case SIGTERM:
    case SIGINT:
        end_keepers(life);
        break;
    case SIGHUP:
        if (info->ssi_code == SI_KERNEL || life->service->client.once) {
            end_keepers(life); /* the terminal has gone that we are the foreground of */
        } else {
            begin_reload(life);
        }
        break;
    case SIGUSR2:
        begin_take_over(life);
        break;
    default:
        break; /* SIGCHLD: see reap() */
    }
}

static void read_signals(struct life *life) {
    struct signalfd_siginfo info;
    while (read(life->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        on_signal(life, &info);
    }
    reap(life);
}

static void read_keeper(struct life *life) {
    uint32_t word;
    ssize_t n;
    while ((n = recv(life->keeper_fd, &word, sizeof word, MSG_DONTWAIT | MSG_TRUNC)) > 0) {
        if (n == (ssize_t)sizeof word && word == KEEPER_IS_READY) {
            on_ready(life);
        } else if (n == (ssize_t)sizeof word && word == KEEPER_IS_ALIVE) {
            notify_alive();
        }
    }
    if (n == 0) {
        close_fd(&life->keeper_fd); /* it has ended: SIGCHLD is on its way */
    }
}

int service_run(struct service *service) {
    sigset_t handled;
    struct life life = {.service = service,
                        .old_keeper = service->old_keeper,
                        .keeper_fd = -1,
                        .reload = RELOAD_NONE,
                        .exit_status = -1};
    handled_set(&handled);
    life.signal_fd = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
    if (life.signal_fd < 0) {
        log_error("signals: %s", strerror(errno));
        return 1;
    }
    start_keeper_or_end(&life);
    while (life.exit_status < 0) {
        struct pollfd ready[] = {{.fd = life.signal_fd, .events = POLLIN}, {.fd = life.keeper_fd, .events = POLLIN}};
        if (poll(ready, 2, log_flush() ? LOG_RETRY_MS : -1) < 0 && errno != EINTR) {
            log_error("waiting: %s", strerror(errno));
            life.exit_status = 1;
            break;
        }
        if (ready[1].revents) {
            read_keeper(&life);
        }
        if (ready[0].revents) {
            read_signals(&life);
        }
        if (life.take_over_asked && life.ready && !life.old_keeper && life.exit_status < 0) {
            begin_take_over(&life);
        }
    }
    close_fd(&life.signal_fd);
    return life.exit_status;
}
