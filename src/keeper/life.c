#include "keeper/life.h"

#include "base/clock.h"
#include "base/log.h"
#include "keeper/state.h"

/* Guests that fail so often are not waited for: the others serve. */
#define HOPELESS_FAILURES 3u

/* Beyond the longest wait and the longest run: an answer to a slow reader. */
#define RETIRE_EXTRA_MS 60000u

static void send_bare(struct keeper *keeper, enum front_message_type type) {
    const struct front_message_head message = {.type = type, .size = sizeof message};
    (void)front_send(keeper, &message, NULL, 0);
}

void life_front_started(struct keeper *keeper) {
    if (!keeper->client->takes_over || keeper->told_ready) {
        send_bare(keeper, FRONT_ACCEPT);
    }
}

/* One sandbox of each kind; before a take-over half of the pool, so that the first requests after it do not all wait.
 */
static int pool_is_ready(const struct keeper *keeper) {
    size_t kinds_ready = 0;
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        size_t wanted = keeper->client->takes_over ? (keeper->pool_size[kind] + 1) / 2 : 1;
        if (slots_count(keeper, SLOT_READY, (enum guest_kind)kind) >= wanted) {
            kinds_ready++;
        } else if (keeper->failures[kind] < HOPELESS_FAILURES) {
            return 0;
        }
    }
    return kinds_ready > 0;
}

void life_check_ready(struct keeper *keeper) {
    if (keeper->told_ready || !front_is_running(keeper) || !pool_is_ready(keeper)) {
        return;
    }
    keeper->told_ready = 1;
    if (keeper->client->takes_over) {
        send_bare(keeper, FRONT_ACCEPT);
    }
    launcher_link_say(keeper, KEEPER_IS_READY);
}

void life_drain(struct keeper *keeper) {
    if (keeper->draining) {
        log_info("asked again to end: ending at once");
        keeper_give_up(keeper, KEEPER_EXIT_DRAINED);
        return;
    }
    log_info("draining: running scripts have %llu ms", (unsigned long long)keeper->settings->drain_timeout_ms);
    keeper->draining = 1;
    keeper->drain_deadline_us = clock_now_us() + keeper->settings->drain_timeout_ms * 1000;
    send_bare(keeper, FRONT_DRAINING);
}

void life_retire(struct keeper *keeper) {
    const struct settings *settings = keeper->settings;
    if (keeper->draining || keeper->retiring) {
        return;
    }
    uint64_t run_ms = settings->queue_timeout_ms + settings->max_timeout_ms;
    uint64_t most_ms = (run_ms > settings->idle_timeout_ms ? run_ms : settings->idle_timeout_ms) + RETIRE_EXTRA_MS;
    log_info("another version serves now; what has come here is finished");
    keeper->retiring = 1;
    keeper->retire_deadline_us = clock_now_us() + most_ms * 1000;
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        keeper->pool_size[kind] = 1; /* for late requests on open connections */
    }
    send_bare(keeper, FRONT_RETIRE);
}

int life_is_ending(const struct keeper *keeper) {
    return keeper->draining || keeper->retiring;
}

uint64_t life_check_end(struct keeper *keeper, uint64_t now_us) {
    if (keeper->retiring && !keeper->draining && now_us >= keeper->retire_deadline_us) {
        life_drain(keeper);
    }
    if (life_is_ending(keeper) &&
        (keeper->front.exit.fd < 0 || (keeper->draining && now_us >= keeper->drain_deadline_us))) {
        keeper_give_up(keeper, KEEPER_EXIT_DRAINED);
    }
    return keeper->draining ? keeper->drain_deadline_us : keeper->retiring ? keeper->retire_deadline_us : UINT64_MAX;
}
