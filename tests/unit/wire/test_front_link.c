#include "wire/front_link.h"

#include <errno.h>

#include "unit.h"

static void test_every_type_has_its_shape(void **state) {
    static const struct {
        uint32_t type, size, n_fds;
    } rows[] = {
        {FRONT_READY, sizeof(struct front_ready), READY_FDS},  {FRONT_VERDICT, sizeof(struct front_verdict), 0},
        {FRONT_STATUS, sizeof(struct front_status), 0},        {FRONT_DRAINING, sizeof(struct front_message_head), 0},
        {FRONT_SETTINGS, sizeof(struct front_settings), 1},    {KEEPER_START, sizeof(struct keeper_start), 0},
        {KEEPER_CANCEL, sizeof(struct keeper_cancel), 0},      {FRONT_ACCEPT, sizeof(struct front_message_head), 0},
        {FRONT_RETIRE, sizeof(struct front_message_head), 0},  {FRONT_PACKAGES, sizeof(struct front_message_head), 1},
        {FRONT_LEAVING, sizeof(struct front_message_head), 0}, {FRONT_PING, sizeof(struct front_message_head), 0},
        {KEEPER_PONG, sizeof(struct front_message_head), 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t size = 0, n_fds = 99;
        assert_int_equal(front_message_shape(rows[i].type, &size, &n_fds), 0);
        assert_int_equal(size, rows[i].size);
        assert_int_equal(n_fds, rows[i].n_fds);
        assert_true(size <= sizeof(union front_message));
    }
}

static void test_unknown_types(void **state) {
    static const uint32_t types[] = {0, 1, 9, 22, 100, 0x80000002u, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        uint32_t size = 5, n_fds = 6;
        assert_int_equal(front_message_shape(types[i], &size, &n_fds), -EPROTO);
        assert_int_equal(size, 5);
        assert_int_equal(n_fds, 6);
    }
}

/* Messages cross between two programs: no compiler may put bytes between the fields that nobody sets. */
static void test_no_hidden_bytes(void **state) {
    (void)state;
    assert_int_equal(sizeof(struct front_message_head), 8);
    assert_int_equal(sizeof(struct front_ready), 8 + 8 + 4 + 4);
    assert_int_equal(sizeof(struct keeper_start), 8 + 3 * 8);
    assert_int_equal(sizeof(struct keeper_cancel), 8 + 8);
    assert_int_equal(sizeof(struct front_verdict), 8 + 8 + 4 * 4 + 4 * 8);
    assert_int_equal(sizeof(struct layer_status), 4 + 28 + 96);
    assert_int_equal(sizeof(struct front_status), 8 + 16 + 16 + 2 * 4 * GUEST_KINDS + 4 + 4 + 2 * 8 * GUEST_KINDS + 8 +
                                                      STATUS_MAX_LAYERS * sizeof(struct layer_status));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_has_its_shape),
        cmocka_unit_test(test_unknown_types),
        cmocka_unit_test(test_no_hidden_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
