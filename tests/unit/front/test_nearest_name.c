#include <string.h>

#include "unit.h"

#include "front/nearest_name.h"

static const char *const names[] = {"script", "args", "kwargs", "timeout", "memory_mb", "mode"};

static void check(const char *written, const char *expected) {
    const char *found = nearest_name(written, strlen(written), names, COUNT_OF(names));
    if (expected) {
        assert_non_null(found);
        assert_string_equal(found, expected);
    } else {
        assert_null(found);
    }
}

static void finds_the_nearest(void **state) {
    (void)state;
    check("timout", "timeout");
    check("TIMEOUT", "timeout");
    check("scirpt", "script");
    check("kwarg", "kwargs");
    check("arg", "args");
    check("memory", "memory_mb");
    check("memoryMb", "memory_mb");
    check("mdoe", "mode");
    check("time", "timeout");
    check("script_text", "script");
}

static void leaves_the_distant_alone(void **state) {
    (void)state;
    char longest[200];
    check("", NULL);
    check("language", NULL);
    check("x", NULL);
    memset(longest, 'a', sizeof longest);
    assert_null(nearest_name(longest, sizeof longest, names, COUNT_OF(names)));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_nearest), cmocka_unit_test(leaves_the_distant_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
