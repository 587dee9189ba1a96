#include "keeper/watcher.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "keeper/members.h"
#include "keeper/process_memory.h"
#include "wire/packet.h"

/* A process can touch some gigabytes in a second: at this interval it gets some tens of MiB past its limit. */
#define INTERVAL_US 20000u
/* After a look that a second one has to confirm. */
#define SECOND_LOOK_US 1000u

/* Deeper than this nothing is measured but counted, each directory as this much: whoever nests so deep hides something.
 */
#define MAX_DEPTH 200
#define TOO_DEEP_BYTES (1u << 20)

/* Kernel memory that no process shows: the buffers of sockets and pipes, at most this much each. The first ones are
 * free, since every honest program has a few, with nothing in them. */
#define FREE_CHANNELS 64
#define SOCKET_BYTES (208u << 10)
#define PIPE_BYTES (64u << 10)

/* Inodes met in one look, so that none counts twice. */
#define SEEN_SIZE 65536u

struct seen {
    ino_t
        inodes[SEEN_SIZE]; /* 0: free; all of one file system, or of sockets and pipes, whose numbers are one series */
    size_t count;
};

/* What holds disk space but does not say how much: inodes, and processes with a mark. More than this few are not told
 * apart: they count long before. */
#define MAX_SUSPECTS 256
#define HIDDEN_PROCESS (1ULL << 63)

struct suspects {
    uint64_t keys[MAX_SUSPECTS];
    size_t count;
};

struct look {
    int proc_fd;
    dev_t device;
    struct suspects suspects[2]; /* of this look, suspects[turn], and of the one before */
    int turn;
    struct seen files;    /* of the private directory's file system */
    struct seen channels; /* sockets and pipes */
    struct watcher_look result;
};

/* Static: the watcher is a process of its own, and this is too much for a stack. */
static struct look look;

static size_t slot_of(ino_t inode) {
    return (size_t)(inode * 0x9e3779b97f4a7c15ULL >> 40) % SEEN_SIZE;
}

/* Returns 1 when the inode is new. When the table is full everything is. */
static int see(struct seen *seen, ino_t inode) {
    if (seen->count >= SEEN_SIZE / 2) {
        return 1;
    }
    size_t at = slot_of(inode);
    while (seen->inodes[at] != 0) {
        if (seen->inodes[at] == inode) {
            return 0;
        }
        at = (at + 1) % SEEN_SIZE;
    }
    seen->inodes[at] = inode;
    seen->count++;
    return 1;
}

static int has_seen(const struct seen *seen, ino_t inode) {
    for (size_t at = slot_of(inode); seen->inodes[at] != 0; at = (at + 1) % SEEN_SIZE) {
        if (seen->inodes[at] == inode) {
            return 1;
        }
    }
    return 0;
}

static int is_among(const struct suspects *suspects, uint64_t key) {
    for (size_t i = 0; i < suspects->count; i++) {
        if (suspects->keys[i] == key) {
            return 1;
        }
    }
    return 0;
}

static void suspect(uint64_t key) {
    struct suspects *now = &look.suspects[look.turn];
    if (now->count < MAX_SUSPECTS && !is_among(now, key)) {
        now->keys[now->count++] = key;
    }
}

static void forget(struct seen *seen) {
    if (seen->count > 0) {
        memset(seen, 0, sizeof *seen);
    }
}

static void add_file(const struct stat *status) {
    if (see(&look.files, status->st_ino)) {
        look.result.disk_bytes += (uint64_t)status->st_blocks * 512;
        look.result.inodes++;
    }
}

static void add_channel(const struct stat *status) {
    if (see(&look.channels, status->st_ino) && look.channels.count > FREE_CHANNELS) {
        look.result.memory_bytes += S_ISSOCK(status->st_mode) ? SOCKET_BYTES : PIPE_BYTES;
    }
}

static DIR *open_list(int dir_fd, const char *name) {
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && !list) {
        (void)close(fd);
    }
    return list;
}

/* A directory that its owner has closed to himself is opened again: what he has hidden there counts. By its descriptor,
 * since the name may have become a link. */
static DIR *open_closed_list(int dir_fd, const char *name) {
    char self[40];
    cleanup_close int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    (void)snprintf(self, sizeof self, "self/fd/%d", fd);
    return fchmodat(look.proc_fd, self, 0700, 0) == 0 ? open_list(fd, ".") : NULL;
}

/* The tree, by descriptors, without recursion: lists[] is the way down to where we are. */
static void measure_tree(int directory_fd) {
    DIR *lists[MAX_DEPTH];
    size_t depth = 0;
    struct stat status;
    if (fstat(directory_fd, &status) < 0) {
        return;
    }
    look.device = status.st_dev;
    lists[0] = open_list(directory_fd, ".");
    if (!lists[0] && errno == EACCES) {
        char self[40];
        (void)snprintf(self, sizeof self, "self/fd/%d", directory_fd);
        lists[0] = fchmodat(look.proc_fd, self, 0700, 0) == 0 ? open_list(directory_fd, ".") : NULL;
    }
    depth = lists[0] != NULL;
    while (depth > 0) {
        DIR *list = lists[depth - 1];
        const struct dirent *entry = readdir(list);
        if (!entry) {
            (void)closedir(list);
            depth--;
            continue;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(list), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
            continue;
        }
        add_file(&status);
        if (!S_ISDIR(status.st_mode)) {
            continue;
        }
        if (depth == MAX_DEPTH) {
            look.result.disk_bytes += TOO_DEEP_BYTES;
            continue;
        }
        lists[depth] = open_list(dirfd(list), entry->d_name);
        if (!lists[depth] && errno == EACCES) {
            lists[depth] = open_closed_list(dirfd(list), entry->d_name);
        }
        depth += lists[depth] != NULL;
    }
}

static uint64_t cpu_us_of(pid_t pid) {
    char path[40], text[1024];
    unsigned long long user, system;
    long long waited_user, waited_system;
    (void)snprintf(path, sizeof path, "%ld/stat", (long)pid);
    if (io_read_text(look.proc_fd, path, text, sizeof text) <= 0) {
        return 0;
    }
    const char *end_of_name = strrchr(text, ')');
    if (!end_of_name || sscanf(end_of_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld", &user,
                               &system, &waited_user, &waited_system) != 4) {
        return 0;
    }
    const uint64_t ticks = user + system + (uint64_t)waited_user + (uint64_t)waited_system;
    return ticks * 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* Files that are in no directory any more but open, and channels. */
static void measure_descriptors(const struct process_memory *memory, pid_t pid) {
    char path[PROCESS_PATH_MAX + 4];
    (void)snprintf(path, sizeof path, "%s/fd", memory->path);
    DIR *list = open_list(look.proc_fd, path);
    if (!list) {
        /* One that has ended and waits to be waited for belongs to root in there, and holds nothing. */
        if (errno == EACCES && !memory->has_ended) {
            suspect(HIDDEN_PROCESS | (uint64_t)pid);
        }
        return;
    }
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        struct stat status;
        if (!isdigit((unsigned char)entry->d_name[0]) || fstatat(dirfd(list), entry->d_name, &status, 0) < 0) {
            continue;
        }
        if (S_ISREG(status.st_mode) && status.st_nlink == 0 && status.st_dev == look.device) {
            add_file(&status);
        } else if (S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode)) {
            add_channel(&status);
        }
    }
    (void)closedir(list);
}

/* Only files of the private directory: a library that was replaced on the disk since the guest has loaded it has no
 * name either. */
static void on_unlinked(void *context, ino_t inode, const char *path) {
    const struct collector_options *options = context;
    const size_t length = strlen(options->directory_path);
    if (strncmp(path, options->directory_path, length) == 0 && path[length] == '/') {
        suspect(inode);
    }
}

static void measure_process(void *context, pid_t pid) {
    struct process_memory memory;
    process_memory_measure(look.proc_fd, pid, on_unlinked, context, &memory);
    look.result.memory_bytes += memory.bytes;
    look.result.hides_memory |= (uint64_t)memory.hides;
    look.result.cpu_us += cpu_us_of(pid);
    measure_descriptors(&memory, pid);
}

/* Returns 1 when something new is there that the next look will judge.
 *
 * What is mapped but neither in a directory nor open is of unknown size, and what a process that nobody may look into
 * holds too: each counts as the biggest file that can be. A file that was opened or closed in the middle of a look is
 * not to be taken for one, so it takes two looks. */
static int judge_suspects(uint64_t max_file_bytes) {
    struct suspects *now = &look.suspects[look.turn], *before = &look.suspects[!look.turn];
    int new = 0;
    for (size_t i = 0; i < now->count; i++) {
        if (!(now->keys[i] & HIDDEN_PROCESS) && has_seen(&look.files, (ino_t)now->keys[i])) {
            now->keys[i] = 0;
        } else if (is_among(before, now->keys[i])) {
            look.result.disk_bytes += max_file_bytes;
            look.result.inodes++;
        } else {
            new = 1;
        }
    }
    look.turn = !look.turn;
    return new;
}

int watcher_measure(const struct collector_options *options, struct watcher_look *ret_look) {
    forget(&look.files);
    forget(&look.channels);
    look.proc_fd = options->proc_fd;
    look.suspects[look.turn].count = 0;
    memset(&look.result, 0, sizeof look.result);
    measure_tree(options->directory_fd);
    (void)members_visit(options->proc_fd, options->tag, measure_process, (void *)(uintptr_t)options);
    const int again = judge_suspects(options->max_file_bytes);
    *ret_look = look.result;
    return again;
}

_Noreturn void watcher_run(const struct collector_options *options, int socket_fd) {
    for (;;) {
        struct watcher_look now;
        const uint64_t before_us = clock_now_us();
        const int again = watcher_measure(options, &now);
        if (packet_send(socket_fd, &now, sizeof now, NULL, 0) < 0) {
            _exit(0);
        }
        /* At most half of a core's time. */
        const uint64_t taken_us = clock_now_us() - before_us;
        const uint64_t interval_us = again ? SECOND_LOOK_US : INTERVAL_US;
        const uint64_t rest_us = taken_us > interval_us / 2 ? taken_us : interval_us - taken_us;
        const struct timespec rest = {.tv_sec = (time_t)(rest_us / 1000000),
                                      .tv_nsec = (long)(rest_us % 1000000) * 1000};
        (void)nanosleep(&rest, NULL);
    }
}
