#include "launcher/children.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

/* The parent of a process of /proc, or 0 when it is gone. The name in the second field may hold anything. */
static long parent_of(const char *pid_text) {
    char path[300], text[1024];
    (void)snprintf(path, sizeof path, "/proc/%s/stat", pid_text);
    if (io_read_text(AT_FDCWD, path, text, sizeof text) <= 0) {
        return 0;
    }
    const char *end_of_name = strrchr(text, ')');
    long parent = 0;
    return end_of_name && sscanf(end_of_name, ") %*c %ld", &parent) == 1 ? parent : 0;
}

/* Kills the children and reaps those that have ended. Returns how many were found. */
static int end_children(pid_t spared) {
    int found = 0;
    DIR *proc = opendir("/proc");
    if (!proc) {
        return -1;
    }
    for (struct dirent *entry = readdir(proc); entry; entry = readdir(proc)) {
        /* A child of ours stays ours until we reap it, so its number cannot be another's by now. */
        if (!isdigit((unsigned char)entry->d_name[0]) || parent_of(entry->d_name) != (long)getpid()) {
            continue;
        }
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid != spared) {
            found++;
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, WNOHANG | __WALL);
        }
    }
    (void)closedir(proc);
    return found;
}

/* Without a process to spare the kernel says exactly when none is left. With one, two looks in a row must find nothing:
 * one look can miss a process that was made while it went on. */
static int none_left(pid_t spared, int found, int *empty_looks) {
    *empty_looks = found == 0 ? *empty_looks + 1 : 0;
    if (spared > 0) {
        return *empty_looks >= 2;
    }
    return waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD;
}

int children_end_all(pid_t spared, int timeout_ms) {
    const uint64_t until = clock_now_us() + (uint64_t)timeout_ms * 1000u;
    int empty_looks = 0;
    for (;;) {
        if (none_left(spared, end_children(spared), &empty_looks)) {
            return 0;
        }
        if (clock_now_us() >= until) {
            return -ETIMEDOUT;
        }
        const struct timespec pause_time = {.tv_nsec = 2000000};
        (void)nanosleep(&pause_time, NULL);
    }
}
