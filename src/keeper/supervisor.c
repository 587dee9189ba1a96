#include "keeper/supervisor.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "keeper/events.h"
#include "keeper/members.h"
#include "keeper/slot.h"
#include "keeper/state.h"

/* Between two counts of a sandbox that is at its limit: they take the keeper's time, and a fork bomb asks all the time.
 */
#define COUNT_INTERVAL_US 20000u

/* Questions answered in one go. */
#define MAX_ANSWERS 32

/* The permitted ones since the last count are an upper bound: nobody tells us of ends. Only at the limit are they
 * counted anew. */
static int may_fork(struct slot *slot) {
    const struct keeper *keeper = slot->keeper;
    if (slot->state == SLOT_ENDING || slot->state == SLOT_CLEANING) {
        return 0;
    }
    if (slot->tasks < keeper->settings->max_processes) {
        return 1;
    }
    const uint64_t now = clock_now_us();
    if (now < slot->count_again_us) {
        return 0;
    }
    int threads = members_count_threads(keeper->proc_fd, slot->sandbox_id);
    slot->count_again_us = clock_now_us() + COUNT_INTERVAL_US;
    if (threads >= 0) {
        slot->tasks = (uint64_t)threads;
    }
    return slot->tasks < keeper->settings->max_processes;
}

static int answer_one(struct slot *slot) {
    struct pollfd waiting = {.fd = slot->asks.fd, .events = POLLIN};
    if (poll(&waiting, 1, 0) != 1 || !(waiting.revents & POLLIN)) {
        if (waiting.revents & POLLHUP) {
            events_close(slot->keeper->epoll_fd, &slot->asks); /* nobody is left who could ask */
        }
        return 0;
    }
    struct seccomp_notif question;
    struct seccomp_notif_resp answer;
    memset(&question, 0, sizeof question);
    memset(&answer, 0, sizeof answer);
    if (ioctl(slot->asks.fd, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0) {
        return 0; /* who asked has died meanwhile */
    }
    answer.id = question.id;
    if (may_fork(slot)) {
        /* All its arguments are values, and the filter has looked at them: nothing can change behind our back. */
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        slot->tasks++;
        slot->forked = 1;
    } else {
        answer.error = -EAGAIN;
    }
    (void)ioctl(slot->asks.fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    return 1;
}

static void on_question(void *owner) {
    struct slot *slot = owner;
    for (int i = 0; i < MAX_ANSWERS && slot->asks.fd >= 0 && answer_one(slot); i++) {
    }
}

int supervisor_watch(struct slot *slot, int listener_fd) {
    slot->tasks = 1;
    slot->asks = (struct event_source){.fd = listener_fd, .handle = on_question, .owner = slot};
    int error = events_watch(slot->keeper->epoll_fd, &slot->asks);
    if (error) {
        slot->asks.fd = -1; /* not taken */
    }
    return error;
}
