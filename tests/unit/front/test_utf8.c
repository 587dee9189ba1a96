#include <string.h>

#include "unit.h"

#include "front/utf8.h"

static void check_replaced(const char *bytes, size_t len, const char *expected) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    assert_int_equal(utf8_append_replaced(&text, bytes, len), 0);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.len);
}

#define R "\xEF\xBF\xBD"

/* The expected texts are what Python's bytes.decode("utf-8", "replace") gives. */
static void replaces_maximal_subparts(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *expected;
    } cases[] = {
        {"plain ascii, longer than a word", "plain ascii, longer than a word"},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"a\x80z", "a" R "z"},
        {"\xC3(", R "("},
        {"\xE2\x82(", R "("},
        {"\xE2\x82", R},
        {"\xF0\x9F\x98", R},
        {"\xF0\x9F\x98\xF0\x9F\x98\x80", R "\xF0\x9F\x98\x80"},
        {"\xC0\xAF", R R},
        {"\xE0\x80\xAF", R R R},
        {"\xED\xA0\x80", R R R},
        {"\xF4\x90\x80\x80", R R R R},
        {"\xF5\xFF\xFE", R R R},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_replaced(cases[i].bytes, strlen(cases[i].bytes), cases[i].expected);
    }
}

static void every_character_survives(void **state) {
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 251) {
        char bytes[4];
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        size_t len = utf8_encode(c, bytes), step_len;
        assert_int_equal(utf8_valid_len(bytes, len), len);
        assert_int_equal(utf8_step(bytes, len, &step_len), UTF8_VALID);
        assert_int_equal(step_len, len);
        for (size_t part = 1; part < len; part++) {
            assert_int_equal(utf8_step(bytes, part, &step_len), UTF8_PARTIAL);
            assert_int_equal(utf8_partial_end(bytes, part), part);
            assert_int_equal(utf8_partial_start(bytes + part, len - part), len - part);
        }
        assert_int_equal(utf8_partial_end(bytes, len), 0);
    }
}

static void cuts_at_characters(void **state) {
    (void)state;
    const char *text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";
    static const size_t lengths[] = {0, 1, 3, 6, 10, 11, 11};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        assert_int_equal(utf8_cut(text, strlen(text), i), lengths[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_maximal_subparts),
        cmocka_unit_test(every_character_survives),
        cmocka_unit_test(cuts_at_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
