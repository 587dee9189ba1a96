#include "jail/steps.h"

#include <string.h>

#include "unit.h"

static void every_step_has_a_name_of_its_own(void **state) {
    (void)state;
    for (unsigned i = 0; i < JAIL_STEPS; i++) {
        assert_non_null(jail_step_name(i));
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(jail_step_name(i), jail_step_name(j));
        }
    }
}

static void a_number_outside_is_unknown(void **state) {
    (void)state;
    assert_string_equal(jail_step_name(JAIL_STEPS), "unknown");
    assert_string_equal(jail_step_name(~0U), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_has_a_name_of_its_own),
        cmocka_unit_test(a_number_outside_is_unknown),
    };
    return cmocka_run_group_tests_name("jail steps", tests, NULL, NULL);
}
