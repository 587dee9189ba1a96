#include "client/events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

static char seen[1024];
static int result_of_next;

static int on_event(void *context, const char *name, const char *data, size_t len) {
    size_t used = strlen(seen);
    assert_ptr_equal(context, seen);
    (void)snprintf(seen + used, sizeof seen - used, "%s=%.*s;", name, (int)len, data);
    return result_of_next;
}

static struct events fresh(size_t max_bytes) {
    seen[0] = '\0';
    result_of_next = 0;
    return (struct events){.on_event = on_event, .context = seen, .max_bytes = max_bytes};
}

static const char stream[] =
    ": hello\n\nevent: stdout\ndata: {\"text\":\"a\"}\n\nevent:stderr\r\ndata:b\r\n\r\ndata: x\ndata: y\nid: 7\n"
    "retry: 1\nnonsense\n\nevent: empty\n\ndata\n\n: end\nevent: done\ndata: {}\n\n";
static const char expected[] = "stdout={\"text\":\"a\"};stderr=b;message=x\ny;message=;done={};";

static void test_whole(void **state) {
    struct events events = fresh(100);
    (void)state;
    assert_int_equal(events_feed(&events, stream, sizeof stream - 1), 0);
    assert_string_equal(seen, expected);
    events_end(&events);
}

static void test_in_pieces_of_every_size(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 20; piece++) {
        struct events events = fresh(100);
        for (size_t at = 0; at < sizeof stream - 1; at += piece) {
            const size_t left = sizeof stream - 1 - at;
            assert_int_equal(events_feed(&events, stream + at, left < piece ? left : piece), 0);
        }
        assert_string_equal(seen, expected);
        events_end(&events);
    }
}

static void test_half_an_event_is_none(void **state) {
    struct events events = fresh(100);
    (void)state;
    assert_int_equal(events_feed(&events, "event: done\ndata: {}\n", 21), 0);
    assert_string_equal(seen, "");
    events_end(&events);
}

static void test_a_line_without_an_end_is_given_up(void **state) {
    struct events events = fresh(10);
    int result = 0;
    (void)state;
    for (int i = 0; i < 11 && !result; i++) {
        result = events_feed(&events, "x", 1);
        assert_true(i < 10 ? result == 0 : result == -EMSGSIZE);
    }
    assert_int_equal(result, -EMSGSIZE);
    events_end(&events);
}

static void test_data_without_an_end_is_given_up(void **state) {
    struct events events = fresh(20);
    int result = 0, n = 0;
    (void)state;
    while (!result && n++ < 10) {
        result = events_feed(&events, "data: 12345\n", 12);
    }
    assert_int_equal(result, -EMSGSIZE);
    assert_int_equal(n, 4);
    events_end(&events);
}

static void test_a_long_name_is_cut(void **state) {
    struct events events = fresh(100);
    (void)state;
    assert_int_equal(events_feed(&events, "event: 0123456789012345678901234567890123456789\ndata: x\n\n", 57), 0);
    assert_string_equal(seen, "01234567890123456789012345678901=x;");
    events_end(&events);
}

static void test_who_has_enough_gets_no_more(void **state) {
    struct events events = fresh(100);
    (void)state;
    result_of_next = 7;
    assert_int_equal(events_feed(&events, "data: 1\n\ndata: 2\n\n", 18), 7);
    assert_string_equal(seen, "message=1;");
    events_end(&events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_in_pieces_of_every_size),
        cmocka_unit_test(test_half_an_event_is_none),
        cmocka_unit_test(test_a_line_without_an_end_is_given_up),
        cmocka_unit_test(test_data_without_an_end_is_given_up),
        cmocka_unit_test(test_a_long_name_is_cut),
        cmocka_unit_test(test_who_has_enough_gets_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
