#include "keeper/members.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

uint64_t members_tag_of(const char *limits) {
    static const char name[] = "Max file locks";
    const char *line = strstr(limits, name);
    /* "unlimited" reads as 0. */
    return line ? strtoull(line + sizeof name - 1, NULL, 10) : 0;
}

static int bears(int proc_fd, const char *pid_text, uint64_t tag) {
    char path[40], text[4096];
    (void)snprintf(path, sizeof path, "%.16s/limits", pid_text);
    return io_read_text(proc_fd, path, text, sizeof text) > 0 && members_tag_of(text) == tag;
}

int members_visit(int proc_fd, uint64_t tag, void (*visit)(void *context, pid_t pid), void *context) {
    cleanup_close int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    cleanup_directory DIR *directory = fdopendir(fd);
    if (!directory) {
        return -errno;
    }
    (void)take_fd(&fd);
    int count = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (isdigit((unsigned char)entry->d_name[0]) && bears(proc_fd, entry->d_name, tag)) {
            count++;
            visit(context, (pid_t)strtol(entry->d_name, NULL, 10));
        }
    }
    return count;
}

struct killing {
    int proc_fd;
    uint64_t tag;
};

static void kill_one(void *context, pid_t pid) {
    const struct killing *killing = context;
    char pid_text[16];
    (void)snprintf(pid_text, sizeof pid_text, "%ld", (long)pid);
    cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    /* Looked at again behind the descriptor: the number may have become another process' since. */
    if (pidfd >= 0 && bears(killing->proc_fd, pid_text, killing->tag)) {
        (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    }
}

int members_kill(int proc_fd, uint64_t tag) {
    struct killing killing = {proc_fd, tag};
    return members_visit(proc_fd, tag, kill_one, &killing);
}

struct counting {
    int proc_fd;
    int threads;
};

static void count_threads(void *context, pid_t pid) {
    struct counting *counting = context;
    char path[40];
    struct stat status;
    (void)snprintf(path, sizeof path, "%ld/task", (long)pid);
    if (fstatat(counting->proc_fd, path, &status, 0) == 0 && status.st_nlink > 2) {
        counting->threads += (int)status.st_nlink - 2;
    }
}

int members_count_threads(int proc_fd, uint64_t tag) {
    struct counting counting = {proc_fd, 0};
    int found = members_visit(proc_fd, tag, count_threads, &counting);
    return found < 0 ? found : counting.threads;
}
