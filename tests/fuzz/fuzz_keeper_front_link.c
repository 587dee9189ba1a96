/* Messages from a hostile front to the keeper: what is in the table, of the right size, without descriptors and within
 * the settings' limits gets to the slots; all else ends front, and leaves nothing open. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* The keeper's lines must not fill the fuzzer's log: the arguments are looked at and not used. */
#define log_error(...) ((void)sizeof(printf(__VA_ARGS__)))
#define log_warning log_error
#define log_info log_error

/* The file itself, for its static functions. What it calls of the keeper is played below. */
#include "keeper/front_process.c"

#include "link_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct settings settings;
static unsigned started, cancelled, died;

static int slot_answer(uint64_t sandbox_id) {
    static const int answers[] = {0, 0, -EALREADY, -EPROTO};
    return answers[sandbox_id % 4];
}

int slot_start(struct keeper *keeper, uint64_t sandbox_id, uint64_t timeout_ms, uint64_t memory_bytes) {
    (void)keeper;
    check(timeout_ms >= 1 && timeout_ms <= settings.max_timeout_ms);
    check(memory_bytes >= settings.min_memory_bytes && memory_bytes <= settings.max_memory_bytes);
    started++;
    return slot_answer(sandbox_id);
}

int slot_cancel(struct keeper *keeper, uint64_t sandbox_id) {
    (void)keeper;
    cancelled++;
    return slot_answer(sandbox_id);
}

void slots_front_died(struct keeper *keeper) {
    (void)keeper;
    died++;
}

void keeper_status_changed(struct keeper *keeper) {
    (void)keeper;
}

void keeper_give_up(struct keeper *keeper, int exit_status) {
    (void)keeper;
    (void)exit_status;
}

void life_front_started(struct keeper *keeper) {
    (void)keeper;
}

int life_is_ending(const struct keeper *keeper) {
    (void)keeper;
    return 0;
}

int process_signal(int pidfd, int signal_number) {
    (void)pidfd;
    (void)signal_number;
    return 0;
}

int process_reap(int pidfd, struct process_end *ret_end) {
    (void)pidfd;
    (void)ret_end;
    return 0;
}

/* What the keeper should make of it, told in other words: 1 for a START, 2 for a CANCEL, 0 for the end of front. */
static int expected(const struct link_message *message) {
    union front_message copy;
    if (message->n_fds > 0 || message->len < sizeof copy.head || message->len > sizeof copy) {
        return 0;
    }
    memcpy(&copy, message->bytes, message->len);
    if (copy.head.size != message->len) {
        return 0;
    }
    if (copy.head.type == KEEPER_CANCEL && message->len == sizeof copy.cancel) {
        return 2;
    }
    if (copy.head.type != KEEPER_START || message->len != sizeof copy.start) {
        return 0;
    }
    return copy.start.timeout_ms - 1 < settings.max_timeout_ms &&
           copy.start.memory_bytes >= settings.min_memory_bytes && copy.start.memory_bytes <= settings.max_memory_bytes;
}

static uint64_t id_of(const struct link_message *message) {
    struct keeper_cancel cancel; /* a START has it in the same place */
    memcpy(&cancel, message->bytes, sizeof cancel);
    return cancel.sandbox_id;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct keeper_client client = {.program = "pyexec-front", .listen_fd = -1};
    settings_default(&settings);
    const int free_before = lowest_free_fd();
    int sockets[2];
    link_pair(sockets);
    struct keeper keeper = {.settings = &settings,
                            .client = &client,
                            .epoll_fd = -1,
                            .front = {.exit.fd = -1, .link = {.fd = sockets[0], .owner = &keeper}}};
    started = cancelled = died = 0;
    struct link_message message;
    while (front_is_running(&keeper) && next_message(&data, &size, &message)) {
        const unsigned started_before = started, cancelled_before = cancelled;
        const int kind = expected(&message);
        send_link_message(sockets[1], &message);
        on_message(&keeper);
        check(started - started_before == (kind == 1) && cancelled - cancelled_before == (kind == 2));
        const int may_stay = kind != 0 && slot_answer(id_of(&message)) != -EPROTO;
        check(front_is_running(&keeper) == may_stay);
        check(died == !may_stay);
    }
    if (front_is_running(&keeper)) {
        (void)close(keeper.front.link.fd);
    }
    (void)close(sockets[1]);
    check(lowest_free_fd() == free_before);
    return 0;
}
