#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "front/capture.h"

/* Writes the text in pieces and compares what comes out. */
static void check(size_t cap, const char *text, size_t piece, const char *expected, int expected_cut) {
    struct capture capture;
    cleanup_byte_buffer struct byte_buffer out = {0};
    int cut = -1;
    capture_start(&capture, cap);
    for (size_t at = 0; at < strlen(text); at += piece) {
        size_t len = strlen(text) - at;
        capture_write(&capture, text + at, len < piece ? len : piece);
    }
    assert_int_equal(capture_text(&capture, &out, &cut), 0);
    assert_int_equal(cut, expected_cut);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.bytes ? out.bytes : "", expected, out.len);
    capture_free(&capture);
}

static void keeps_all_up_to_the_cap(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 12; piece++) {
        check(10, "", piece, "", 0);
        check(10, "abc", piece, "abc", 0);
        check(10, "0123456789", piece, "0123456789", 0);
    }
}

static void keeps_head_and_tail(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 40; piece++) {
        check(10, "0123456789X", piece, "01234\n[... 1 bytes left out ...]\n6789X", 1);
        check(11, "0123456789abcdefghijklmnopqrstuvwxyz", piece, "01234\n[... 25 bytes left out ...]\nuvwxyz", 1);
    }
}

static void does_not_cut_characters(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 20; piece++) {
        /* whole, but the seam between head and tail goes through the second euro sign */
        check(10, "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", piece, "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 0);
        /* cut: the partial characters on both sides count as left out */
        check(10, "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", piece,
              "\xE2\x82\xAC\n[... 9 bytes left out ...]\n\xE2\x82\xAC", 1);
    }
}

static void counts_much(void **state) {
    (void)state;
    struct capture capture;
    cleanup_byte_buffer struct byte_buffer out = {0};
    char block[1000];
    char line[64];
    int cut;
    memset(block, 'x', sizeof block);
    capture_start(&capture, 4096);
    for (int i = 0; i < 100000; i++) {
        capture_write(&capture, block, sizeof block);
    }
    assert_int_equal(capture_text(&capture, &out, &cut), 0);
    (void)snprintf(line, sizeof line, "\n[... %d bytes left out ...]\n", 100000000 - 4096);
    assert_int_equal(out.len, 4096 + strlen(line));
    assert_memory_equal(out.bytes + 2048, line, strlen(line));
    capture_free(&capture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_all_up_to_the_cap),
        cmocka_unit_test(keeps_head_and_tail),
        cmocka_unit_test(does_not_cut_characters),
        cmocka_unit_test(counts_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
