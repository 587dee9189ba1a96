#include "keeper/process_memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

/* What the kernel keeps for each map of a process. The first ones are free: an honest process has some thousands of
 * them at most, and inherits them from the guest. */
#define FREE_MAPS 4096
#define MAP_BYTES 512

/* The figure of a line "\nName:   123 kB" in bytes, or 0. */
static uint64_t kib_of(const char *text, const char *name) {
    const char *line = strstr(text, name);
    return line ? strtoull(line + strlen(name), NULL, 10) * 1024u : 0;
}

static ssize_t read_of(int proc_fd, const char *path, const char *file, char *text, size_t size) {
    char name[PROCESS_PATH_MAX + 16];
    (void)snprintf(name, sizeof name, "%s/%s", path, file);
    return io_read_text(proc_fd, name, text, size);
}

/* A process whose first thread has ended goes on with the others, but shows its memory only below them. Returns what
 * was read, 0 for a process that has ended, or -errno. */
static ssize_t read_rollup(int proc_fd, pid_t pid, char path[PROCESS_PATH_MAX], char *text, size_t size) {
    (void)snprintf(path, PROCESS_PATH_MAX, "%ld", (long)pid);
    ssize_t n = read_of(proc_fd, path, "smaps_rollup", text, size);
    if (n > 0 || n == -EACCES) {
        return n;
    }
    (void)snprintf(path, PROCESS_PATH_MAX, "%ld/task", (long)pid);
    cleanup_close int fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup_directory DIR *tasks = fd >= 0 ? fdopendir(fd) : NULL;
    if (!tasks) {
        return 0;
    }
    (void)take_fd(&fd);
    for (const struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        if (isdigit((unsigned char)task->d_name[0])) {
            (void)snprintf(path, PROCESS_PATH_MAX, "%ld/task/%.12s", (long)pid, task->d_name);
            n = read_of(proc_fd, path, "smaps_rollup", text, size);
            if (n > 0 || n == -EACCES) {
                return n;
            }
        }
    }
    return 0;
}

void process_memory_read_map(const char *line, size_t *maps, int *hides, process_memory_unlinked *on_unlinked,
                             void *context) {
    static const char unlinked[] = " (deleted)";
    char permissions[5];
    unsigned long long inode;
    int at_path = 0;
    if (sscanf(line, "%*s %4s %*s %*s %llu %n", permissions, &inode, &at_path) != 2 || at_path == 0) {
        return;
    }
    ++*maps;
    const char *path = line + at_path;
    const size_t length = strlen(path);
    if (inode == 0 || length < sizeof unlinked || strcmp(path + length - (sizeof unlinked - 1), unlinked) != 0) {
        return;
    }
    if (strcmp(path, "/dev/zero (deleted)") == 0) {
        /* Shared anonymous memory, which the filter refuses: it was got by mapping the device. */
        *hides |= permissions[3] == 's';
    } else if (on_unlinked && strncmp(path, "/memfd:", 7) != 0) {
        on_unlinked(context, (ino_t)inode, path); /* a memfd is ours: scripts are refused them */
    }
}

/* Line by line, however long the list is. */
static void read_maps(int proc_fd, struct process_memory *memory, process_memory_unlinked *on_unlinked, void *context) {
    /* Not on the stack, and there is one look at a time: longer than a line, which is a path and 80 characters. */
    static char text[32768];
    char name[PROCESS_PATH_MAX + 16];
    size_t used = 0, maps = 0;
    (void)snprintf(name, sizeof name, "%s/maps", memory->path);
    cleanup_close int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    for (;;) {
        const ssize_t n = read(fd, text + used, sizeof text - 1 - used);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
        text[used] = '\0';
        char *line = text;
        for (char *end = strchr(line, '\n'); end; end = strchr(line, '\n')) {
            *end = '\0';
            process_memory_read_map(line, &maps, &memory->hides, on_unlinked, context);
            line = end + 1;
        }
        used -= (size_t)(line - text);
        memmove(text, line, used);
        if (used == sizeof text - 1) {
            used = 0; /* no line of the kernel's */
        }
    }
    memory->bytes += maps > FREE_MAPS ? (maps - FREE_MAPS) * MAP_BYTES : 0;
}

void process_memory_measure(int proc_fd, pid_t pid, process_memory_unlinked *on_unlinked, void *context,
                            struct process_memory *ret_memory) {
    char text[4096];
    struct process_memory memory = {.bytes = 0};
    ssize_t n = read_rollup(proc_fd, pid, memory.path, text, sizeof text);
    memory.has_ended = n == 0;
    if (n > 0) {
        memory.bytes = kib_of(text, "\nPss:") + kib_of(text, "\nSwapPss:");
        if (read_of(proc_fd, memory.path, "status", text, sizeof text) > 0) {
            memory.bytes += kib_of(text, "\nVmPTE:");
        }
        read_maps(proc_fd, &memory, on_unlinked, context);
    } else if (n == -EACCES) {
        /* Where we may not look, everything counts. */
        if (read_of(proc_fd, memory.path, "status", text, sizeof text) > 0) {
            memory.bytes = kib_of(text, "\nVmRSS:") + kib_of(text, "\nVmSwap:") + kib_of(text, "\nVmPTE:");
        }
    }
    *ret_memory = memory;
}
