/* The making of a sandbox: a place for it, its channels, the guest's fork, its layers, and over to front. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "jail/steps.h"
#include "jail/tree.h"
#include "keeper/keeper.h"
#include "keeper/slot_inside.h"
#include "keeper/state.h"
#include "keeper/supervisor.h"
#include "keeper/watch.h"
#include "wire/guest_link.h"
#include "wire/packet.h"
#include "wire/run_result.h"

_Static_assert(CGROUP_CONTROLLERS <= SPAWN_MAX_CGROUP_FDS, "each controller may have a group of its own");

#define READ_END 0
#define WRITE_END 1

void slot_spawn_failed(struct keeper *keeper) {
    keeper->spawn_failures++;
    keeper->status.sandboxes_failed++;
    keeper_status_changed(keeper);
    uint32_t shift = keeper->spawn_failures < 6 ? keeper->spawn_failures : 6;
    keeper->spawn_again_us = clock_now_us() + (50000u << shift);
    if (!keeper->served && keeper->spawn_failures >= 3) {
        log_error("no sandbox can be made on this host");
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
    }
}

/* Before its guest: see habitat_builder.c. Where it may not be written the kernel chooses as ever. */
static void go_first_without_memory(const struct slot *slot) {
    char path[40];
    (void)snprintf(path, sizeof path, "%ld/oom_score_adj", (long)process_pid(slot->main_exit.fd));
    (void)io_write_text(slot->keeper->proc_fd, path, "1000");
}

static void slot_hand_over(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    if (cgroups_has(&keeper->cgroups, CGROUP_CPUACCT)) {
        slot->cpu_before_us = cgroup_slot_cpu_us(&keeper->cgroups, slot->index);
    }
    if (!cgroups_has(&keeper->cgroups, CGROUP_CPUACCT) || !cgroups_has(&keeper->cgroups, CGROUP_MEMORY)) {
        pid_t pid = process_pid(slot->main_exit.fd);
        slot->main_pid = pid > 0 ? pid : 0;
        slot->rss_before_bytes = watch_resident_bytes(slot->main_pid);
        slot->touched_before_bytes = watch_touched_bytes(slot->main_pid);
        if (!cgroups_has(&keeper->cgroups, CGROUP_CPUACCT)) {
            slot->cpu_before_us = process_cpu_us(slot->main_pid);
        }
    }
    if (keeper->tier != ISOLATION_NAMESPACES) {
        go_first_without_memory(slot);
    }
    slot_move(slot, SLOT_READY);
    keeper->spawn_failures = 0;
    if (!keeper->served) {
        keeper->served = 1;
        if (keeper->client->listen_fd >= 0) {
            log_info("ready on http://%s", keeper->settings->listen);
        }
    }
    const uint64_t made_us = clock_now_us() - slot->asked_us;
    struct front_ready ready = {
        .head = {.type = FRONT_READY, .size = sizeof ready},
        .sandbox_id = slot->sandbox_id,
        .kind = slot->kind,
        .made_us = made_us < UINT32_MAX ? (uint32_t)made_us : UINT32_MAX,
    };
    int error = front_send(keeper, &ready, slot->front_fds, READY_FDS);
    packet_close_fds(slot->front_fds, READY_FDS);
    if (error) {
        slot_kill(slot, VERDICT_CANCELLED, 0);
        return;
    }
    slot->known_to_front = 1;
}

/* Whether sandboxes have a memory holder: only if the operator wants it; where it can be told from what a script left,
 * so that the verdict need not wait for its end; and where the watch does not add up what processes hold, which would
 * count its memory twice. */
static int holds_memory(const struct keeper *keeper) {
    return keeper->settings->memory_holder != 0 && keeper->tier == ISOLATION_NAMESPACES &&
           cgroups_has(&keeper->cgroups, CGROUP_PIDS) && cgroups_has(&keeper->cgroups, CGROUP_MEMORY);
}

/* What the sandbox says of itself has come; and maybe, before or after it, the guest's answer with its pidfd. */
static void on_report(void *owner) {
    struct slot *slot = owner;
    struct sandbox_report report;
    int received[1] = {-1};
    size_t n_fds = 0;
    ssize_t n = packet_receive(slot->report.fd, &report, sizeof report, received, 1, &n_fds);
    if (n == -EAGAIN || n == -EINTR) {
        return;
    }
    if (n == (ssize_t)sizeof report && report.type == REPORT_ASKS && n_fds == 1 && slot->asks.fd < 0 &&
        slot->keeper->one_id && supervisor_watch(slot, received[0]) == 0) {
        return;
    }
    const int ready = n == (ssize_t)sizeof report && report.type == REPORT_READY &&
                      n_fds <= (size_t)holds_memory(slot->keeper) && slot->holder_fd < 0;
    if (ready) {
        slot->holder_fd = take_fd(&received[0]);
    } else {
        packet_close_fds(received, n_fds);
    }
    events_close(slot->keeper->epoll_fd, &slot->report);
    if (slot->state != SLOT_FORKING && slot->state != SLOT_JAILING) {
        return;
    }
    if (ready) {
        slot->reported_ready = 1;
        if (slot->state == SLOT_JAILING) {
            slot_hand_over(slot);
        }
        return;
    }
    if (n == (ssize_t)sizeof report && report.type == REPORT_FAILED) {
        log_error("a sandbox could not put on its layer \"%s\": %s", jail_step_name(report.step),
                  strerror(report.error < 0 ? -report.error : EPROTO));
    } else {
        log_error("a sandbox ended without a report");
    }
    slot_spawn_failed(slot->keeper);
    slot_kill(slot, VERDICT_INTERNAL, 0);
}

static int watch(struct slot *slot, struct event_source *source, int fd, void (*handle)(void *owner)) {
    *source = (struct event_source){.fd = fd, .handle = handle, .owner = slot};
    return events_watch(slot->keeper->epoll_fd, source);
}

/* User and group id of the slot's sandboxes, as seen from where they are set. */
uint32_t slot_id(const struct slot *slot) {
    const struct keeper *keeper = slot->keeper;
    if (keeper->one_id) {
        return JAIL_FIRST_SLOT_ID;
    }
    uint32_t first = keeper->use_user_namespace ? JAIL_FIRST_SLOT_ID : keeper->first_id + KEEPER_ID_SLOTS;
    return first + (uint32_t)slot->index;
}

static int make_result_memory(void) {
    cleanup_close int fd = memfd_create("result", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, RUN_RESULT_SIZE) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        return -errno;
    }
    return take_fd(&fd);
}

/* Makes the sandbox's channels: its own ends into fds[] (SPAWN_FD_PLACE left out), the others into the slot. */
static int make_channels(struct slot *slot, int *fds) {
    int control[2], out[2], err[2], report[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0) {
        return -errno;
    }
    slot->front_fds[READY_FD_CONTROL] = control[0];
    fds[SPAWN_FD_CONTROL] = control[1];
    if (pipe2(out, O_CLOEXEC) < 0) {
        return -errno;
    }
    slot->front_fds[READY_FD_STDOUT] = out[READ_END];
    fds[SPAWN_FD_STDOUT] = out[WRITE_END];
    if (pipe2(err, O_CLOEXEC) < 0) {
        return -errno;
    }
    slot->front_fds[READY_FD_STDERR] = err[READ_END];
    fds[SPAWN_FD_STDERR] = err[WRITE_END];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report) < 0) {
        return -errno;
    }
    int error = watch(slot, &slot->report, report[0], on_report);
    fds[SPAWN_FD_REPORT] = report[1];
    int result = make_result_memory();
    if (error || result < 0) {
        return error ? error : result;
    }
    slot->front_fds[READY_FD_RESULT] = result;
    fds[SPAWN_FD_RESULT] = fcntl(result, F_DUPFD_CLOEXEC, 0);
    if (fds[SPAWN_FD_RESULT] < 0) {
        return -errno;
    }
    /* Front reads what is there and goes on; the sandbox's ends block, as a script expects. */
    for (int i = READY_FD_CONTROL; i <= READY_FD_STDERR && !error; i++) {
        error = io_set_nonblocking(slot->front_fds[i], 1);
    }
    return error ? error : io_set_nonblocking(slot->report.fd, 1);
}

/* place_fd: the pidfd of the slot's init, or its private directory; borrowed. */
static int ask_guest(struct slot *slot, int place_fd) {
    struct keeper *keeper = slot->keeper;
    const struct settings *settings = keeper->settings;
    int fds[SPAWN_FDS + SPAWN_MAX_CGROUP_FDS];
    for (size_t i = 0; i < SPAWN_FDS; i++) {
        fds[i] = -1;
    }
    size_t n_fds = SPAWN_FDS;
    int error = make_channels(slot, fds);
    if (!error) {
        fds[SPAWN_FD_PLACE] = place_fd;
        n_fds += cgroup_slot_join_fds(&keeper->cgroups, slot->index, fds + n_fds);
        const uint32_t id = slot_id(slot);
        const int namespaces = keeper->tier == ISOLATION_NAMESPACES;
        struct keeper_spawn spawn = {
            .head = {.type = KEEPER_SPAWN, .size = sizeof spawn},
            .sandbox_id = slot->sandbox_id,
            .uid = id,
            .gid = id,
            .n_cgroup_fds = (uint32_t)(n_fds - SPAWN_FDS),
            /* Without a share of its own it stands behind keeper, front and guests. */
            .niceness = cgroups_has(&keeper->cgroups, CGROUP_CPU) ? 0 : 19,
            /* With one id for all the limit would count all sandboxes; the supervisor counts. */
            .max_processes =
                !namespaces && keeper->one_id ? 0 : settings->max_processes + (uint64_t)holds_memory(keeper),
            .hold_memory = (uint32_t)holds_memory(keeper),
            .max_open_files = settings->max_open_files,
            .max_file_bytes = settings->max_file_bytes,
            .max_cpu_ms = settings->max_cpu_ms,
            .tag = namespaces ? 0 : slot->sandbox_id};
        memcpy(spawn.directory, slot->directory, sizeof spawn.directory);
        slot_move(slot, SLOT_FORKING);
        error = habitat_request_sandbox(slot->habitat, &spawn, fds, n_fds);
    }
    for (int i = SPAWN_FD_CONTROL; i < SPAWN_FDS; i++) {
        close_fd(&fds[i]);
    }
    return error;
}

/* Without namespaces: a private directory, and the guest is asked at once. */
static int begin_in_directory(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    const uint32_t id = slot_id(slot);
    cleanup_close int fd = -1;
    int error = private_dirs_check_room(&keeper->dirs, keeper->settings->max_disk_bytes);
    if (!error) {
        fd = private_dirs_make(&keeper->dirs, !keeper->one_id, id, id, slot->directory);
        error = fd < 0 ? fd : ask_guest(slot, fd);
    }
    if (error && slot->state != SLOT_FREE) {
        log_error("a sandbox could not be asked for: %s%s", error == -ENOSPC ? "private directories: " : "",
                  strerror(-error));
        slot_spawn_failed(keeper);
        slot_kill(slot, VERDICT_INTERNAL, 0);
    }
    return error ? -EAGAIN : 0;
}

int slot_begin(struct keeper *keeper, enum guest_kind kind) {
    struct habitat *habitat = keeper->current[kind];
    struct slot *slot = NULL;
    for (size_t i = 0; i < keeper->n_slots && !slot; i++) {
        slot = keeper->slots[i].state == SLOT_FREE ? &keeper->slots[i] : NULL;
    }
    if (!slot || !habitat || habitat->state != HABITAT_READY) {
        return -EAGAIN;
    }
    size_t index = slot->index;
    *slot = (struct slot){.keeper = keeper, .index = index, .kind = kind, .habitat = habitat};
    slot_forget_descriptors(slot);
    slot->sandbox_id = (++keeper->last_sandbox << SLOT_BITS) | index;
    slot->memory_bytes = keeper->settings->default_memory_bytes;
    slot->asked_us = clock_now_us();
    slot_move(slot, SLOT_NAMESPACES);
    habitat->sandboxes++;
    habitat->sandboxes_made++;

    int error = cgroup_slot_prepare(&keeper->cgroups, index, slot->memory_bytes);
    if (error) {
        log_warning("slot %zu: its cgroup cannot be readied: %s", index, strerror(-error));
        slot_spawn_failed(keeper);
        slot_kill(slot, VERDICT_INTERNAL, 0);
        return -EAGAIN;
    }
    const struct settings *settings = keeper->settings;
    if (keeper->tier != ISOLATION_NAMESPACES) {
        return begin_in_directory(slot);
    }
    const uint32_t id = slot_id(slot);
    const struct namespace_request request = {.sandbox_id = slot->sandbox_id,
                                              .max_disk_bytes = settings->max_disk_bytes,
                                              .max_inodes = settings->max_inodes,
                                              .uid = id,
                                              .gid = id,
                                              .own_user_namespace = (uint32_t)keeper->one_id};
    /* A habitat that takes no request dies, and the slot with it. */
    return habitat_request_namespaces(habitat, &request) ? -EAGAIN : 0;
}

/* A process whose slot has not waited for it: keeper_reap_strangers() does the rest. */
static void dismiss(int *pidfd) {
    if (*pidfd >= 0) {
        (void)process_signal(*pidfd, SIGKILL);
        close_fd(pidfd);
    }
}

void slot_namespaces_made(struct keeper *keeper, uint64_t sandbox_id, int init_pidfd, int error, const char *step) {
    struct slot *slot = slot_find(keeper, sandbox_id);
    if (!slot || slot->state != SLOT_NAMESPACES) {
        dismiss(&init_pidfd);
        return;
    }
    if (init_pidfd >= 0) {
        int watch_error = watch(slot, &slot->init_exit, init_pidfd, slot_on_init_exit);
        error = error ? error : watch_error;
    }
    if (error) {
        log_error("the namespaces of a sandbox could not be made: %s: %s", step, strerror(-error));
        slot_spawn_failed(keeper);
        slot_kill(slot, VERDICT_INTERNAL, 0);
        return;
    }
    error = ask_guest(slot, slot->init_exit.fd);
    if (error && slot->state != SLOT_FREE) {
        log_error("a sandbox could not be asked for: %s", strerror(-error));
        slot_kill(slot, VERDICT_INTERNAL, 0);
    }
}

void slot_sandbox_forked(struct keeper *keeper, uint64_t sandbox_id, int main_pidfd, int error) {
    struct slot *slot = slot_find(keeper, sandbox_id);
    if (!slot || slot->main_exit.fd >= 0 || (slot->state != SLOT_FORKING && slot->state != SLOT_ENDING)) {
        dismiss(&main_pidfd);
        return;
    }
    if (main_pidfd >= 0) {
        int watch_error = watch(slot, &slot->main_exit, main_pidfd, slot_on_main_exit);
        error = error ? error : watch_error;
    }
    if (error) {
        log_error("the guest could not fork: %s", strerror(-error));
        slot_spawn_failed(keeper);
        slot_kill(slot, VERDICT_INTERNAL, 0);
        return;
    }
    if (slot->state == SLOT_ENDING) {
        (void)process_signal(slot->main_exit.fd, SIGKILL); /* with its init already, where it has one */
        return;
    }
    if (slot->state == SLOT_FORKING) {
        slot_move(slot, SLOT_JAILING);
        if (slot->reported_ready) {
            slot_hand_over(slot); /* the child was faster than the guest's answer */
        }
    }
}
