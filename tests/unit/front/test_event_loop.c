#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "unit.h"

#include "front/event_loop.h"

#define N_TIMERS 200

static struct event_loop *loop;
static uint64_t last_due_us;
static int n_fired;

static void on_due(void *context) {
    struct timer *timer = context;
    assert_true(timer->due_us >= last_due_us);
    last_due_us = timer->due_us;
    n_fired++;
}

static void stop(void *context) {
    (void)context;
    event_loop_stop(loop);
}

static void timers_fire_in_order(void **state) {
    (void)state;
    static struct timer timers[N_TIMERS];
    struct timer end = {.on_due = stop};
    assert_int_equal(event_loop_new(&loop), 0);
    srand(1);
    last_due_us = 0;
    n_fired = 0;
    for (int i = 0; i < N_TIMERS; i++) {
        timers[i] = (struct timer){.on_due = on_due, .context = &timers[i]};
        event_loop_set_timer(loop, &timers[i], (uint64_t)(rand() % 20000));
    }
    for (int i = 0; i < N_TIMERS; i += 3) {
        event_loop_stop_timer(loop, &timers[i]);
        event_loop_stop_timer(loop, &timers[i]);
    }
    for (int i = 1; i < N_TIMERS; i += 3) {
        event_loop_set_timer(loop, &timers[i], (uint64_t)(rand() % 20000));
    }
    event_loop_set_timer(loop, &end, 30000);
    assert_int_equal(event_loop_run(loop), 0);
    assert_int_equal(n_fired, N_TIMERS - (N_TIMERS + 2) / 3);
    event_loop_free(loop);
}

static struct watch watches[2];
static int n_events;

/* Two watches are ready in one batch; the first to come removes the other. */
static void remove_the_other(void *context, uint32_t events) {
    struct watch *self = context;
    (void)events;
    n_events++;
    event_loop_unwatch(loop, self == &watches[0] ? &watches[1] : &watches[0]);
    event_loop_stop(loop);
}

static void removed_watches_hear_nothing(void **state) {
    (void)state;
    int ends[2][2];
    assert_int_equal(event_loop_new(&loop), 0);
    n_events = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(ends[i]), 0);
        assert_int_equal(write(ends[i][1], "x", 1), 1);
        watches[i] = (struct watch){.fd = -1, .on_event = remove_the_other, .context = &watches[i]};
        assert_int_equal(event_loop_watch(loop, &watches[i], ends[i][0], EPOLLIN), 0);
    }
    assert_int_equal(event_loop_run(loop), 0);
    assert_int_equal(n_events, 1);
    event_loop_free(loop);
    for (int i = 0; i < 2; i++) {
        (void)close(ends[i][0]);
        (void)close(ends[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(removed_watches_hear_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
