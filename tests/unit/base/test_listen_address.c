#include "base/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "unit.h"

static void test_good_ones(void **state) {
    static const struct {
        const char *text, *address;
        int family, port, every_address;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1", AF_INET, 8080, 0},
        {"0.0.0.0:1", "0.0.0.0", AF_INET, 1, 0},
        {"localhost:0", "127.0.0.1", AF_INET, 0, 0},
        {"[::1]:65535", "::1", AF_INET6, 65535, 0},
        {"[::]:80", "::", AF_INET6, 80, 0},
        {"[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", AF_INET6, 80, 0},
        {"[1111:2222:3333:4444:5555:6666:255.255.255.255]:80", "1111:2222:3333:4444:5555:6666:ffff:ffff", AF_INET6, 80,
         0},
        {":8080", "::", AF_INET6, 8080, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct listen_address parsed;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        char text[INET6_ADDRSTRLEN];
        assert_int_equal(listen_address_parse(rows[i].text, &parsed), 0);
        assert_int_equal(parsed.address.ss_family, rows[i].family);
        assert_int_equal(parsed.every_address, rows[i].every_address);
        memcpy(&v4, &parsed.address, sizeof v4);
        memcpy(&v6, &parsed.address, sizeof v6);
        const void *address = rows[i].family == AF_INET ? (const void *)&v4.sin_addr : (const void *)&v6.sin6_addr;
        assert_int_equal(parsed.size, rows[i].family == AF_INET ? sizeof v4 : sizeof v6);
        assert_int_equal(ntohs(rows[i].family == AF_INET ? v4.sin_port : v6.sin6_port), rows[i].port);
        assert_non_null(inet_ntop(rows[i].family, address, text, sizeof text));
        assert_string_equal(text, rows[i].address);
    }
}

static void test_a_unix_socket_that_was_handed_over(void **state) {
    struct listen_address parsed;
    (void)state;
    assert_int_equal(listen_address_parse("unix", &parsed), 0);
    assert_int_equal(parsed.address.ss_family, AF_UNIX);
    assert_int_equal(parsed.size, sizeof(sa_family_t));
    assert_false(parsed.every_address);
    assert_int_equal(listen_address_parse("unix:/run/socket", &parsed), -EINVAL);
}

static void test_bad_ones(void **state) {
    static const char *const texts[] = {
        "",
        ":",
        "8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 80",
        "127.0.0.1:80 ",
        "127.0.0.1:http",
        "127.0.0.1:000080",
        "127.0.0.1:99999999999999999999",
        "127.1:80",
        "256.0.0.1:80",
        "example.org:80",
        "LOCALHOST:80",
        "::1:80",
        "[::1]",
        "[::1]:",
        "[]:80",
        "[:80",
        "]:80",
        "[127.0.0.1]:80",
        "[localhost]:80",
        "[::1]80",
        "[fe80::1%lo]:80",
        "127.0.0.1:80:80",
        " :80",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]:80",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct listen_address parsed, untouched;
        memset(&parsed, 0x5a, sizeof parsed);
        memset(&untouched, 0x5a, sizeof untouched);
        if (listen_address_parse(texts[i], &parsed) != -EINVAL) {
            fail_msg("\"%s\" was taken", texts[i]);
        }
        assert_memory_equal(&parsed, &untouched, sizeof parsed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good_ones),
                                       cmocka_unit_test(test_a_unix_socket_that_was_handed_over),
                                       cmocka_unit_test(test_bad_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
