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
    if (keeper->leaving) {
        send_bare(keeper, FRONT_LEAVING);
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

static void drain(struct keeper *keeper) {
    log_info("draining: running scripts have %llu ms", (unsigned long long)keeper->settings->drain_timeout_ms);
    keeper->draining = 1;
    keeper->drain_deadline_us = clock_now_us() + keeper->settings->drain_timeout_ms * 1000;
    send_bare(keeper, FRONT_DRAINING);
}

void life_leave(struct keeper *keeper) {
    const uint64_t delay_ms = keeper->settings->drain_delay_ms;
    if (keeper->draining) {
        log_info("asked again to end: ending at once");
        keeper_give_up(keeper, KEEPER_EXIT_DRAINED);
    } else if (delay_ms > 0 && keeper->served && !keeper->leaving && !keeper->retiring) {
        log_info("leaving: requests are run for %llu ms more, and /health/ready says draining",
                 (unsigned long long)delay_ms);
        keeper->leaving = 1;
        keeper->leave_deadline_us = clock_now_us() + delay_ms * 1000;
        send_bare(keeper, FRONT_LEAVING);
    } else {
        drain(keeper);
    }
}

void life_retire(struct keeper *keeper) {
    const struct settings *settings = keeper->settings;
    if (keeper->draining || keeper->leaving || keeper->retiring) {
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
    const uint64_t before_us = keeper->retiring  ? keeper->retire_deadline_us
                               : keeper->leaving ? keeper->leave_deadline_us
                                                 : UINT64_MAX;
    if (!keeper->draining && now_us >= before_us) {
        drain(keeper);
    }
    if (life_is_ending(keeper) &&
        (keeper->front.exit.fd < 0 || (keeper->draining && now_us >= keeper->drain_deadline_us))) {
        keeper_give_up(keeper, KEEPER_EXIT_DRAINED);
    }
    return keeper->draining ? keeper->drain_deadline_us : before_us;
}
