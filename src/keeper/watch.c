#include "keeper/watch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "keeper/collector.h"
#include "keeper/host_oom.h"
#include "keeper/process.h"
#include "keeper/process_memory.h"
#include "keeper/state.h"
#include "wire/packet.h"

/* A process can touch some gigabytes in a second: at this interval it gets some tens of MiB past its limit. */
#define MEMORY_INTERVAL_US 20000u
#define CPU_INTERVAL_US 200000u

/* Processes looked at in one sandbox; more than max_processes cannot be there. */
#define MAX_PROCESSES 1024

uint64_t watch_resident_bytes(pid_t pid) {
    char path[64], text[128];
    (void)snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    if (pid <= 0 || io_read_text(-1, path, text, sizeof text) <= 0) {
        return 0;
    }
    const char *resident = strchr(text, ' ');
    return resident ? strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t watch_touched_bytes(pid_t pid) {
    char path[64], text[1024];
    unsigned long long faults;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    if (pid <= 0 || io_read_text(-1, path, text, sizeof text) <= 0) {
        return 0;
    }
    const char *end_of_name = strrchr(text, ')');
    return end_of_name && sscanf(end_of_name, ") %*c %*d %*d %*d %*d %*d %*u %llu", &faults) == 1
               ? faults * (uint64_t)sysconf(_SC_PAGESIZE)
               : 0;
}

/* Appends the children of one thread to pids[]; returns the new count. */
static size_t add_children_of(int tasks_fd, const char *thread, pid_t *pids, size_t count) {
    char path[32], text[8192];
    (void)snprintf(path, sizeof path, "%.16s/children", thread);
    ssize_t size = io_read_text(tasks_fd, path, text, sizeof text);
    if (size <= 0) {
        return count;
    }
    for (char *at = text; count < MAX_PROCESSES;) {
        char *end;
        long child = strtol(at, &end, 10);
        if (end == at || child <= 0 || *end != ' ') { /* the last number of a list that was cut may be */
            break;
        }
        pids[count++] = (pid_t)child;
        at = end;
    }
    return count;
}

/* Appends the children of a process to pids[]; returns the new count. Each thread has a list of its own. */
static size_t add_children(pid_t pid, pid_t *pids, size_t count) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    cleanup_directory DIR *list = opendir(path);
    if (!list) {
        return count;
    }
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            count = add_children_of(dirfd(list), entry->d_name, pids, count);
        }
    }
    return count;
}

/* The processes of a sandbox: its first one, and what has been orphaned to the init of its namespace, with all that
 * descends from them. */
static size_t list_processes(const struct slot *slot, pid_t *pids) {
    size_t count = 0;
    pid_t init = process_pid(slot->init_exit.fd);
    if (slot->main_pid > 0) {
        pids[count++] = slot->main_pid;
    }
    if (init > 0) {
        count = add_children(init, pids, count);
    }
    for (size_t i = 0; i < count; i++) {
        count = add_children(pids[i], pids, count);
    }
    return count;
}

static void watch_memory(struct slot *slot) {
    pid_t pids[MAX_PROCESSES];
    size_t count = list_processes(slot, pids);
    uint64_t sum = 0;
    int hides = 0;
    for (size_t i = 0; i < count; i++) {
        struct process_memory memory;
        process_memory_measure(slot->keeper->proc_fd, pids[i], NULL, NULL, &memory);
        sum += memory.bytes;
        hides |= memory.hides;
    }
    if (sum > slot->watched_peak_bytes) {
        slot->watched_peak_bytes = sum;
    }
    if (sum > slot->memory_bytes || hides) {
        slot_kill(slot, VERDICT_MEMORY, slot->memory_bytes);
    }
}

static void watch_cpu(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    uint64_t used = 0;
    if (cgroups_has(&keeper->cgroups, CGROUP_CPUACCT)) {
        used = cgroup_slot_cpu_us(&keeper->cgroups, slot->index);
    } else {
        pid_t pids[MAX_PROCESSES];
        size_t count = list_processes(slot, pids);
        for (size_t i = 0; i < count; i++) {
            used += process_cpu_us(pids[i]);
        }
    }
    if (used > slot->cpu_before_us && used - slot->cpu_before_us > keeper->settings->max_cpu_ms * 1000) {
        slot_kill(slot, VERDICT_CPU, keeper->settings->max_cpu_ms);
    }
}

static void on_look(void *owner) {
    struct slot *slot = owner;
    struct keeper *keeper = slot->keeper;
    const struct settings *settings = keeper->settings;
    struct watcher_look look;
    size_t n_fds = 0;
    ssize_t n = packet_receive(slot->watcher.fd, &look, sizeof look, NULL, 0, &n_fds);
    if (n == -EAGAIN) {
        return;
    }
    if (n != (ssize_t)sizeof look) {
        /* Without it nothing would hold this sandbox's memory and disk. */
        events_close(keeper->epoll_fd, &slot->watcher);
        if (slot->state == SLOT_RUNNING) {
            log_error("slot %zu: its watcher has ended", slot->index);
            slot_kill(slot, VERDICT_INTERNAL, 0);
        }
        return;
    }
    slot->watched_peak_bytes =
        look.memory_bytes > slot->watched_peak_bytes ? look.memory_bytes : slot->watched_peak_bytes;
    const uint64_t cpu_us = look.cpu_us > slot->cpu_before_us ? look.cpu_us - slot->cpu_before_us : 0;
    slot->watched_cpu_us = look.cpu_us > slot->watched_cpu_us ? look.cpu_us : slot->watched_cpu_us;
    if (slot->state != SLOT_RUNNING) {
        return;
    }
    const int over = look.memory_bytes > slot->memory_bytes || look.hides_memory;
    if (over && !cgroups_has(&keeper->cgroups, CGROUP_MEMORY)) {
        slot_kill(slot, VERDICT_MEMORY, slot->memory_bytes);
    } else if (look.disk_bytes > settings->max_disk_bytes) {
        slot_kill(slot, VERDICT_DISK, settings->max_disk_bytes);
    } else if (look.inodes > settings->max_inodes) {
        slot_kill(slot, VERDICT_FILES, settings->max_inodes);
    } else if (cpu_us > settings->max_cpu_ms * 1000) {
        slot_kill(slot, VERDICT_CPU, settings->max_cpu_ms);
    }
}

/* Without namespaces a run that takes longer than a moment gets a watcher, which looks at memory, disk and CPU time. */
static void start_watcher(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    cleanup_close int directory_fd = private_dirs_reopen(&keeper->dirs, slot->directory);
    int socket_fd = -1, pidfd = -1;
    if (directory_fd >= 0) {
        struct collector_options options = {
            .change_identity = !keeper->one_id,
            .own_uid = keeper->first_id + KEEPER_ID_COLLECTOR(keeper),
            .uid = keeper->first_id + KEEPER_ID_SLOTS + (uint32_t)slot->index,
            .directory_fd = directory_fd,
            .proc_fd = keeper->proc_fd,
            .tag = slot->sandbox_id,
            .max_file_bytes = keeper->settings->max_file_bytes,
        };
        char self[40];
        (void)snprintf(self, sizeof self, "self/fd/%d", directory_fd);
        const ssize_t n = readlinkat(keeper->proc_fd, self, options.directory_path, sizeof options.directory_path - 1);
        pidfd = n < 0 ? -errno : collector_start_watcher(&options, &socket_fd);
    }
    int error = pidfd < 0 ? pidfd : 0;
    if (!error) {
        slot->watcher_exit = (struct event_source){.fd = pidfd, .handle = slot_on_watcher_exit, .owner = slot};
        slot->watcher = (struct event_source){.fd = socket_fd, .handle = on_look, .owner = slot};
        error = events_watch(keeper->epoll_fd, &slot->watcher_exit);
        error = error ? error : events_watch(keeper->epoll_fd, &slot->watcher);
    }
    if (error) {
        log_error("slot %zu: it cannot be watched: %s", slot->index, strerror(-error));
        slot_kill(slot, VERDICT_INTERNAL, 0);
    }
}

/* Returns the time of the next start of a watcher. */
static uint64_t check_without_namespaces(struct keeper *keeper, uint64_t now_us) {
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < keeper->n_slots; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->state == SLOT_RUNNING && slot->watcher_exit.fd < 0) {
            if (now_us >= slot->memory_look_us) {
                start_watcher(slot);
            } else {
                next = slot->memory_look_us < next ? slot->memory_look_us : next;
            }
        }
    }
    return next;
}

uint64_t watch_check(struct keeper *keeper, uint64_t now_us) {
    host_oom_sample(keeper, now_us);
    if (keeper->tier != ISOLATION_NAMESPACES) {
        return check_without_namespaces(keeper, now_us);
    }
    uint64_t next = UINT64_MAX;
    const int by_hand = !cgroups_has(&keeper->cgroups, CGROUP_MEMORY);
    for (size_t i = 0; i < keeper->n_slots; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->state == SLOT_RUNNING && now_us >= slot->cpu_look_us) {
            slot->cpu_look_us = now_us + CPU_INTERVAL_US;
            watch_cpu(slot);
        }
        if (slot->state == SLOT_RUNNING && by_hand && now_us >= slot->memory_look_us) {
            watch_memory(slot);
            /* A hundred processes take milliseconds to add up: never more than a quarter of the keeper's time, or the
             * clock of every run would be late. */
            const uint64_t after_us = clock_now_us();
            const uint64_t rest_us = 3 * (after_us - now_us);
            slot->memory_look_us = after_us + (rest_us > MEMORY_INTERVAL_US ? rest_us : MEMORY_INTERVAL_US);
        }
        if (slot->state == SLOT_RUNNING) {
            next = slot->cpu_look_us < next ? slot->cpu_look_us : next;
            next = by_hand && slot->memory_look_us < next ? slot->memory_look_us : next;
        }
    }
    return next;
}
