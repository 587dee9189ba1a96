/* The end of a sandbox: everything in it dead, then the verdict, then its traces gone, then the slot is free. */
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "keeper/members.h"
#include "keeper/slot_inside.h"
#include "keeper/state.h"
#include "keeper/sweep.h"
#include "wire/packet.h"

/* Between two looks whether all processes of a sandbox are dead. */
#define SWEEP_INTERVAL_US 1000u

/* From the verdict to the end of what is left of the sandbox: the answer is made and sent meanwhile. */
#define TAKE_DOWN_DELAY_US 1000u

/* A process that does not die in this time is stuck in the kernel: said once, and waited for. */
#define SWEEP_PATIENCE_US 2000000u

static void slot_free(struct slot *slot) {
    struct habitat *habitat = slot->habitat;
    slot->habitat = NULL;
    slot_move(slot, SLOT_FREE);
    habitat->sandboxes--;
    if (habitat->state == HABITAT_RETIRED) {
        habitat_retire(habitat);
    }
}

/* The watcher and the cleaner may end in either order. */
static void go_on_cleaning(struct slot *slot) {
    if (slot->state == SLOT_CLEANING && slot->cleaning.exit.fd < 0 && slot->watcher_exit.fd < 0) {
        slot_free(slot);
    }
}

static void on_cleaned(void *owner) {
    go_on_cleaning(owner);
}

void slot_on_watcher_exit(void *owner) {
    struct slot *slot = owner;
    struct process_end end;
    if (process_reap(slot->watcher_exit.fd, &end) == 0) {
        return;
    }
    events_close(slot->keeper->epoll_fd, &slot->watcher_exit);
    go_on_cleaning(slot);
}

static void tell_front(struct slot *slot) {
    if (slot->known_to_front) {
        slot->known_to_front = 0;
        slot_send_verdict(slot);
    }
}

/* Whether nothing lives any more but the init, which runs nobody's code, and the memory holder, which has nothing to
 * write to: its first process was waited for, all others are in the slot's group, and only a process makes a process.
 * The holder is looked at after the count: one that lives then was counted. */
static int only_ours_are_left(const struct slot *slot) {
    const struct keeper *keeper = slot->keeper;
    if (keeper->tier != ISOLATION_NAMESPACES || !slot->main_ended) {
        return 0;
    }
    const int processes = cgroup_slot_processes(&keeper->cgroups, slot->index);
    return processes == 0 || (processes == 1 && process_is_alive(slot->holder_fd));
}

static void slot_finish(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    tell_front(slot);
    events_close(keeper->epoll_fd, &slot->report);
    events_close(keeper->epoll_fd, &slot->asks);
    events_close(keeper->epoll_fd, &slot->watcher);
    packet_close_fds(slot->front_fds, READY_FDS);
    if (slot->watcher_exit.fd >= 0) {
        (void)process_signal(slot->watcher_exit.fd, SIGKILL);
    }
    close_fd(&slot->holder_fd);
    slot_move(slot, SLOT_CLEANING);
    if (slot->directory[0]) {
        const uid_t uid = keeper->one_id ? geteuid() : slot_id(slot);
        (void)cleaning_start(&slot->cleaning, keeper, slot->directory, uid, on_cleaned, slot);
    }
    go_on_cleaning(slot);
}

/* Without namespaces: kills what the sandbox has started. Returns 1 when nothing of it lives any more. */
static int all_dead(struct slot *slot) {
    struct keeper *keeper = slot->keeper;
    int left;
    (void)cgroup_slot_kill(&keeper->cgroups, slot->index); /* where it can; what follows makes sure */
    if (!keeper->one_id) {
        left = sweep_uid(keeper->first_id + KEEPER_ID_GUEST, slot_id(slot), keeper->proc_fd, slot->sandbox_id);
    } else if (!slot->forked) {
        return 1; /* it was never permitted a second process */
    } else {
        /* None can be forked any more. Twice, since one that was forked while the list was read may be missing in it
         * together with its parent. */
        left = members_kill(keeper->proc_fd, slot->sandbox_id);
        slot->clean_sweeps = left == 0 ? slot->clean_sweeps + 1 : 0;
        left = left == 0 && slot->clean_sweeps < 2 ? 1 : left;
    }
    if (left < 0) {
        log_error("slot %zu: its processes cannot be ended: %s", slot->index, strerror(-left));
    }
    return left == 0;
}

void slot_go_on_ending(struct slot *slot) {
    if (slot->state != SLOT_ENDING || slot->main_exit.fd >= 0 || slot->init_exit.fd >= 0) {
        return; /* the init comes last, since it waits for all others */
    }
    if (slot->keeper->tier != ISOLATION_NAMESPACES && !all_dead(slot)) {
        const uint64_t now = clock_now_us();
        slot->sweep_again_us = now + SWEEP_INTERVAL_US;
        if (!slot->slow_end && now > slot->ended_us + SWEEP_PATIENCE_US) {
            slot->slow_end = 1;
            log_warning("slot %zu: some of its processes do not end", slot->index);
        }
        return;
    }
    slot->sweep_again_us = 0;
    slot_finish(slot);
}

void slot_kill(struct slot *slot, enum verdict_cause cause, uint64_t limit_value) {
    if (slot->state == SLOT_FREE || slot->state == SLOT_CLEANING) {
        return;
    }
    if (slot->state != SLOT_ENDING) {
        /* Once the time was up nothing else counts, least of all a script that ends well in its last words. */
        slot->cause = slot->last_words_us ? VERDICT_TIMEOUT : cause;
        slot->limit_value = slot->last_words_us ? slot->timeout_ms : limit_value;
        slot->ended_us = clock_now_us();
        slot_move(slot, SLOT_ENDING);
        if (only_ours_are_left(slot)) {
            /* The client need not wait for memory and namespaces to be taken down, nor front for the core that does. */
            tell_front(slot);
            slot->take_down_us = slot->ended_us + TAKE_DOWN_DELAY_US;
            return;
        }
    }
    slot_take_down(slot);
}

void slot_take_down(struct slot *slot) {
    slot->take_down_us = 0;
    if (slot->init_exit.fd >= 0) {
        (void)process_signal(slot->init_exit.fd, SIGKILL);
    } else if (slot->main_exit.fd >= 0) {
        (void)process_signal(slot->main_exit.fd, SIGKILL);
    }
    slot_go_on_ending(slot);
}

void slot_on_main_exit(void *owner) {
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
        slot_spawn_failed(slot->keeper);
    }
    slot_kill(slot, 0, 0);
}

void slot_on_init_exit(void *owner) {
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
