/* The keeper's life: start, one loop, end. */
#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "keeper/life.h"
#include "keeper/process.h"
#include "keeper/state.h"
#include "keeper/status.h"
#include "keeper/sweep.h"
#include "keeper/tier.h"
#include "keeper/watch.h"
#include "wire/private_tmp.h"

#define TICK_US 500000u
#define REFILL_DELAY_US 10000u
#define GUEST_WARM_DEADLINE_US 60000000u
#define MAX_EARLY_GUEST_FAILURES 3u

void keeper_give_up(struct keeper *keeper, int exit_status) {
    if (keeper->exit_status < 0) {
        keeper->exit_status = exit_status;
    }
}

void keeper_status_changed(struct keeper *keeper) {
    keeper->status_dirty = 1;
}

void keeper_guest_ready(struct keeper *keeper, struct habitat *habitat, const char *python_version, int packages_fd) {
    enum guest_kind kind = habitat->kind;
    struct habitat *before = keeper->current[kind];
    keeper->current[kind] = habitat;
    keeper->arriving[kind] = NULL;
    keeper->failures[kind] = 0;
    if (before) {
        keeper->status.guests_retired[kind]++;
        habitat_retire(before);
    }
    memcpy(keeper->status.python_version, python_version, sizeof keeper->status.python_version);
    keeper_status_changed(keeper);
    if (packages_fd >= 0) {
        close_fd(&keeper->packages_fd);
        keeper->packages_fd = packages_fd;
        front_send_packages(keeper);
    }
}

void keeper_habitat_gone(struct keeper *keeper, const struct habitat *habitat) {
    if (keeper->current[habitat->kind] == habitat) {
        keeper->status.guests_died[habitat->kind]++;
        keeper->current[habitat->kind] = NULL;
    }
    if (keeper->arriving[habitat->kind] == habitat) {
        keeper->arriving[habitat->kind] = NULL;
    }
    keeper_status_changed(keeper);
}

void keeper_guest_failed(struct keeper *keeper, enum guest_kind kind) {
    uint32_t failures = ++keeper->failures[kind];
    keeper->start_again_us[kind] = clock_now_us() + (50000u << (failures < 7 ? failures : 7));
    if (!keeper->served && failures >= MAX_EARLY_GUEST_FAILURES) {
        log_error("no guest can be started on this host");
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
    }
}

/* At the start it is the operator who is told; later, when a directory has changed on the disk, the guest that is there
 * goes on. */
void keeper_guest_unwilling(struct keeper *keeper, enum guest_kind kind) {
    if (!keeper->told_ready && !keeper->current[kind]) {
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
    }
}

/* Keeps guests alive and replaces those that are due. */
static void care_for_guests(struct keeper *keeper, uint64_t now_us) {
    const struct settings *settings = keeper->settings;
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        const struct habitat *current = keeper->current[kind];
        struct habitat *arriving = keeper->arriving[kind];
        int due = !current || current->sandboxes_made >= settings->guest_max_runs ||
                  now_us - current->ready_us >= settings->guest_max_age_ms * 1000;
        if (arriving) {
            if (now_us - arriving->started_us > GUEST_WARM_DEADLINE_US) {
                log_error("a guest did not get warm in time");
                keeper_guest_failed(keeper, (enum guest_kind)kind);
                habitat_kill(arriving);
            }
        } else if (due && now_us >= keeper->start_again_us[kind]) {
            keeper->arriving[kind] = habitat_start(keeper, (enum guest_kind)kind);
            if (!keeper->arriving[kind]) {
                log_error("a guest could not be started: %s", strerror(errno));
                keeper_guest_failed(keeper, (enum guest_kind)kind);
            }
        }
    }
}

/* Making a sandbox takes a core for longer than most scripts run, and the kernel holds the guest's memory while it
 * forks, which the end of a run waits for: with half of the pool ready it is put off until runs that have just begun
 * are over. */
static int may_put_off(const struct keeper *keeper, enum guest_kind kind, uint64_t now_us) {
    return now_us < keeper->last_start_us + REFILL_DELAY_US &&
           2 * slots_count(keeper, SLOT_READY, kind) >= keeper->pool_size[kind];
}

/* Keeps the pool full: as many sandboxes ready or in the making as pool_size says, lean ones first. */
static void fill_pool(struct keeper *keeper, uint64_t now_us) {
    keeper->refill_again_us = 0;
    if (!front_is_running(keeper) || now_us < keeper->spawn_again_us) {
        return;
    }
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        if (may_put_off(keeper, (enum guest_kind)kind, now_us)) {
            keeper->refill_again_us = keeper->last_start_us + REFILL_DELAY_US;
            continue;
        }
        size_t there = 0;
        for (int state = SLOT_NAMESPACES; state <= SLOT_READY; state++) {
            there += slots_count(keeper, (enum slot_state)state, (enum guest_kind)kind);
        }
        while (there < keeper->pool_size[kind] && slot_begin(keeper, (enum guest_kind)kind) == 0) {
            there++;
        }
    }
}

static void send_status(struct keeper *keeper) {
    if (!keeper->status_dirty || !front_is_running(keeper)) {
        return;
    }
    keeper->status_dirty = 0;
    keeper->status.is_first = !keeper->client->heals;
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        keeper->status.guest_ready[kind] = keeper->current[kind] != NULL;
        keeper->status.pool_size[kind] = (uint32_t)keeper->pool_size[kind];
    }
    (void)front_send(keeper, &keeper->status, NULL, 0);
}

/* Children that nobody waits for: a guest that dies between its fork and its answer leaves one. The init of their
 * namespace cannot end before they are reaped. */
static void reap_strangers(const struct keeper *keeper) {
    for (int i = 0; i < 64; i++) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 || info.si_pid == 0) {
            return;
        }
        if (slots_have_waitable(keeper) || habitats_have_waitable(keeper) ||
            (keeper->stale.exit.fd >= 0 && process_is_waitable(keeper->stale.exit.fd)) ||
            (keeper->front.exit.fd >= 0 && process_is_waitable(keeper->front.exit.fd))) {
            return; /* theirs first; what is left comes with the next tick */
        }
        (void)waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG | __WALL);
    }
}

static void on_signal(void *owner) {
    struct keeper *keeper = owner;
    struct signalfd_siginfo info;
    if (read(keeper->signals.fd, &info, sizeof info) != (ssize_t)sizeof info) {
        return;
    }
    if (info.ssi_signo == SIGTERM) {
        life_leave(keeper);
    } else {
        life_retire(keeper);
    }
}

static int watch_signals(struct keeper *keeper) {
    sigset_t handled;
    sigemptyset(&handled);
    sigaddset(&handled, SIGTERM);
    sigaddset(&handled, SIGUSR2);
    if (sigprocmask(SIG_SETMASK, &handled, NULL) < 0) {
        return -errno;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return -errno;
    }
    keeper->signals = (struct event_source){.fd = fd, .handle = on_signal, .owner = keeper};
    return events_watch(keeper->epoll_fd, &keeper->signals);
}

static int open_program(int dir, const char *name) {
    int fd = openat(dir, name, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        log_error("%s: %s (it belongs beside pyexecd, or in ../libexec/pyexecd)", name, strerror(errno));
    }
    return fd;
}

static size_t pool_size(uint64_t asked) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    /* In all at most twice the cores plus 8: enough for a burst while the refill catches up. */
    return asked > 0 ? (size_t)asked : (size_t)(cores > 0 ? cores : 1) + 4;
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The preloaded library's path, the same outside and in a prepared tree. */
static int find_preload(struct keeper *keeper, int program_dir) {
    char link[40], path[sizeof keeper->preload - sizeof "/" PYEXEC_TMP_LIBRARY];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", program_dir);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0 || faccessat(program_dir, PYEXEC_TMP_LIBRARY, R_OK, 0) < 0) {
        log_error("%s: %s (it belongs beside pyexec-guest)", PYEXEC_TMP_LIBRARY, strerror(errno));
        return -ENOENT;
    }
    path[n] = '\0';
    (void)snprintf(keeper->preload, sizeof keeper->preload, "%s/" PYEXEC_TMP_LIBRARY, path);
    return 0;
}

/* What the operator's directories of packages are called inside; a prepared tree that they are not in is not used. */
static int place_site_packages(struct keeper *keeper) {
    char problem[1400] = "";
    const struct complaint complaint = {problem, sizeof problem};
    const int namespaces = keeper->tier == ISOLATION_NAMESPACES;
    cleanup_free char *root = keeper->prepared_root ? realpath(keeper->settings->sandbox_root, NULL) : NULL;
    if (keeper->prepared_root && !root) {
        return complain(&complaint, "%s: %s", keeper->settings->sandbox_root, strerror(errno));
    }
    int error = site_packages_place(&keeper->site_packages, namespaces, root, &complaint);
    if (error == -EXDEV) {
        log_warning("site_packages: a directory is not in the prepared tree: going on without that tree");
        keeper->prepared_root = 0;
        (void)snprintf(keeper->tree_note, sizeof keeper->tree_note,
                       "site_packages names a directory outside the prepared tree; the image's own, by Landlock");
        error = site_packages_place(&keeper->site_packages, namespaces, NULL, &complaint);
    }
    if (error) {
        log_error("site_packages: %s", problem);
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
    }
    return error;
}

static int find_site_packages(struct keeper *keeper) {
    char problem[1400] = "";
    const struct complaint complaint = {problem, sizeof problem};
    int error = site_packages_find(keeper->settings->site_packages, &keeper->site_packages, &complaint);
    if (!error) {
        error = site_packages_check_access(&keeper->site_packages, keeper->one_id, &complaint);
    }
    if (error) {
        log_error("site_packages: %s", problem);
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
        return error;
    }
    return place_site_packages(keeper);
}

static int choose_tier(struct keeper *keeper, size_t n_slots, int program_dir) {
    struct tier_choice choice;
    tier_choose(keeper->settings, &choice);
    if (choice.tier == ISOLATION_AUTO) {
        log_error("%s", choice.problem);
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
        return -EPERM;
    }
    keeper->tier = choice.tier;
    keeper->one_id = choice.one_id;
    keeper->use_user_namespace = choice.use_user_namespace;
    keeper->prepared_root = choice.prepared_root;
    memcpy(keeper->tree_note, choice.tree_note, sizeof keeper->tree_note);
    if (!choice.one_id && tier_claim_ids((uint32_t)keeper->settings->uid_base, KEEPER_IDS(n_slots), &keeper->first_id,
                                         keeper->id_claims)) {
        log_error("this user namespace has no block of %u user ids above 1000 that is free", KEEPER_IDS(n_slots));
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
        return -ENOSPC;
    }
    log_info("isolation: %s tier", isolation_name(choice.tier));
    return choice.tier == ISOLATION_NAMESPACES ? 0 : find_preload(keeper, program_dir);
}

/* Processes of sandboxes that an earlier service left: its launcher and its keeper were killed at the same moment, and
 * no namespace ended them. Our block of ids is claimed, so they can be nobody else's. */
static void end_strays(const struct keeper *keeper) {
    const uint32_t slots = keeper->first_id + KEEPER_ID_SLOTS;
    for (size_t i = 0; i < keeper->n_slots && !keeper->one_id; i++) {
        int left = sweep_anyone_left(slots + (uint32_t)i);
        for (int attempt = 0; left > 0 && attempt < 40; attempt++) {
            left = sweep_uid(keeper->first_id + KEEPER_ID_GUEST, slots + (uint32_t)i, keeper->proc_fd, 0);
            (void)usleep(left > 0 ? 5000 : 0);
        }
        if (left > 0) {
            log_warning("processes of an earlier service do not end");
        }
    }
}

/* What the tiers without namespaces need besides. */
static int open_private_dirs(struct keeper *keeper) {
    const struct settings *settings = keeper->settings;
    int error =
        private_dirs_open(keeper->prepared_root ? settings->sandbox_root : "", settings->private_base, &keeper->dirs);
    if (error && keeper->prepared_root && !*settings->private_base) {
        log_warning("the prepared tree cannot be written (%s): going on without it", strerror(-error));
        keeper->prepared_root = 0;
        (void)snprintf(keeper->tree_note, sizeof keeper->tree_note, "it is read-only; the image's own, by Landlock");
        if (place_site_packages(keeper) < 0) {
            return -EINVAL;
        }
        error = private_dirs_open("", "", &keeper->dirs);
    }
    if (error || (keeper->tier == ISOLATION_SECCOMP && !keeper->prepared_root)) {
        log_error("no place for private directories (%s): make /run or /tmp writable (docker run --tmpfs /tmp), or set "
                  "--private-base",
                  strerror(error ? -error : EROFS));
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
        return error ? error : -EROFS;
    }
    end_strays(keeper);
    cleaning_start_stale(keeper);
    return 0;
}

static int keeper_open(struct keeper *keeper, int program_dir) {
    const struct settings *settings = keeper->settings;
    keeper->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (keeper->epoll_fd < 0) {
        return -errno;
    }
    keeper->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (keeper->proc_fd < 0) {
        log_error("/proc: %s", strerror(errno));
        return -errno;
    }
    keeper->guest_program = open_program(program_dir, "pyexec-guest");
    keeper->front_program = open_program(program_dir, keeper->client->program);
    if (keeper->guest_program < 0 || keeper->front_program < 0) {
        keeper_give_up(keeper, KEEPER_EXIT_REFUSED);
        return -ENOENT;
    }
    size_t n_slots = settings->max_running;
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        keeper->pool_size[kind] = pool_size(kind == GUEST_LEAN ? settings->pool_lean : settings->pool_data);
        n_slots += keeper->pool_size[kind];
    }
    int error = choose_tier(keeper, n_slots, program_dir);
    if (!error) {
        error = find_site_packages(keeper);
    }
    if (!error) {
        error = slots_make(keeper, n_slots);
    }
    if (!error && keeper->tier != ISOLATION_NAMESPACES) {
        error = open_private_dirs(keeper);
    }
    if (!error) {
        keeper->oom_fd = cgroup_open_oom_events(); /* of the group that the operator has put us in */
        error = cgroups_open(&keeper->cgroups, n_slots, settings->max_processes + 1 /* the memory holder */, getppid());
    }
    if (!error) {
        error = watch_signals(keeper);
    }
    if (!error) {
        status_describe(keeper);
    }
    return error;
}

static int any_process_left(const struct keeper *keeper) {
    return keeper->front.exit.fd >= 0 || keeper->habitats != NULL ||
           slots_count(keeper, SLOT_FREE, GUEST_KINDS) < keeper->n_slots;
}

/* Ends every process and waits for them, at most two seconds: the launcher kills what is left after that. */
static void end_everything(struct keeper *keeper) {
    keeper->draining = 1;
    front_kill(keeper, "the service ends");
    if (keeper->front.exit.fd >= 0) {
        (void)process_signal(keeper->front.exit.fd, SIGKILL);
    }
    for (struct habitat *habitat = keeper->habitats; habitat; habitat = habitat->next) {
        habitat_kill(habitat);
    }
    uint64_t until = clock_now_us() + 2000000u;
    while (any_process_left(keeper) && clock_now_us() < until) {
        if (events_wait(keeper->epoll_fd, 20) < 0) {
            break;
        }
        reap_strangers(keeper);
        habitats_collect(keeper);
    }
}

static void keeper_close(struct keeper *keeper) {
    slots_free(keeper);
    private_dirs_close(&keeper->dirs);
    close_fd(&keeper->proc_fd);
    close_fd(&keeper->oom_fd);
    close_fd(&keeper->id_claims[0]);
    close_fd(&keeper->id_claims[1]);
    cgroups_close(&keeper->cgroups);
    events_close(keeper->epoll_fd, &keeper->signals);
    events_close(keeper->epoll_fd, &keeper->launcher);
    close_fd(&keeper->keys_fd);
    close_fd(&keeper->packages_fd);
    close_fd(&keeper->guest_program);
    close_fd(&keeper->front_program);
    close_fd(&keeper->epoll_fd);
}

/* One round: what is due, then a wait for what comes next. */
static int keeper_round(struct keeper *keeper, uint64_t *tick_us) {
    uint64_t now = clock_now_us();
    uint64_t next = slots_check_deadlines(keeper, now);
    uint64_t look = watch_check(keeper, now);
    next = look < next ? look : next;
    if (now >= *tick_us) {
        *tick_us = now + TICK_US;
        reap_strangers(keeper);
        launcher_link_say(keeper, KEEPER_IS_ALIVE);
        front_check_alive(keeper);
        (void)log_flush();
    }
    next = *tick_us < next ? *tick_us : next;
    uint64_t end = life_check_end(keeper, now);
    if (keeper->exit_status >= 0) {
        return 0;
    }
    next = end < next ? end : next;
    if (!keeper->draining) {
        if (keeper->front.exit.fd < 0 && !keeper->retiring && now >= keeper->front.start_again_us) {
            int error = front_start(keeper);
            if (error) {
                return error;
            }
        }
        care_for_guests(keeper, now);
        slots_replace_stale(keeper);
        fill_pool(keeper, now);
        life_check_ready(keeper);
        /* Waits that end by themselves: a restart or a new attempt that is due. */
        const uint64_t again[] = {keeper->start_again_us[GUEST_LEAN], keeper->start_again_us[GUEST_DATA],
                                  keeper->front.start_again_us, keeper->spawn_again_us, keeper->refill_again_us};
        for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
            next = again[i] > now && again[i] < next ? again[i] : next;
        }
    }
    habitats_collect(keeper);
    send_status(keeper);
    return events_wait(keeper->epoll_fd, (int)clock_us_to_ms(next - now));
}

int keeper_run(const struct settings *settings, const struct keeper_client *client, int program_dir, int launcher_fd) {
    struct keeper keeper = {.own_settings = *settings,
                            .keys_fd = client->keys_fd,
                            .packages_fd = -1,
                            .launcher.fd = -1,
                            .epoll_fd = -1,
                            .client = client,
                            .guest_program = -1,
                            .front_program = -1,
                            .signals.fd = -1,
                            .proc_fd = -1,
                            .oom_fd = -1,
                            .id_claims = {-1, -1},
                            .dirs = PRIVATE_DIRS_NONE,
                            .stale = CLEANING_NONE,
                            .front = {.exit.fd = -1, .link.fd = -1},
                            .exit_status = -1};
    keeper.settings = &keeper.own_settings;
    log_start("keeper", (enum log_level)settings->log_level);
    (void)prctl(PR_SET_NAME, "pyexec-keeper", 0, 0, 0);
    raise_descriptor_limit();

    int error = keeper_open(&keeper, program_dir);
    if (!error && launcher_fd >= 0) {
        error = launcher_link_open(&keeper, launcher_fd);
    }
    uint64_t tick_us = 0;
    while (!error && keeper.exit_status < 0) {
        error = keeper_round(&keeper, &tick_us);
    }
    if (error) {
        log_error("ends: %s", strerror(-error));
        keeper_give_up(&keeper, KEEPER_EXIT_FAILED);
    }
    if (keeper.epoll_fd >= 0) {
        end_everything(&keeper);
    }
    keeper_close(&keeper);
    return keeper.exit_status;
}
