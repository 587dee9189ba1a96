#include "keeper/process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int process_signal(int pidfd, int signal_number) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0) < 0 ? -errno : 0;
}

int process_reap(int pidfd, struct process_end *ret_end) {
    siginfo_t info;
    struct rusage usage;
    memset(&info, 0, sizeof info);
    memset(&usage, 0, sizeof usage);
    /* The system call itself, since libc's waitid() does not pass on the usage. __WALL: a sibling that the guest made
     * has no exit signal of its own. */
    if (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG | __WALL, &usage) < 0) {
        return -errno;
    }
    if (info.si_pid == 0) {
        return 0;
    }
    struct process_end end = {0};
    end.exited = info.si_code == CLD_EXITED;
    if (end.exited) {
        end.exit_code = info.si_status & 0xff;
    } else {
        end.signal = info.si_status;
    }
    end.cpu_us = (uint64_t)usage.ru_utime.tv_sec * 1000000u + (uint64_t)usage.ru_utime.tv_usec +
                 (uint64_t)usage.ru_stime.tv_sec * 1000000u + (uint64_t)usage.ru_stime.tv_usec;
    end.max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024u;
    *ret_end = end;
    return 1;
}

int process_is_waitable(int pidfd) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    return syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) == 0 &&
           info.si_pid != 0;
}

int process_is_alive(int pidfd) {
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    return pidfd >= 0 && poll(&ended, 1, 0) == 0;
}

pid_t process_pid(int pidfd) {
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    ssize_t n = io_read_text(-1, path, text, sizeof text);
    if (n < 0) {
        return (pid_t)n;
    }
    const char *line = strstr(text, "\nPid:");
    long pid = line ? strtol(line + 5, NULL, 10) : -1;
    return pid > 0 ? (pid_t)pid : -ESRCH;
}

uint64_t process_cpu_us(pid_t pid) {
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) < 0) {
        return 0;
    }
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}
