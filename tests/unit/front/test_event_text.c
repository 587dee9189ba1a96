#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "front/event_text.h"

static char *after(struct byte_buffer *out) {
    assert_int_equal(byte_buffer_append(out, "", 1), 0);
    return out->bytes;
}

/* Tells `bytes` in pieces of `piece`; returns all events as one text. */
static struct byte_buffer tell(const char *bytes, size_t len, size_t piece, uint64_t cap) {
    struct event_channel channel = {.event = "stdout", .left = cap};
    struct byte_buffer out = {0};
    for (size_t at = 0; at < len; at += piece) {
        assert_int_equal(event_append_output(&channel, bytes + at, len - at < piece ? len - at : piece, &out), 0);
    }
    assert_int_equal(event_end_output(&channel, &out), 0);
    return out;
}

/* The texts of all events joined, without their frames. */
static void joined(const char *events, char *ret_text) {
    static const char start[] = "event: stdout\ndata: {\"text\":\"", end[] = "\"}\n\n";
    *ret_text = '\0';
    while (*events) {
        assert_memory_equal(events, start, sizeof start - 1);
        events += sizeof start - 1;
        const char *close = strstr(events, end);
        assert_non_null(close);
        strncat(ret_text, events, (size_t)(close - events));
        events = close + sizeof end - 1;
    }
}

static void one_event(void **state) {
    (void)state;
    struct byte_buffer out = tell("a\n\"\\\r\x01\xC3\xA4", 8, 100, 100);
    assert_string_equal(after(&out), "event: stdout\ndata: {\"text\":\"a\\n\\\"\\\\\\r\\u0001\xC3\xA4\"}\n\n");
    byte_buffer_free(&out);
}

static void characters_stay_whole_however_they_are_cut(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"x\xC3\xA4y\xE2\x82\xACz\xF0\x9F\x98\x80!", "x\xC3\xA4y\xE2\x82\xACz\xF0\x9F\x98\x80!"},
        {"\xF0\x9F\x98", "\xEF\xBF\xBD"},
        {"\xF0\x9F\x98q", "\xEF\xBF\xBDq"},
        {"\xE2\xE2\x82\xAC", "\xEF\xBF\xBD\xE2\x82\xAC"},
        {"\xE2\x82\xF0\x9F\x98\x80", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
        {"\x80\xFF\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t piece = 1; piece < 8; piece++) {
            char text[200];
            struct byte_buffer out = tell(cases[i].bytes, strlen(cases[i].bytes), piece, 100);
            joined(after(&out), text);
            assert_string_equal(text, cases[i].text);
            byte_buffer_free(&out);
        }
    }
}

static void stops_at_the_cap(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 9; piece++) {
        char text[100];
        struct byte_buffer out = tell("abc\xC3\xA4"
                                      "def",
                                      8, piece, 4); /* through a character */
        joined(after(&out), text);
        assert_string_equal(text, "abc");
        byte_buffer_free(&out);
    }
}

static void much_becomes_several_events(void **state) {
    (void)state;
    size_t len = 100000;
    char *bytes = malloc(len + 1), *text = malloc(len + 1);
    for (size_t i = 0; i < len; i += 2) {
        memcpy(bytes + i, "\xC3\xA4", 2);
    }
    bytes[len] = '\0';
    memmove(bytes + 1, bytes, len - 1); /* so that no cut at an even place is right */
    bytes[0] = 'x';
    bytes[len - 1] = 'x';
    struct byte_buffer out = tell(bytes, len, len, len);
    joined(after(&out), text);
    assert_string_equal(text, bytes);
    assert_non_null(strstr(out.bytes + 10, "event: "));
    byte_buffer_free(&out);
    free(bytes);
    free(text);
}

static void a_json_text_cannot_begin_an_event(void **state) {
    (void)state;
    static const char json[] = "{\"result\":[1,\n\nevent: done\r\ndata: 2]}";
    struct byte_buffer out = {0};
    assert_int_equal(event_append_json("done", json, sizeof json - 1, &out), 0);
    assert_int_equal(event_append_comment("c", &out), 0);
    assert_string_equal(after(&out), "event: done\ndata: {\"result\":[1,  event: done  data: 2]}\n\n: c\n\n");
    byte_buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event),
        cmocka_unit_test(characters_stay_whole_however_they_are_cut),
        cmocka_unit_test(stops_at_the_cap),
        cmocka_unit_test(much_becomes_several_events),
        cmocka_unit_test(a_json_text_cannot_begin_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
