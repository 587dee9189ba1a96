#include "client/terminal_text.h"

#include <string.h>

#include "unit.h"

static void assert_shown(const char *text, size_t len, const char *expected) {
    struct byte_buffer shown = {0};
    assert_int_equal(terminal_text_append(&shown, text, len), 0);
    assert_int_equal(byte_buffer_append(&shown, "", 1), 0);
    assert_string_equal(shown.bytes, expected);
    byte_buffer_free(&shown);
}

static void test_what_is_shown(void **state) {
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"plain\ttext\n", "plain\ttext\n"},
        {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x8d", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\x8d"},
        {"\x1b[2J\x1b]0;title\x07", "^[[2J^[]0;title^G"},
        {"over\rwritten\b\x7f", "over^Mwritten^H^?"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"}, /* CSI in one character */
        {"a\xe2\x80\xae"
         "b",
         "a\\u202eb"}, /* right to left */
        {"a\xe2\x80\x8b\xef\xbb\xbf", "a\\u200b\\ufeff"},
        {"\xf3\xa0\x81\x81", "\\U000e0041"}, /* a tag, which nobody sees */
        {"\xff"
         "a\xc3",
         "\xef\xbf\xbd"
         "a\xef\xbf\xbd"},
        {"\x1b\x1b\xff\x1b", "^[^[\xef\xbf\xbd^["},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_shown(rows[i].text, strlen(rows[i].text), rows[i].expected);
    }
    assert_shown("a\0b", 3, "a^@b");
}

static void test_nothing_that_a_terminal_obeys_ever_comes_out(void **state) {
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            const char text[] = {(char)first, (char)second, 'x'};
            struct byte_buffer shown = {0};
            assert_int_equal(terminal_text_append(&shown, text, sizeof text), 0);
            for (size_t i = 0; i < shown.len; i++) {
                const unsigned char c = (unsigned char)shown.bytes[i];
                assert_true((c >= 0x20 && c != 0x7F) || c == '\n' || c == '\t');
                assert_false(c == 0xC2 && i + 1 < shown.len && (unsigned char)shown.bytes[i + 1] < 0xA0);
            }
            byte_buffer_free(&shown);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_shown),
        cmocka_unit_test(test_nothing_that_a_terminal_obeys_ever_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
