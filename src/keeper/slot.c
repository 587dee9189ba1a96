#include "keeper/slot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "keeper/slot_inside.h"
#include "keeper/state.h"
#include "wire/last_words.h"
#include "wire/packet.h"

/* Where the numbers of sandboxes start: far from zero and from the end of what fits above SLOT_BITS. */
#define RANDOM_MASK ((1ULL << 48) - 1)

/* The longest that a sandbox may be in the making, on the slowest machine: nothing may be lost from the pool for good.
 * The keeper looks at least at each of its ticks. */
#define MAKING_DEADLINE_US 20000000u

void slot_move(struct slot *slot, enum slot_state state) {
    slot->state = state;
}

struct slot *slot_find(struct keeper *keeper, uint64_t sandbox_id) {
    size_t index = sandbox_id & SLOT_MASK;
    if (index >= keeper->n_slots || keeper->slots[index].sandbox_id != sandbox_id ||
        keeper->slots[index].state == SLOT_FREE) {
        return NULL;
    }
    return &keeper->slots[index];
}

void slot_forget_descriptors(struct slot *slot) {
    slot->init_exit.fd = slot->main_exit.fd = slot->report.fd = slot->holder_fd = -1;
    slot->asks.fd = slot->watcher.fd = slot->watcher_exit.fd = slot->cleaning.exit.fd = -1;
    for (int i = 0; i < READY_FDS; i++) {
        slot->front_fds[i] = -1;
    }
}

int slots_make(struct keeper *keeper, size_t n_slots) {
    if (n_slots > SLOT_MASK) {
        return -EINVAL;
    }
    /* Without namespaces the id is also the label of a sandbox's processes: another service of the same user, whose
     * numbers would be the same from 1 on, must not take them for its own. */
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return -errno;
    }
    keeper->before_first_sandbox = keeper->last_sandbox = random & RANDOM_MASK;
    keeper->slots = calloc(n_slots, sizeof *keeper->slots);
    if (!keeper->slots) {
        return -ENOMEM;
    }
    keeper->n_slots = n_slots;
    for (size_t i = 0; i < n_slots; i++) {
        keeper->slots[i].keeper = keeper;
        keeper->slots[i].index = i;
        slot_forget_descriptors(&keeper->slots[i]);
    }
    return 0;
}

void slots_free(struct keeper *keeper) {
    for (size_t i = 0; i < keeper->n_slots; i++) {
        struct slot *slot = &keeper->slots[i];
        struct event_source *sources[] = {&slot->init_exit, &slot->main_exit,    &slot->report,       &slot->asks,
                                          &slot->watcher,   &slot->watcher_exit, &slot->cleaning.exit};
        for (size_t j = 0; j < sizeof sources / sizeof sources[0]; j++) {
            events_close(keeper->epoll_fd, sources[j]);
        }
        packet_close_fds(slot->front_fds, READY_FDS);
        close_fd(&slot->holder_fd);
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

static int was_made(const struct keeper *keeper, uint64_t sandbox_id) {
    const uint64_t number = sandbox_id >> SLOT_BITS;
    return number > keeper->before_first_sandbox && number <= keeper->last_sandbox;
}

int slot_start(struct keeper *keeper, uint64_t sandbox_id, uint64_t timeout_ms, uint64_t memory_bytes) {
    struct slot *slot = slot_find(keeper, sandbox_id);
    if (!slot || !slot->known_to_front || slot->started) {
        /* Over already: its verdict and this message have crossed. */
        return was_made(keeper, sandbox_id) && (!slot || !slot->started) ? -EALREADY : -EPROTO;
    }
    if (slot->state != SLOT_READY) {
        return -EALREADY; /* it is being ended: its verdict will say that it was not started */
    }
    slot->started = 1;
    slot->timeout_ms = timeout_ms;
    slot->started_us = clock_now_us();
    keeper->last_start_us = slot->started_us;
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
    struct slot *slot = slot_find(keeper, sandbox_id);
    if (!slot || !slot->known_to_front) {
        return was_made(keeper, sandbox_id) ? -EALREADY : -EPROTO;
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
            making += slot->state < SLOT_READY || slot->state >= SLOT_ENDING;
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
        const int pidfds[] = {slot->init_exit.fd, slot->main_exit.fd, slot->watcher_exit.fd, slot->cleaning.exit.fd};
        for (size_t j = 0; j < sizeof pidfds / sizeof pidfds[0]; j++) {
            if (pidfds[j] >= 0 && process_is_waitable(pidfds[j])) {
                return 1;
            }
        }
    }
    return 0;
}

/* The time of a run is up: it may say where it is, for LAST_WORDS_US. Whatever it does meanwhile, this is its end.
 * Returns when it is to be looked at again. */
static uint64_t take_last_words(struct slot *slot, uint64_t now_us) {
    if (!slot->last_words_us) {
        int error = process_signal(slot->main_exit.fd, LAST_WORDS_SIGNAL);
        slot->last_words_us = error ? now_us : now_us + LAST_WORDS_US;
    }
    if (now_us < slot->last_words_us) {
        return slot->last_words_us;
    }
    slot_kill(slot, VERDICT_TIMEOUT, slot->timeout_ms);
    return UINT64_MAX;
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
        if (slot->state == SLOT_ENDING && slot->sweep_again_us) {
            if (now_us >= slot->sweep_again_us) {
                slot_go_on_ending(slot);
            }
            next = slot->sweep_again_us && slot->sweep_again_us < next ? slot->sweep_again_us : next;
        }
        if (slot->state == SLOT_ENDING && slot->take_down_us) {
            if (now_us >= slot->take_down_us) {
                slot_take_down(slot);
            } else {
                next = slot->take_down_us < next ? slot->take_down_us : next;
            }
        }
        if (slot->state != SLOT_RUNNING) {
            continue;
        }
        if (now_us < slot->deadline_us) {
            next = slot->deadline_us < next ? slot->deadline_us : next;
        } else if (process_is_waitable(slot->main_exit.fd)) {
            slot_on_main_exit(slot); /* it was in time, and we are late */
        } else {
            const uint64_t again = take_last_words(slot, now_us);
            next = again < next ? again : next;
        }
    }
    return next;
}
