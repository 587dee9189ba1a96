#include "keeper/front_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "jail/clone.h"
#include "keeper/keeper.h"
#include "keeper/life.h"
#include "keeper/process.h"
#include "keeper/slot.h"
#include "keeper/state.h"
#include "wire/fixed_fds.h"
#include "wire/packet.h"

/* A front that lived shorter than this counts as failed at the start. */
#define SHORT_LIFE_US 1000000u

/* With two ticks a second: far more than any request takes of its events, and less than people wait. */
#define MOST_SILENT_TICKS 20u

int front_is_running(const struct keeper *keeper) {
    return keeper->front.link.fd >= 0;
}

static void forget(struct keeper *keeper) {
    events_close(keeper->epoll_fd, &keeper->front.link);
    slots_front_died(keeper);
}

static void handle_message(struct keeper *keeper, const union front_message *message) {
    int error;
    switch (message->head.type) {
    case KEEPER_START:
        if (!permission_covers(keeper, message->start.timeout_ms, message->start.memory_bytes)) {
            front_kill(keeper, "it asked for limits outside the permitted ones");
            return;
        }
        error = slot_start(keeper, message->start.sandbox_id, message->start.timeout_ms, message->start.memory_bytes);
        break;
    case KEEPER_CANCEL:
        error = slot_cancel(keeper, message->cancel.sandbox_id);
        break;
    case KEEPER_PONG:
        error = keeper->front.silent_ticks > 0 ? 0 : -EPROTO;
        keeper->front.silent_ticks = 0;
        break;
    default:
        error = -EPROTO;
        break;
    }
    if (error == -EPROTO) {
        front_kill(keeper, "it sent a message that is not permitted");
    }
}

static void on_message(void *owner) {
    struct keeper *keeper = owner;
    /* Bounded, so that a flood cannot hold the clock up. */
    for (int i = 0; i < 64 && keeper->front.link.fd >= 0; i++) {
        union front_message message;
        uint32_t size = 0, expected_fds = 0;
        size_t n_fds = 0;
        ssize_t n = packet_receive(keeper->front.link.fd, &message, sizeof message, NULL, 0, &n_fds);
        if (n == -EAGAIN) {
            return;
        }
        if (n == 0 && (keeper->client->once || life_is_ending(keeper))) {
            forget(keeper); /* it ends, and its exit status is on its way */
            return;
        }
        if (n == 0) {
            front_kill(keeper, "it has closed its socket");
            return;
        }
        if (n < (ssize_t)sizeof message.head || front_message_shape(message.head.type, &size, &expected_fds) < 0 ||
            (size_t)n != size || message.head.size != size) {
            front_kill(keeper, "it sent a malformed message");
            return;
        }
        handle_message(keeper, &message);
    }
}

static void on_exit_of_front(void *owner) {
    struct keeper *keeper = owner;
    struct front_process *front = &keeper->front;
    struct process_end end = {0};
    if (process_reap(front->exit.fd, &end) == 0) {
        return;
    }
    events_close(keeper->epoll_fd, &front->exit);
    forget(keeper);
    if (keeper->client->once) {
        keeper_give_up(keeper, end.exited ? end.exit_code : KEEPER_EXIT_FAILED);
        return;
    }
    uint64_t now = clock_now_us();
    if (life_is_ending(keeper)) {
        log_info("front has finished");
        return;
    }
    if (end.exited && end.exit_code == 70) {
        /* EX_SOFTWARE: it has logged which layer could not be put on. */
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
        return;
    }
    front->failures = now - front->started_us < SHORT_LIFE_US ? front->failures + 1 : 0;
    uint64_t wait_us = front->failures == 0 ? 0 : 50000u << (front->failures < 7 ? front->failures : 7);
    front->start_again_us = now + wait_us;
    log_warning("front ended (%s %d); starting another", end.exited ? "status" : "signal",
                end.exited ? end.exit_code : end.signal);
}

void front_kill(struct keeper *keeper, const char *why) {
    if (keeper->front.exit.fd >= 0 && keeper->front.link.fd >= 0) {
        log_error("front is ended: %s", why);
        (void)process_signal(keeper->front.exit.fd, SIGKILL);
    }
    forget(keeper);
}

/* The client's arguments: its own one, then all settings. In two allocations that end with the exec. */
static char **client_arguments(const struct keeper *keeper) {
    const struct keeper_client *client = keeper->client;
    struct settings own = *keeper->settings;
    if (!keeper->one_id) {
        own.uid_base = keeper->first_id; /* the block that was free */
    }
    char **settings = settings_to_arguments(&own, client->program);
    size_t n = 0;
    while (settings && settings[n]) {
        n++;
    }
    char **arguments = settings ? calloc(n + 2, sizeof *arguments) : NULL;
    if (!arguments || !client->argument) {
        free(arguments);
        return settings;
    }
    arguments[0] = settings[0];
    arguments[1] = (char *)(uintptr_t)client->argument;
    memcpy(arguments + 2, settings + 1, (n - 1) * sizeof *arguments);
    return arguments;
}

/* Nothing of the launcher's environment is for front, but for a sanitizer's options. */
static void keep_sanitizer_options(char **environment, size_t size) {
#ifdef PYEXEC_SANITIZED
    for (char **variable = environ; *variable && size > 1; variable++) {
        if (strstr(*variable, "SAN_OPTIONS=")) {
            *environment++ = *variable;
            size--;
        }
    }
#else
    (void)size;
#endif
    *environment = NULL;
}

static _Noreturn void become_front(const struct keeper *keeper, int socket_fd) {
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    char **arguments = client_arguments(keeper);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    /* Where there is no listening socket /dev/null stands in its place. */
    int listen_fd = keeper->client->listen_fd >= 0 ? keeper->client->listen_fd : null_fd;
    int keys_fd = keeper->keys_fd >= 0 ? keeper->keys_fd : null_fd;
    int fds[] = {socket_fd, listen_fd, keys_fd, keeper->front_program};
    int input_fd = keeper->client->input_fd > 0 ? keeper->client->input_fd : null_fd;
    if (!arguments || null_fd < 0 || dup2(input_fd, STDIN_FILENO) < 0 ||
        (!keeper->client->once && dup2(null_fd, STDOUT_FILENO) < 0) || io_keep_only(FIXED_FD_KEEPER, fds, 4) < 0 ||
        io_set_cloexec(FIXED_FD_KEEPER, 0) < 0 || io_set_cloexec(FIXED_FD_LISTEN, 0) < 0 ||
        io_set_cloexec(FIXED_FD_KEYS, 0) < 0) {
        _exit(126);
    }
    char *environment[4] = {NULL};
    keep_sanitizer_options(environment, sizeof environment / sizeof environment[0]);
    (void)syscall(SYS_execveat, fds[3], "", arguments, environment, AT_EMPTY_PATH);
    _exit(127);
}

int front_start(struct keeper *keeper) {
    struct front_process *front = &keeper->front;
    int sockets[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        return -errno;
    }
    int pidfd = -1;
    pid_t pid = jail_clone(0, &pidfd);
    if (pid == 0) {
        become_front(keeper, sockets[1]);
    }
    close_fd(&sockets[1]);
    if (pid < 0) {
        close_fd(&sockets[0]);
        return (int)pid;
    }
    (void)io_set_nonblocking(sockets[0], 1);
    front->started_us = clock_now_us();
    front->silent_ticks = 0;
    front->exit = (struct event_source){.fd = pidfd, .handle = on_exit_of_front, .owner = keeper};
    front->link = (struct event_source){.fd = sockets[0], .handle = on_message, .owner = keeper};
    int error = events_watch(keeper->epoll_fd, &front->exit);
    if (!error) {
        error = events_watch(keeper->epoll_fd, &front->link);
    }
    keeper_status_changed(keeper);
    front_send_packages(keeper);
    life_front_started(keeper);
    return error;
}

void front_check_alive(struct keeper *keeper) {
    struct front_process *front = &keeper->front;
    if (!front_is_running(keeper) || keeper->client->once) {
        return; /* the self-test does one thing at a time, and ends */
    }
    if (front->silent_ticks > MOST_SILENT_TICKS) {
        front_kill(keeper, "it hangs");
    } else if (front->silent_ticks++ == 0) {
        const struct front_message_head ping = {.type = FRONT_PING, .size = sizeof ping};
        (void)front_send(keeper, &ping, NULL, 0);
    }
}

void front_send_packages(struct keeper *keeper) {
    const struct front_message_head head = {.type = FRONT_PACKAGES, .size = sizeof head};
    if (keeper->packages_fd >= 0 && front_is_running(keeper)) {
        (void)front_send(keeper, &head, &keeper->packages_fd, 1);
    }
}

int front_send(struct keeper *keeper, const void *message, const int *fds, size_t n_fds) {
    const struct front_message_head *head = message;
    if (!front_is_running(keeper)) {
        return -ENOTCONN;
    }
    int error = packet_send(keeper->front.link.fd, message, head->size, fds, n_fds);
    if (error == -EAGAIN) {
        front_kill(keeper, "it does not read its messages");
    } else if (error && error != -EPIPE && error != -ECONNRESET) {
        front_kill(keeper, strerror(-error));
    }
    return error;
}
