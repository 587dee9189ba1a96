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

static void kill_children(void) {
    DIR *proc = opendir("/proc");
    if (!proc) {
        return;
    }
    for (struct dirent *entry = readdir(proc); entry; entry = readdir(proc)) {
        /* A child of ours stays ours until we reap it, so its number cannot be another's by now. */
        if (isdigit((unsigned char)entry->d_name[0]) && parent_of(entry->d_name) == (long)getpid()) {
            (void)kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
        }
    }
    (void)closedir(proc);
}

int children_end_all(int timeout_ms) {
    const uint64_t until = clock_now_us() + (uint64_t)timeout_ms * 1000u;
    for (;;) {
        kill_children();
        pid_t pid;
        do {
            pid = waitpid(-1, NULL, WNOHANG | __WALL);
        } while (pid > 0);
        if (pid < 0 && errno == ECHILD) {
            return 0;
        }
        if (clock_now_us() >= until) {
            return -ETIMEDOUT;
        }
        const struct timespec pause_time = {.tv_nsec = 2000000};
        (void)nanosleep(&pause_time, NULL);
    }
}
