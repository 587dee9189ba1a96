#include <string.h>

#include "unit.h"

#include "front/record.h"

static enum record_kind parse(const char *text, const char *value, struct run_record *record) {
    struct run_result_header header = {.magic = RUN_RESULT_MAGIC,
                                       .phase = RUN_PHASE_ENDING,
                                       .banner_written = 1,
                                       .complete = 1,
                                       .record_len = (uint32_t)strlen(text),
                                       .value_len = (uint32_t)strlen(value)};
    assert_int_equal(record_parse(&header, text, value, 1000, record), 0);
    return record->kind;
}

static void reads_every_kind(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum record_kind kind;
    } cases[] = {{"{\"kind\":\"result\"}", RECORD_RESULT},
                 {"{\"kind\":\"exit\",\"exit_code\":255}", RECORD_EXIT},
                 {"{\"kind\":\"missing_main\",\"available_functions\":[\"a\"]}", RECORD_MISSING_MAIN},
                 {"{\"kind\":\"syntax_error\",\"line\":1,\"column\":2}", RECORD_SYNTAX_ERROR},
                 {"{\"kind\":\"exception\",\"unknown\":[{}],\"message\":null}", RECORD_EXCEPTION}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct run_record record;
        assert_int_equal(parse(cases[i].text, "1", &record), cases[i].kind);
        record_free(&record);
    }
}

static void cuts_what_is_too_long(void **state) {
    (void)state;
    static char text[200000] = "{\"kind\":\"exception\",\"error_type\":\"";
    struct run_record record;
    for (int i = 0; i < 2000; i++) {
        strcat(text, "\xC3\xA4");
    }
    strcat(text, "\",\"suggestions\":[\"x\"");
    for (int i = 0; i < 3000; i++) {
        strcat(text, ",\"y\"");
    }
    strcat(text, "]}");
    assert_int_equal(parse(text, "", &record), RECORD_EXCEPTION);
    assert_int_equal(record.error_type.len, 1024);
    assert_int_equal(record.suggestions.n, 1000);
    record_free(&record);
}

static void damage_leaves_nothing_but_the_phase(void **state) {
    (void)state;
    struct run_record record;
    assert_int_equal(parse("{\"kind\":\"exception\",\"message\":\"m\",\"line\":-3}", "", &record), RECORD_INVALID);
    assert_int_equal(record.message.len, 0);
    assert_int_equal(record.phase, RUN_PHASE_ENDING);
    assert_non_null(record.fault);
    record_free(&record);
    assert_int_equal(parse("{\"kind\":\"result\"}", "[1,", &record), RECORD_INVALID);
    record_free(&record);
}

static void incomplete_is_none(void **state) {
    (void)state;
    struct run_result_header header = {.magic = RUN_RESULT_MAGIC, .phase = RUN_PHASE_MAIN, .record_len = 0xFFFFFFFF};
    struct run_record record;
    assert_int_equal(record_parse(&header, NULL, NULL, 1000, &record), 0);
    assert_int_equal(record.kind, RECORD_NONE);
    assert_int_equal(record.phase, RUN_PHASE_MAIN);
    record_free(&record);
}

static void value_is_trimmed_and_bounded(void **state) {
    (void)state;
    struct run_record record;
    char value[1100];
    assert_int_equal(parse("{\"kind\":\"result\"}", " [ 1 ]\n", &record), RECORD_RESULT);
    assert_int_equal(record.value.len, 5);
    record_free(&record);
    memset(value, '1', sizeof value);
    value[1001] = '\0';
    assert_int_equal(parse("{\"kind\":\"result\"}", value, &record), RECORD_INVALID);
    record_free(&record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(damage_leaves_nothing_but_the_phase),
        cmocka_unit_test(incomplete_is_none),
        cmocka_unit_test(value_is_trimmed_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
