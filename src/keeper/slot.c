#include "keeper/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
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
#include "keeper/state.h"
#include "keeper/watch.h"
#include "wire/guest_link.h"
#include "wire/packet.h"
#include "wire/run_result.h"

/* The low bits of a sandbox's id are its slot's index; the rest counts. */
#define SLOT_BITS 12
#define SLOT_MASK ((1u << SLOT_BITS) - 1u)

/* The longest that a sandbox may be in the making, on the slowest machine: nothing may be lost from the pool for good.
 * The keeper looks at least at each of its ticks. */
#define MAKING_DEADLINE_US 20000000u

#define READ_END 0
#define WRITE_END 1

static void slot_move(struct slot *slot, enum slot_state state) {
    slot->state = state;
}

static struct slot *find(struct keeper *keeper, uint64_t sandbox_id) {
    size_t index = sandbox_id & SLOT_MASK;
    if (index >= keeper->n_slots || keeper->slots[index].sandbox_id != sandbox_id ||
        keeper->slots[index].state == SLOT_FREE) {
        return NULL;
    }
    return &keeper->slots[index];
}

static void forget_descriptors(struct slot *slot) {
    slot->init_exit.fd = slot->main_exit.fd = slot->report.fd = -1;
    for (int i = 0; i < READY_FDS; i++) {
        slot->front_fds[i] = -1;
    }
}

int slots_make(struct keeper *keeper, size_t n_slots) {
    if (n_slots > SLOT_MASK) {
        return -EINVAL;
    }
    keeper->slots = calloc(n_slots, sizeof *keeper->slots);
    if (!keeper->slots) {
        return -ENOMEM;
    }
    keeper->n_slots = n_slots;
    for (size_t i = 0; i < n_slots; i++) {
        keeper->slots[i].keeper = keeper;
        keeper->slots[i].index = i;
        forget_descriptors(&keeper->slots[i]);
    }
    return 0;
}

void slots_free(struct keeper *keeper) {
    for (size_t i = 0; i < keeper->n_slots; i++) {
        struct slot *slot = &keeper->slots[i];
        events_close(keeper->epoll_fd, &slot->init_exit);
        events_close(keeper->epoll_fd, &slot->main_exit);
        events_close(keeper->epoll_fd, &slot->report);
        packet_close_fds(slot->front_fds, READY_FDS);
    }
    free(keeper->slots);
    keeper->slots = NULL;
    keeper->n_slots = 0;
}

size_t slots_count(const struct keeper *keeper, enum slot_state state, enum guest_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < keeper->n_slots; i++) {
        count += keeper->slots[i].state == state && (kind == GUEST_KINDS || keeper->slots[i].kind == kind);
    }
    return count;
}

/* CPU time of the slot's sandbox up to now. */
static uint64_t cpu_used_us(const struct slot *slot) {
    if (cgroups_has(&slot->keeper->cgroups, CGROUP_CPUACCT)) {
        return cgroup_slot_cpu_us(&slot->keeper->cgroups, slot->index);
    }
    return slot->main_ended ? slot->end.cpu_us : slot->main_pid > 0 ? process_cpu_us(slot->main_pid) : 0;
}

static uint64_t memory_peak_bytes(const struct slot *slot) {
    if (cgroups_has(&slot->keeper->cgroups, CGROUP_MEMORY)) {
        return cgroup_slot_memory_peak(&slot->keeper->cgroups, slot->index);
    }
    /* What its largest process grew by since it was ready, or what the watch has seen of all together. */
    uint64_t grown =
        slot->end.max_rss_bytes > slot->rss_before_bytes ? slot->end.max_rss_bytes - slot->rss_before_bytes : 0;
    return grown > slot->watched_peak_bytes ? grown : slot->watched_peak_bytes;
}

/* What ended the sandbox: the keeper's own doing first, then what the kernel did for a limit, then its own end. */
static void judge(const struct slot *slot, uint64_t cpu_us, struct front_verdict *verdict) {
    const struct settings *settings = slot->keeper->settings;
    if (slot->cause) {
        verdict->cause = slot->cause;
        verdict->limit_value = slot->limit_value;
    } else if (!slot->main_ended) {
        verdict->cause = VERDICT_INTERNAL;
    } else if (slot->end.exited) {
        verdict->cause = VERDICT_EXITED;
        verdict->exit_code = slot->end.exit_code;
    } else if (slot->end.signal == SIGKILL && cgroup_slot_oom_killed(&slot->keeper->cgroups, slot->index)) {
        verdict->cause = VERDICT_MEMORY;
        verdict->limit_value = slot->memory_bytes;
    } else if ((slot->end.signal == SIGXCPU || slot->end.signal == SIGKILL) &&
               cpu_us + 500000 >= settings->max_cpu_ms * 1000) {
        verdict->cause = VERDICT_CPU;
        verdict->limit_value = settings->max_cpu_ms;
    } else {
        verdict->cause = VERDICT_SIGNALED;
        verdict->signal = slot->end.signal;
    }
}

static void send_verdict(struct slot *slot) {
    uint64_t cpu_us = cpu_used_us(slot);
    cpu_us = cpu_us > slot->cpu_before_us ? cpu_us - slot->cpu_before_us : 0;
    struct front_verdict verdict = {
        .head = {.type = FRONT_VERDICT, .size = sizeof verdict},
        .sandbox_id = slot->sandbox_id,
        .started = (uint32_t)slot->started,
        .wall_us = slot->started ? slot->ended_us - slot->started_us : 0,
        .cpu_us = cpu_us,
        .memory_peak_bytes = memory_peak_bytes(slot),
    };
    judge(slot, cpu_us, &verdict);
    (void)front_send(slot->keeper, &verdict, NULL, 0);
}

static void slot_finish(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    if (slot->known_to_front) {
        send_verdict(slot);
    }
    events_close(keeper->epoll_fd, &slot->report);
    packet_close_fds(slot->front_fds, READY_FDS);
    struct habitat *habitat = slot->habitat;
    slot->habitat = NULL;
    slot_move(slot, SLOT_FREE);
    habitat->sandboxes--;
    if (habitat->state == HABITAT_RETIRED) {
        habitat_retire(habitat);
    }
}

/* Goes on with the end of a sandbox as far as the kernel has come: the init last, since it waits for all others. */
static void slot_go_on_ending(struct slot *slot) {
    if (slot->state != SLOT_ENDING || slot->main_exit.fd >= 0 || slot->init_exit.fd >= 0) {
        return;
    }
    slot_finish(slot);
}

void slot_kill(struct slot *slot, enum verdict_cause cause, uint64_t limit_value) {
    if (slot->state == SLOT_FREE) {
        return;
    }
    if (slot->state != SLOT_ENDING) {
        slot->cause = cause;
        slot->limit_value = limit_value;
        slot->ended_us = clock_now_us();
        slot_move(slot, SLOT_ENDING);
    }
    if (slot->init_exit.fd >= 0) {
        (void)process_signal(slot->init_exit.fd, SIGKILL);
    }
    slot_go_on_ending(slot);
}

static void spawn_failed(struct keeper *keeper) {
    keeper->spawn_failures++;
    uint32_t shift = keeper->spawn_failures < 6 ? keeper->spawn_failures : 6;
    keeper->spawn_again_us = clock_now_us() + (50000u << shift);
    if (!keeper->served && keeper->spawn_failures >= 3) {
        log_error("no sandbox can be made on this host");
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
    }
}

static void on_main_exit(void *owner) {
    struct slot *slot = owner;
    int ended = process_reap(slot->main_exit.fd, &slot->end);
    if (ended == 0) {
        return;
    }
    slot->main_ended = ended > 0;
    events_close(slot->keeper->epoll_fd, &slot->main_exit);
    if (slot->state == SLOT_ENDING) {
        slot_go_on_ending(slot);
        return;
    }
    if (slot->state == SLOT_JAILING) {
        log_warning("a sandbox ended before it was ready (%s %d)", slot->end.exited ? "status" : "signal",
                    slot->end.exited ? slot->end.exit_code : slot->end.signal);
        spawn_failed(slot->keeper);
    }
    slot_kill(slot, 0, 0);
}

static void on_init_exit(void *owner) {
    struct slot *slot = owner;
    struct process_end end;
    if (process_reap(slot->init_exit.fd, &end) == 0) {
        return;
    }
    events_close(slot->keeper->epoll_fd, &slot->init_exit);
    if (slot->state != SLOT_ENDING) {
        /* Not our doing: it was killed from outside, and everything in the sandbox with it. */
        slot_kill(slot, VERDICT_INTERNAL, 0);
        return;
    }
    slot_go_on_ending(slot);
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
        if (!cgroups_has(&keeper->cgroups, CGROUP_CPUACCT)) {
            slot->cpu_before_us = process_cpu_us(slot->main_pid);
        }
    }
    slot_move(slot, SLOT_READY);
    keeper->spawn_failures = 0;
    if (!keeper->served) {
        keeper->served = 1;
        log_info("ready on http://%s", keeper->settings->listen);
    }
    struct front_ready ready = {
        .head = {.type = FRONT_READY, .size = sizeof ready}, .sandbox_id = slot->sandbox_id, .kind = slot->kind};
    int error = front_send(keeper, &ready, slot->front_fds, READY_FDS);
    packet_close_fds(slot->front_fds, READY_FDS);
    if (error) {
        slot_kill(slot, VERDICT_CANCELLED, 0);
        return;
    }
    slot->known_to_front = 1;
}

/* What the sandbox says of itself has come; and maybe, before or after it, the guest's answer with its pidfd. */
static void on_report(void *owner) {
    struct slot *slot = owner;
    struct sandbox_report report;
    ssize_t n = read(slot->report.fd, &report, sizeof report);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    events_close(slot->keeper->epoll_fd, &slot->report);
    if (slot->state != SLOT_FORKING && slot->state != SLOT_JAILING) {
        return;
    }
    if (n == (ssize_t)sizeof report && report.step == 0) {
        slot->reported_ready = 1;
        if (slot->state == SLOT_JAILING) {
            slot_hand_over(slot);
        }
        return;
    }
    if (n == (ssize_t)sizeof report) {
        log_error("a sandbox could not put on its layer \"%s\": %s", jail_step_name(report.step),
                  strerror(report.error < 0 ? -report.error : EPROTO));
    } else {
        log_error("a sandbox ended without a report");
    }
    spawn_failed(slot->keeper);
    slot_kill(slot, VERDICT_INTERNAL, 0);
}

static int watch(struct slot *slot, struct event_source *source, int fd, void (*handle)(void *owner)) {
    *source = (struct event_source){.fd = fd, .handle = handle, .owner = slot};
    return events_watch(slot->keeper->epoll_fd, source);
}

/* User and group id of the slot's sandboxes, as seen from where they are set. */
static uint32_t slot_id(const struct slot *slot) {
    const struct keeper *keeper = slot->keeper;
    if (keeper->one_id) {
        return JAIL_FIRST_SLOT_ID;
    }
    uint32_t first = keeper->use_user_namespace ? JAIL_FIRST_SLOT_ID : keeper->first_id + KEEPER_ID_SLOTS;
    return first + (uint32_t)slot->index;
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
    forget_descriptors(slot);
    slot->sandbox_id = (++keeper->last_sandbox << SLOT_BITS) | index;
    slot->memory_bytes = keeper->settings->default_memory_bytes;
    slot->asked_us = clock_now_us();
    slot_move(slot, SLOT_NAMESPACES);
    habitat->sandboxes++;
    habitat->sandboxes_made++;

    int error = cgroup_slot_prepare(&keeper->cgroups, index, slot->memory_bytes);
    if (error) {
        log_warning("slot %zu: its cgroup cannot be readied: %s", index, strerror(-error));
        spawn_failed(keeper);
        slot_kill(slot, VERDICT_INTERNAL, 0);
        return -EAGAIN;
    }
    const struct settings *settings = keeper->settings;
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

static int make_result_memory(void) {
    cleanup_close int fd = memfd_create("result", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, RUN_RESULT_SIZE) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        return -errno;
    }
    return take_fd(&fd);
}

/* Makes the sandbox's channels: its own ends into fds[] (SPAWN_FD_INIT left out), the others into the slot. */
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
    if (pipe2(report, O_CLOEXEC) < 0) {
        return -errno;
    }
    int error = watch(slot, &slot->report, report[READ_END], on_report);
    fds[SPAWN_FD_REPORT] = report[WRITE_END];
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

static int ask_guest(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    const struct settings *settings = keeper->settings;
    int fds[SPAWN_FDS + SPAWN_MAX_CGROUP_FDS];
    for (size_t i = 0; i < SPAWN_FDS; i++) {
        fds[i] = -1;
    }
    size_t n_fds = SPAWN_FDS;
    int error = make_channels(slot, fds);
    if (!error) {
        fds[SPAWN_FD_INIT] = slot->init_exit.fd;
        for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
            int tasks = keeper->cgroups.slots[slot->index].tasks_fds[i];
            if (tasks >= 0) {
                fds[n_fds++] = tasks;
            }
        }
        const uint32_t id = slot_id(slot);
        const struct keeper_spawn spawn = {.head = {.type = KEEPER_SPAWN, .size = sizeof spawn},
                                           .sandbox_id = slot->sandbox_id,
                                           .uid = id,
                                           .gid = id,
                                           .n_cgroup_fds = (uint32_t)(n_fds - SPAWN_FDS),
                                           /* Without a share of its own it stands behind keeper, front and guests. */
                                           .niceness = cgroups_has(&keeper->cgroups, CGROUP_CPU) ? 0 : 19,
                                           .max_processes = settings->max_processes,
                                           .max_open_files = settings->max_open_files,
                                           .max_file_bytes = settings->max_file_bytes,
                                           .max_cpu_ms = settings->max_cpu_ms};
        slot_move(slot, SLOT_FORKING);
        error = habitat_request_sandbox(slot->habitat, &spawn, fds, n_fds);
    }
    for (int i = SPAWN_FD_CONTROL; i < SPAWN_FDS; i++) {
        close_fd(&fds[i]);
    }
    return error;
}

/* A process whose slot has not waited for it: keeper_reap_strangers() does the rest. */
static void dismiss(int *pidfd) {
    if (*pidfd >= 0) {
        (void)process_signal(*pidfd, SIGKILL);
        close_fd(pidfd);
    }
}

void slot_namespaces_made(struct keeper *keeper, uint64_t sandbox_id, int init_pidfd, int error, const char *step) {
    struct slot *slot = find(keeper, sandbox_id);
    if (!slot || slot->state != SLOT_NAMESPACES) {
        dismiss(&init_pidfd);
        return;
    }
    if (init_pidfd >= 0) {
        int watch_error = watch(slot, &slot->init_exit, init_pidfd, on_init_exit);
        error = error ? error : watch_error;
    }
    if (error) {
        log_error("the namespaces of a sandbox could not be made: %s: %s", step, strerror(-error));
        spawn_failed(keeper);
        slot_kill(slot, VERDICT_INTERNAL, 0);
        return;
    }
    error = ask_guest(slot);
    if (error && slot->state != SLOT_FREE) {
        log_error("a sandbox could not be asked for: %s", strerror(-error));
        slot_kill(slot, VERDICT_INTERNAL, 0);
    }
}

void slot_sandbox_forked(struct keeper *keeper, uint64_t sandbox_id, int main_pidfd, int error) {
    struct slot *slot = find(keeper, sandbox_id);
    if (!slot || slot->main_exit.fd >= 0 || (slot->state != SLOT_FORKING && slot->state != SLOT_ENDING)) {
        dismiss(&main_pidfd);
        return;
    }
    if (main_pidfd >= 0) {
        int watch_error = watch(slot, &slot->main_exit, main_pidfd, on_main_exit);
        error = error ? error : watch_error;
    }
    if (error) {
        log_error("the guest could not fork: %s", strerror(-error));
        spawn_failed(keeper);
        slot_kill(slot, VERDICT_INTERNAL, 0);
        return;
    }
    if (slot->state == SLOT_FORKING) {
        slot_move(slot, SLOT_JAILING);
        if (slot->reported_ready) {
            slot_hand_over(slot); /* the child was faster than the guest's answer */
        }
    }
}

int slot_start(struct keeper *keeper, uint64_t sandbox_id, uint64_t timeout_ms, uint64_t memory_bytes) {
    struct slot *slot = find(keeper, sandbox_id);
    if (!slot || !slot->known_to_front || slot->started) {
        /* Over already: its verdict and this message have crossed. */
        return (sandbox_id >> SLOT_BITS) <= keeper->last_sandbox && sandbox_id != 0 && (!slot || !slot->started)
                   ? -EALREADY
                   : -EPROTO;
    }
    if (slot->state != SLOT_READY) {
        return -EALREADY; /* it is being ended: its verdict will say that it was not started */
    }
    slot->started = 1;
    slot->timeout_ms = timeout_ms;
    slot->started_us = clock_now_us();
    slot->deadline_us = slot->started_us + timeout_ms * 1000;
    slot->cpu_look_us = slot->started_us + 200000;
    slot->memory_look_us = slot->started_us + 10000;
    slot_move(slot, SLOT_RUNNING);
    slot->memory_bytes = memory_bytes;
    int error = cgroup_slot_set_memory(&keeper->cgroups, slot->index, memory_bytes);
    if (error == -EBUSY) {
        slot_kill(slot, VERDICT_MEMORY, memory_bytes);
    } else if (error) {
        log_error("slot %zu: the memory limit could not be set: %s", slot->index, strerror(-error));
        slot_kill(slot, VERDICT_INTERNAL, 0);
    }
    return 0;
}

int slot_cancel(struct keeper *keeper, uint64_t sandbox_id) {
    struct slot *slot = find(keeper, sandbox_id);
    if (!slot || !slot->known_to_front) {
        return (sandbox_id >> SLOT_BITS) <= keeper->last_sandbox && sandbox_id != 0 ? -EALREADY : -EPROTO;
    }
    slot_kill(slot, VERDICT_CANCELLED, 0);
    return 0;
}

void slots_front_died(struct keeper *keeper) {
    for (size_t i = 0; i < keeper->n_slots; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->known_to_front && slot->state != SLOT_FREE) {
            slot->known_to_front = 0;
            slot_kill(slot, VERDICT_CANCELLED, 0);
        }
    }
}

void slots_habitat_died(struct keeper *keeper, const struct habitat *habitat, int guest_only) {
    for (size_t i = 0; i < keeper->n_slots; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->state != SLOT_FREE && slot->habitat == habitat && (!guest_only || slot->state <= SLOT_FORKING)) {
            slot_kill(slot, VERDICT_INTERNAL, 0);
        }
    }
}

void slots_replace_stale(struct keeper *keeper) {
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        const struct habitat *current = keeper->current[kind];
        struct slot *stale = NULL;
        size_t fresh = 0, making = 0;
        for (size_t i = 0; i < keeper->n_slots; i++) {
            struct slot *slot = &keeper->slots[i];
            if ((int)slot->kind != kind || slot->state == SLOT_FREE) {
                continue;
            }
            making += slot->state < SLOT_READY || slot->state == SLOT_ENDING;
            fresh += slot->state == SLOT_READY && slot->habitat == current;
            stale = slot->state == SLOT_READY && slot->habitat != current ? slot : stale;
        }
        if (current && stale && fresh > 0 && making == 0) {
            slot_kill(stale, VERDICT_CANCELLED, 0);
        }
    }
}

int slots_have_waitable(const struct keeper *keeper) {
    for (size_t i = 0; i < keeper->n_slots; i++) {
        const struct slot *slot = &keeper->slots[i];
        if ((slot->init_exit.fd >= 0 && process_is_waitable(slot->init_exit.fd)) ||
            (slot->main_exit.fd >= 0 && process_is_waitable(slot->main_exit.fd))) {
            return 1;
        }
    }
    return 0;
}

uint64_t slots_check_deadlines(struct keeper *keeper, uint64_t now_us) {
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < keeper->n_slots; i++) {
        struct slot *slot = &keeper->slots[i];
        if (slot->state >= SLOT_NAMESPACES && slot->state <= SLOT_JAILING &&
            now_us > slot->asked_us + MAKING_DEADLINE_US) {
            log_error("a sandbox was not ready in time (state %d)", (int)slot->state);
            slot_kill(slot, VERDICT_INTERNAL, 0);
        }
        if (slot->state != SLOT_RUNNING) {
            continue;
        }
        if (now_us < slot->deadline_us) {
            next = slot->deadline_us < next ? slot->deadline_us : next;
        } else if (process_is_waitable(slot->main_exit.fd)) {
            on_main_exit(slot); /* it was in time, and we are late */
        } else {
            slot_kill(slot, VERDICT_TIMEOUT, slot->timeout_ms);
        }
    }
    return next;
}
