#include "client/address.h"

#include <string.h>

#include "unit.h"

static void test_good_ones(void **state) {
    static const struct {
        const char *url, *base, *unix_path;
        int is_open;
    } rows[] = {
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080", "", 0},
        {"http://localhost/", "http://localhost", "", 0},
        {"http://[::1]:80/prefix//", "http://[::1]:80/prefix", "", 0},
        {"https://run.example.org", "https://run.example.org", "", 0},
        {"http://run.example.org/x", "http://run.example.org/x", "", 1},
        {"unix:/run/pyexecd.sock", "http://localhost", "/run/pyexecd.sock", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address address;
        struct failure failure;
        assert_int_equal(address_read(rows[i].url, &address, &failure), 0);
        assert_string_equal(address.base, rows[i].base);
        assert_string_equal(address.unix_path, rows[i].unix_path);
        assert_int_equal(address.is_open, rows[i].is_open);
    }
}

static void test_bad_ones(void **state) {
    static const char *const urls[] = {
        "",
        "127.0.0.1",
        "ftp://example.org",
        "file:///etc/passwd",
        "http://key@example.org",
        "http://name:key@example.org",
        "http://example.org/?key=x",
        "http://example.org/#x",
        "http://",
        "http://a b",
        "unix:relative",
        "unix:",
        ("unix:/"
         "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "8"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct address address;
        struct failure failure = {0};
        assert_int_equal(address_read(urls[i], &address, &failure), -1);
        assert_int_equal(failure.status, EXIT_STATUS_USAGE);
        assert_true(strlen(failure.text) > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_ones),
        cmocka_unit_test(test_bad_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
