#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "front/json_text.h"

static int check(const char *text, size_t len, unsigned depth, struct json_span *value, struct json_fault *fault) {
    /* An allocation of its own, so that the sanitizers see any step beyond the end. */
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    int result = json_text_check(copy, len, depth, value, fault);
    free(copy);
    return result;
}

static void accepts(void **state) {
    (void)state;
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "10",
        "1.5",
        "-0.0",
        "1e5",
        "1E+5",
        "1e-999",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\\u00e4\\n\\/\\\"\"",
        "\"\\ud800\"",
        "\"\xC3\xA4\xF0\x9F\x98\x80\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n}\n",
        "[1,2,[3,{\"a\":[]}]]",
        "{\"a\":1,\"b\":{\"c\":null}}",
        "[[],{},[[]]]",
        "{\"\":{\"\":{}}}",
        "1.7976931348623157e308",
        "0e999999999999999999999",
        "0.0000e99999999999999999999999",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct json_span value;
        struct json_fault fault;
        if (check(texts[i], strlen(texts[i]), 10, &value, &fault) < 0) {
            fail_msg("%s: %s at %zu", texts[i], fault.reason, fault.offset);
        }
    }
}

static void refuses(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "-",
        "+1",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1 2",
        "\"",
        "\"a",
        "\"\\",
        "\"\\u",
        "\"\\u12\"",
        "\"\\x\"",
        "\"\\\"",
        "\"\n\"",
        "\"\t\"",
        "\"\x80\"",
        "\"\xC3\"",
        "\"\xED\xA0\x80\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "'a'",
        "1e309",
        "-1e309",
        "1.8e308",
        "1e999999999999999999999",
        "[[[[[[[[[[[]]]]]]]]]]]",
        "nul\0l",
        "/* */ 1",
        ("\xEF\xBB\xBF" /* two literals, or the digit would belong to the escape */
         "1"),
        "[1]]",
        "{}{}",
        "\"a\"\"b\"",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct json_span value;
        struct json_fault fault = {0};
        if (check(texts[i], strlen(texts[i]), 10, &value, &fault) == 0) {
            fail_msg("%s passed", texts[i]);
        }
        assert_non_null(fault.reason);
        assert_true(fault.offset <= strlen(texts[i]));
    }
}

static void every_start_of_a_text_is_refused(void **state) {
    (void)state;
    const char *text = "{\"a\\u00e4\": [1.5e3, true, null, \"\xF0\x9F\x98\x80\\n\"], \"b\": {\"c\": [[], {}]}}";
    struct json_span value;
    struct json_fault fault;
    for (size_t len = 0; len < strlen(text); len++) {
        assert_int_equal(check(text, len, 10, &value, &fault), -EBADMSG);
    }
    assert_int_equal(check(text, strlen(text), 10, &value, &fault), 0);
}

static void long_numbers(void **state) {
    (void)state;
    struct json_span value;
    struct json_fault fault;
    char text[3000];
    /* 1, then 308 zeros, then a fraction of 2,000 digits: finite. One zero more: not. */
    for (int zeros = 308; zeros <= 309; zeros++) {
        memset(text, '0', sizeof text);
        text[0] = '1';
        text[1 + zeros] = '.';
        assert_int_equal(check(text, 2500, 1, &value, &fault), zeros == 308 ? 0 : -EBADMSG);
    }
    /* A tiny one made large again by its exponent. */
    memset(text, '0', sizeof text);
    text[1] = '.';
    text[2000] = '1';
    strcpy(text + 2001, "e2000");
    assert_int_equal(check(text, strlen(text), 1, &value, &fault), 0);
    strcpy(text + 2001, "e2400");
    assert_int_equal(check(text, strlen(text), 1, &value, &fault), -EBADMSG);
    /* An integer may be as long as it likes. */
    memset(text, '9', sizeof text);
    assert_int_equal(check(text, sizeof text, 1, &value, &fault), 0);
}

static void depth_is_bounded_without_recursion(void **state) {
    (void)state;
    struct json_span value;
    struct json_fault fault;
    size_t deep = 100000;
    char *text = malloc(2 * deep);
    memset(text, '[', deep);
    memset(text + deep, ']', deep);
    assert_int_equal(json_text_check(text, 2 * deep, JSON_TEXT_MAX_DEPTH, &value, &fault), -EBADMSG);
    assert_int_equal(fault.offset, JSON_TEXT_MAX_DEPTH);
    size_t skip = deep - JSON_TEXT_MAX_DEPTH;
    assert_int_equal(json_text_check(text + skip, 2 * JSON_TEXT_MAX_DEPTH, JSON_TEXT_MAX_DEPTH, &value, &fault), 0);
    free(text);
}

static void walks(void **state) {
    (void)state;
    const char *text = " { \"a\" : [ 1 , \"],}\\\"\" ,{} ] , \"b\":true,\"\\u0063\" : -1.5e3 , \"d\":{\"x\":[]}}";
    struct json_span object, name, value, element;
    struct json_fault fault;
    struct json_walk walk, inner;
    assert_int_equal(json_text_check(text, strlen(text), 10, &object, &fault), 0);
    json_walk_start(&walk, &object);
    assert_int_equal(json_walk_member(&walk, &name, &value), 1);
    assert_true(json_text_equals(&name, "a"));
    assert_int_equal(value.kind, JSON_TEXT_ARRAY);
    json_walk_start(&inner, &value);
    static const enum json_text_kind kinds[] = {JSON_TEXT_NUMBER, JSON_TEXT_STRING, JSON_TEXT_OBJECT};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        assert_int_equal(json_walk_element(&inner, &element), 1);
        assert_int_equal(element.kind, kinds[i]);
    }
    assert_int_equal(json_walk_element(&inner, &element), 0);
    assert_int_equal(json_walk_member(&walk, &name, &value), 1);
    assert_int_equal(value.kind, JSON_TEXT_BOOLEAN);
    assert_int_equal(json_walk_member(&walk, &name, &value), 1);
    assert_true(json_text_equals(&name, "c"));
    assert_int_equal(value.len, strlen("-1.5e3"));
    assert_int_equal(json_walk_member(&walk, &name, &value), 1);
    assert_int_equal(json_walk_member(&walk, &name, &value), 0);
}

static void decodes_strings(void **state) {
    (void)state;
    const char *text = "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20AC\\ud83d\\ude00\\u0000\\ud800x\\udc00\"";
    const char expected[] = "a\"\\/\b\f\n\r\t\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\0\xEF\xBF\xBDx\xEF\xBF\xBD";
    struct json_span value;
    struct json_fault fault;
    struct json_text_notes notes;
    cleanup_byte_buffer struct byte_buffer decoded = {0};
    assert_int_equal(json_text_check(text, strlen(text), 1, &value, &fault), 0);
    assert_int_equal(json_text_append(&decoded, &value, &notes), 0);
    assert_int_equal(decoded.len, sizeof expected - 1);
    assert_memory_equal(decoded.bytes, expected, decoded.len);
    assert_ptr_equal(notes.lone_surrogate, strstr(text, "\\ud800"));
}

static void reads_integers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int result;
        long long value;
    } cases[] = {{"0", 0, 0},
                 {"-7", 0, -7},
                 {"9223372036854775807", 0, LLONG_MAX},
                 {"9223372036854775808", -ERANGE, LLONG_MAX},
                 {"-99999999999999999999", -ERANGE, LLONG_MIN},
                 {"1.0", -EINVAL, 5},
                 {"1e2", -EINVAL, 5}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_span number = {cases[i].text, strlen(cases[i].text), JSON_TEXT_NUMBER};
        long long value = 5;
        assert_int_equal(json_text_integer(&number, &value), cases[i].result);
        assert_true(value == cases[i].value);
    }
}

static void positions(void **state) {
    (void)state;
    size_t line, column;
    json_text_position("a\n\xC3\xA4"
                       "b",
                       5, 4, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses),
        cmocka_unit_test(every_start_of_a_text_is_refused),
        cmocka_unit_test(long_numbers),
        cmocka_unit_test(depth_is_bounded_without_recursion),
        cmocka_unit_test(walks),
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
