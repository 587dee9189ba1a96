#include "front/rate_bucket.h"

#include "unit.h"

#define SECOND 1000000u

static void a_minutes_worth_at_once_then_drops(void **state) {
    (void)state;
    struct rate_bucket bucket;
    uint64_t now = 5 * SECOND;
    rate_bucket_start(&bucket, 6, now);
    for (int i = 0; i < 6; i++) {
        assert_true(rate_bucket_take(&bucket, 1, now));
    }
    assert_false(rate_bucket_take(&bucket, 1, now));
    assert_int_equal((int)rate_bucket_left(&bucket, now), 0);
    assert_in_range(rate_bucket_wait_us(&bucket, 1, now), 10 * SECOND - 100, 10 * SECOND + 100);
    now += 9 * SECOND;
    assert_false(rate_bucket_take(&bucket, 1, now));
    now += SECOND;
    assert_true(rate_bucket_take(&bucket, 1, now));
    assert_false(rate_bucket_take(&bucket, 1, now));
}

/* What its waiting time promises is kept, whatever the number. */
static void waiting_as_told_is_enough(void **state) {
    (void)state;
    for (int per_minute = 1; per_minute < 200; per_minute += 7) {
        struct rate_bucket bucket;
        uint64_t now = 1;
        rate_bucket_start(&bucket, per_minute, now);
        for (int i = 0; i < per_minute; i++) {
            assert_true(rate_bucket_take(&bucket, 1, now));
        }
        for (int i = 0; i < 50; i++) {
            assert_false(rate_bucket_take(&bucket, 1, now));
            now += rate_bucket_wait_us(&bucket, 1, now);
            assert_true(rate_bucket_take(&bucket, 1, now));
        }
    }
}

static void never_holds_more_than_a_minutes_worth(void **state) {
    (void)state;
    struct rate_bucket bucket;
    rate_bucket_start(&bucket, 2, 0);
    uint64_t now = 3600ull * SECOND;
    assert_true(rate_bucket_take(&bucket, 1, now));
    assert_true(rate_bucket_take(&bucket, 1, now));
    assert_false(rate_bucket_take(&bucket, 1, now));
}

static void debts_are_paid_back(void **state) {
    (void)state;
    struct rate_bucket bucket;
    rate_bucket_start(&bucket, 60e6, 0); /* a core's worth of microseconds */
    rate_bucket_charge(&bucket, 90e6, 0);
    assert_true(rate_bucket_left(&bucket, 0) == 0);
    assert_in_range(rate_bucket_wait_us(&bucket, 1000, 0), 30 * SECOND, 30 * SECOND + 1100);
    assert_in_range(rate_bucket_wait_us(&bucket, 1000, 31 * SECOND), 0, 0);
}

static void another_size_forgets_nothing(void **state) {
    (void)state;
    struct rate_bucket bucket;
    rate_bucket_start(&bucket, 10, 0);
    rate_bucket_charge(&bucket, 8, 0);
    rate_bucket_resize(&bucket, 20, 0);
    assert_int_equal((int)rate_bucket_left(&bucket, 0), 12);
    rate_bucket_resize(&bucket, 4, 0);
    assert_int_equal((int)rate_bucket_left(&bucket, 0), 0);
    assert_false(rate_bucket_take(&bucket, 1, 0));
}

static void no_bucket_stops_nothing(void **state) {
    (void)state;
    struct rate_bucket bucket;
    rate_bucket_start(&bucket, 0, 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(rate_bucket_take(&bucket, 1e9, 0));
    }
    rate_bucket_charge(&bucket, 1e9, 0);
    assert_int_equal(rate_bucket_wait_us(&bucket, 1e9, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minutes_worth_at_once_then_drops),    cmocka_unit_test(waiting_as_told_is_enough),
        cmocka_unit_test(never_holds_more_than_a_minutes_worth), cmocka_unit_test(debts_are_paid_back),
        cmocka_unit_test(another_size_forgets_nothing),          cmocka_unit_test(no_bucket_stops_nothing),
    };
    return cmocka_run_group_tests_name("rate_bucket", tests, NULL, NULL);
}
