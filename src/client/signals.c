#include "client/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t before;

int signals_start(struct signals *signals) {
    struct sigaction hang_up;
    sigset_t ours;
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) {
        (void)sigaddset(&ours, SIGHUP);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &ours, &before) < 0) {
        return -errno;
    }
    *signals = (struct signals){.fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK)};
    return signals->fd < 0 ? -errno : 0;
}

int signals_check(struct signals *signals) {
    struct signalfd_siginfo info;
    while (read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        signals->seen = signals->seen ? signals->seen : (int)info.ssi_signo;
        signals->n_seen++;
    }
    return signals->seen;
}

int signals_wait(struct signals *signals, int milliseconds) {
    struct pollfd wait = {.fd = signals->fd, .events = POLLIN};
    (void)poll(&wait, 1, milliseconds);
    return signals_check(signals);
}

void signals_restore(void) {
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void signals_die_of(int signal_number) {
    sigset_t one;
    (void)signal(signal_number, SIG_DFL);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, signal_number);
    (void)sigprocmask(SIG_UNBLOCK, &one, NULL);
    (void)raise(signal_number);
    _exit(128 + signal_number);
}
