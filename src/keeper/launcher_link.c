#include "keeper/launcher_link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "keeper/state.h"
#include "wire/packet.h"

/* Beyond the longest wait in the queue: a sandbox that died, another attempt. */
#define OLD_LIMITS_EXTRA_US 5000000u

static int within(uint64_t timeout_ms, uint64_t memory_bytes, uint64_t max_timeout_ms, uint64_t min_memory_bytes,
                  uint64_t max_memory_bytes) {
    return timeout_ms > 0 && timeout_ms <= max_timeout_ms && memory_bytes >= min_memory_bytes &&
           memory_bytes <= max_memory_bytes;
}

int permission_covers(const struct keeper *keeper, uint64_t timeout_ms, uint64_t memory_bytes) {
    const struct settings *settings = keeper->settings;
    const struct permission *old = &keeper->permission;
    return within(timeout_ms, memory_bytes, settings->max_timeout_ms, settings->min_memory_bytes,
                  settings->max_memory_bytes) ||
           (clock_now_us() < old->until_us &&
            within(timeout_ms, memory_bytes, old->max_timeout_ms, old->min_memory_bytes, old->max_memory_bytes));
}

/* The old limits, or those that were old before and are wider still. */
static void remember_limits(struct keeper *keeper, uint64_t now_us) {
    struct permission *old = &keeper->permission;
    const struct settings *settings = keeper->settings;
    const int counts = now_us < old->until_us;
#define WIDER(member, value, is_wider) old->member = counts && old->member is_wider(value) ? old->member : (value)
    WIDER(max_timeout_ms, settings->max_timeout_ms, >);
    WIDER(max_memory_bytes, settings->max_memory_bytes, >);
    WIDER(min_memory_bytes, settings->min_memory_bytes, <);
#undef WIDER
    uint64_t until_us = now_us + settings->queue_timeout_ms * 1000u + OLD_LIMITS_EXTRA_US;
    old->until_us = until_us > old->until_us ? until_us : old->until_us;
}

/* Takes the descriptor, too. */
static void take_settings(struct keeper *keeper, const struct settings *settings, int keys_fd) {
    struct front_settings message = {.head = {.type = FRONT_SETTINGS, .size = sizeof message}, .settings = *settings};
    remember_limits(keeper, clock_now_us());
    keeper->own_settings = *settings;
    log_start("keeper", (enum log_level)settings->log_level);
    close_fd(&keeper->keys_fd);
    keeper->keys_fd = keys_fd;
    /* Where there are no keys something stands in their place: a message has the descriptors that it has. */
    cleanup_close int nothing = keys_fd < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    int given = keys_fd >= 0 ? keys_fd : nothing;
    if (given >= 0) {
        (void)front_send(keeper, &message, &given, 1);
    }
    log_info("the settings are reloaded");
}

static void on_launcher(void *owner) {
    struct keeper *keeper = owner;
    struct settings settings;
    size_t n_fds = 0;
    int keys_fd = -1;
    ssize_t n = packet_receive(keeper->launcher.fd, &settings, sizeof settings, &keys_fd, 1, &n_fds);
    if (n == (ssize_t)sizeof settings) {
        take_settings(keeper, &settings, n_fds > 0 ? keys_fd : -1);
    } else if (n == 0) {
        /* The launcher has become another version of itself; one that has died takes us along. */
        events_close(keeper->epoll_fd, &keeper->launcher);
    } else if (n != -EAGAIN) {
        log_error("the launcher sent what are no settings");
    }
}

int launcher_link_open(struct keeper *keeper, int fd) {
    keeper->launcher = (struct event_source){.fd = fd, .handle = on_launcher, .owner = keeper};
    return events_watch(keeper->epoll_fd, &keeper->launcher);
}

void launcher_link_say(const struct keeper *keeper, enum keeper_word word) {
    const uint32_t packet = word;
    if (keeper->launcher.fd >= 0) {
        (void)!send(keeper->launcher.fd, &packet, sizeof packet, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}
