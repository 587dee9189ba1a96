/* Child processes, always by pidfd: a pid alone may already be another process'. */
#ifndef PYEXEC_KEEPER_PROCESS_H
#define PYEXEC_KEEPER_PROCESS_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* How a child ended. */
struct process_end {
    int exited;    /* 1: exit_code is set; 0: signal is set */
    int exit_code; /* 0 .. 255 */
    int signal;
    uint64_t cpu_us;        /* of the process and of those of its children that were waited for */
    uint64_t max_rss_bytes; /* largest of them */
};

/* Sends a signal. Returns 0 or -errno; -ESRCH when it is gone. */
int process_signal(int pidfd, int signal_number);

/* Reaps a child that has ended. Returns 1 with *ret_end, 0 when it still runs, or -errno (-ECHILD: not ours, or
 * reaped). */
int process_reap(int pidfd, struct process_end *ret_end);

/* Whether a child has ended and waits to be reaped: 1 or 0. */
int process_is_waitable(int pidfd);

/* Whether a process, which may be anybody's child, has not ended yet: 1 or 0; 0 for -1 instead of a pidfd. */
int process_is_alive(int pidfd);

/* The pid behind a pidfd as this process' /proc shows it, or -errno (-ESRCH when it is gone). */
pid_t process_pid(int pidfd);

/* CPU time a process of one's own has used, user and system, or 0 when it cannot be told. */
uint64_t process_cpu_us(pid_t pid);

#endif
