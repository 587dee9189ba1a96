/* Messages from a keeper to front: those in the table, of the right size and with the right number of descriptors, are
 * handed on; at the first other one front ends itself. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "wire/packet.h"

static _Noreturn void end_instead(int status);

/* front/keeper_link.c itself, with an exit() that comes back here. */
#define exit end_instead
#define log_error(...) ((void)sizeof(printf(__VA_ARGS__)))
#include "front/keeper_link.c"
#undef exit

#include "link_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jmp_buf ended;
static unsigned ready, verdicts, statuses, drains, reloads, others;

static _Noreturn void end_instead(int status) {
    check(status != EXIT_SUCCESS);
    longjmp(ended, 1);
}

static void on_ready(void *context, const struct front_ready *message, const int fds[READY_FDS]) {
    (void)context;
    check(message->head.size == sizeof *message);
    for (int i = 0; i < READY_FDS; i++) {
        check(close(fds[i]) == 0);
    }
    ready++;
}

static void on_verdict(void *context, const struct front_verdict *message) {
    (void)context;
    check(message->head.size == sizeof *message);
    verdicts++;
}

static void on_status(void *context, const struct front_status *message) {
    (void)context;
    check(message->head.size == sizeof *message && message->n_layers <= STATUS_MAX_LAYERS);
    statuses++;
}

static void on_draining(void *context) {
    (void)context;
    drains++;
}

static void on_other(void *context) {
    (void)context;
    others++;
}

static void on_settings(void *context, const struct settings *settings, int keys_fd) {
    (void)context;
    (void)close(keys_fd);
    check(settings != NULL);
    reloads++;
}

static void on_packages(void *context, int packages_fd) {
    (void)context;
    check(close(packages_fd) == 0);
    others++;
}

static unsigned handed_on(void) {
    return ready + verdicts + statuses + drains + reloads + others;
}

static int expected(const struct link_message *message) {
    union front_message copy;
    if (message->len < sizeof copy.head || message->len > sizeof copy) {
        return 0;
    }
    memcpy(&copy, message->bytes, message->len);
    size_t size = copy.head.type == FRONT_READY     ? sizeof copy.ready
                  : copy.head.type == FRONT_VERDICT ? sizeof copy.verdict
                  : copy.head.type == FRONT_STATUS  ? sizeof copy.status
                  : copy.head.type == FRONT_DRAINING || copy.head.type == FRONT_ACCEPT ||
                          copy.head.type == FRONT_RETIRE || copy.head.type == FRONT_PACKAGES ||
                          copy.head.type == FRONT_LEAVING || copy.head.type == FRONT_PING
                      ? sizeof copy.head
                  : copy.head.type == FRONT_SETTINGS ? sizeof copy.settings
                                                     : 0;
    if (copy.head.type == FRONT_STATUS && size == message->len && copy.status.n_layers > STATUS_MAX_LAYERS) {
        return 0;
    }
    return message->len == size && copy.head.size == size &&
           message->n_fds == (copy.head.type == FRONT_READY                                          ? READY_FDS
                              : copy.head.type == FRONT_SETTINGS || copy.head.type == FRONT_PACKAGES ? 1u
                                                                                                     : 0u);
}

/* A PING that fits is answered at once, and nothing else is. */
static unsigned take_pong(int keeper_fd) {
    struct front_message_head pong = {0};
    size_t n_fds = 0;
    ssize_t n = packet_receive(keeper_fd, &pong, sizeof pong, NULL, 0, &n_fds);
    check(n == -EAGAIN || (n == (ssize_t)sizeof pong && pong.type == KEEPER_PONG && pong.size == sizeof pong));
    return n > 0;
}

/* Returns 1 when front would still be there. */
static int play(struct keeper_link *link, int keeper_fd, const uint8_t *data, size_t size) {
    struct link_message message;
    while (next_message(&data, &size, &message)) {
        const unsigned before = handed_on();
        const int fits = expected(&message);
        send_link_message(keeper_fd, &message);
        if (setjmp(ended)) {
            check(!fits && handed_on() == before);
            return 0;
        }
        on_readable(link, EPOLLIN);
        check(fits && handed_on() + take_pong(keeper_fd) == before + 1);
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int free_before = lowest_free_fd();
    int sockets[2];
    link_pair(sockets);
    struct keeper_link link = {.fd = sockets[0],
                               .events = {.on_ready = on_ready,
                                          .on_verdict = on_verdict,
                                          .on_status = on_status,
                                          .on_draining = on_draining,
                                          .on_accept = on_other,
                                          .on_retire = on_other,
                                          .on_leaving = on_other,
                                          .on_packages = on_packages,
                                          .on_settings = on_settings}};
    ready = verdicts = statuses = drains = reloads = others = 0;
    const int stays = play(&link, sockets[1], data, size);
    (void)close(sockets[0]);
    (void)close(sockets[1]);
    /* The descriptors of the message that ended it go with the process; here they are closed for it. */
    for (int fd = free_before; !stays && fd < free_before + 2 + (int)LINK_MOST_FDS; fd++) {
        (void)close(fd);
    }
    check(lowest_free_fd() == free_before);
    return 0;
}
