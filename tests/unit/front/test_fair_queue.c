#include "front/fair_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct fair_queue queue;
static struct account accounts[4];
static uint64_t clock_us;

static int start_anew(void **state) {
    (void)state;
    queue = (struct fair_queue){0};
    memset(accounts, 0, sizeof accounts);
    clock_us = 0;
    return 0;
}

static struct run *wait_in_queue(int account, enum guest_kind wants) {
    struct run *run = calloc(1, sizeof *run);
    assert_non_null(run);
    run->account = &accounts[account];
    run->input.wants = wants;
    run->submitted_us = ++clock_us;
    fair_queue_add(&queue, run, 0);
    return run;
}

static int anything_may(void *context, struct run *run) {
    (void)context;
    return (int)run->input.wants;
}

/* Gives one turn; returns the account that had it, -1 when nobody waits. */
static int give_turn(void) {
    int how;
    struct run *run = fair_queue_next(&queue, anything_may, NULL, &how);
    if (!run) {
        return -1;
    }
    struct account *account = run->account;
    fair_queue_remove(&queue, run);
    fair_queue_started(&queue, account);
    free(run);
    return (int)(account - accounts);
}

static void a_thousand_delay_one_by_a_turn_at_most(void **state) {
    (void)state;
    for (int i = 0; i < 1000; i++) {
        wait_in_queue(0, i % 2 ? GUEST_LEAN : GUEST_DATA);
    }
    for (int i = 0; i < 100; i++) { /* whatever runs of the first one are on, and however often it had a turn */
        if (i % 3) {
            assert_int_equal(give_turn(), 0);
        }
        if (i % 7 && accounts[0].n_running > 0) {
            fair_queue_ended(&accounts[0]);
        }
        wait_in_queue(1, GUEST_LEAN);
        int turns = 0;
        while (give_turn() != 1) {
            turns++;
        }
        assert_in_range(turns, 0, 1);
        fair_queue_ended(&accounts[1]);
    }
    while (give_turn() >= 0) {
    }
    assert_int_equal(queue.n, 0);
    assert_null(queue.waiting);
}

/* One place: they take turns, whoever has more waiting. */
static void one_place_goes_round(void **state) {
    (void)state;
    for (int i = 0; i < 30; i++) {
        wait_in_queue(0, GUEST_LEAN);
        wait_in_queue(0, GUEST_LEAN);
        wait_in_queue(1, GUEST_LEAN);
        wait_in_queue(2, GUEST_LEAN);
    }
    int had[4] = {0};
    for (int i = 0; i < 60; i++) {
        int who = give_turn();
        had[who]++;
        fair_queue_ended(&accounts[who]);
    }
    assert_int_equal(had[0], 20);
    assert_int_equal(had[1], 20);
    assert_int_equal(had[2], 20);
    while (give_turn() >= 0) {
    }
}

/* Four places, runs of one account last ten times as long: places are shared, not starts. */
static void places_are_shared_not_starts(void **state) {
    (void)state;
    unsigned left[4] = {0};
    int whose[4] = {-1, -1, -1, -1};
    unsigned held[2] = {0};
    for (int i = 0; i < 2000; i++) {
        wait_in_queue(i % 2, GUEST_LEAN);
    }
    for (int tick = 0; tick < 400; tick++) {
        for (int place = 0; place < 4; place++) {
            if (whose[place] >= 0 && --left[place] == 0) {
                fair_queue_ended(&accounts[whose[place]]);
                whose[place] = -1;
            }
        }
        for (int place = 0; place < 4; place++) {
            if (whose[place] < 0) {
                whose[place] = give_turn();
                left[place] = whose[place] == 0 ? 10 : 1;
            }
            held[whose[place]]++;
        }
    }
    assert_in_range(held[0], 700, 900);
    assert_in_range(held[1], 700, 900);
    while (give_turn() >= 0) {
    }
}

static void order_within_an_account(void **state) {
    (void)state;
    struct run *first = wait_in_queue(0, GUEST_DATA), *second = wait_in_queue(0, GUEST_LEAN);
    struct run *third = wait_in_queue(0, GUEST_DATA);
    int how;
    assert_ptr_equal(fair_queue_next(&queue, anything_may, NULL, &how), first);
    assert_int_equal(how, GUEST_DATA);
    assert_int_equal(queue.n_of_kind[GUEST_DATA], 2);
    fair_queue_remove(&queue, first);
    assert_ptr_equal(fair_queue_next(&queue, anything_may, NULL, &how), second);
    fair_queue_add(&queue, first, 1); /* its sandbox had died: it does not stand behind */
    assert_ptr_equal(fair_queue_next(&queue, anything_may, NULL, &how), first);
    fair_queue_remove(&queue, second);
    fair_queue_remove(&queue, first);
    assert_ptr_equal(fair_queue_next(&queue, anything_may, NULL, &how), third);
    fair_queue_remove(&queue, third);
    assert_null(fair_queue_next(&queue, anything_may, NULL, &how));
    free(first);
    free(second);
    free(third);
}

static int only_lean(void *context, struct run *run) {
    (void)context;
    return run->input.wants == GUEST_LEAN ? 7 : -1;
}

static void who_cannot_start_holds_nobody_up(void **state) {
    (void)state;
    int how;
    struct run *data = wait_in_queue(0, GUEST_DATA), *lean = wait_in_queue(1, GUEST_LEAN);
    fair_queue_started(&queue, &accounts[1]);
    assert_ptr_equal(fair_queue_next(&queue, only_lean, NULL, &how), lean);
    assert_int_equal(how, 7);
    fair_queue_remove(&queue, lean);
    assert_null(fair_queue_next(&queue, only_lean, NULL, &how));
    fair_queue_remove(&queue, data);
    free(lean);
    free(data);
}

static void the_longest_queue_gives_up_its_youngest(void **state) {
    (void)state;
    assert_null(fair_queue_longest(&queue, 0));
    wait_in_queue(0, GUEST_LEAN);
    wait_in_queue(1, GUEST_LEAN);
    struct run *youngest = wait_in_queue(1, GUEST_DATA);
    assert_ptr_equal(fair_queue_longest(&queue, 0), youngest);
    assert_ptr_equal(fair_queue_longest(&queue, 1), youngest);
    assert_null(fair_queue_longest(&queue, 2));
    while (give_turn() >= 0) {
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_thousand_delay_one_by_a_turn_at_most, start_anew),
        cmocka_unit_test_setup(one_place_goes_round, start_anew),
        cmocka_unit_test_setup(places_are_shared_not_starts, start_anew),
        cmocka_unit_test_setup(order_within_an_account, start_anew),
        cmocka_unit_test_setup(who_cannot_start_holds_nobody_up, start_anew),
        cmocka_unit_test_setup(the_longest_queue_gives_up_its_youngest, start_anew),
    };
    return cmocka_run_group_tests_name("fair_queue", tests, NULL, NULL);
}
