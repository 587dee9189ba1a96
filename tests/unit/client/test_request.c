#include "client/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static char directory[] = "/tmp/pyexec-test-XXXXXX";

static int enter_directory(void **state) {
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state) {
    static const char *const names[] = {"script.py", "bytes", "empty"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)unlink(names[i]);
    }
    return rmdir(directory);
}

static void write_file(const char *name, const char *bytes, size_t len) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void assert_body(const struct options *options, const char *expected) {
    struct byte_buffer body = {0};
    struct failure failure = {0};
    if (request_build(options, &body, &failure) < 0) {
        assert_string_equal(failure.text, "");
    }
    assert_int_equal(byte_buffer_append(&body, "", 1), 0);
    assert_string_equal(body.bytes, expected);
    byte_buffer_free(&body);
}

static void assert_refused(const struct options *options, int status, const char *complaint) {
    struct byte_buffer body = {0};
    struct failure failure = {0};
    assert_int_equal(request_build(options, &body, &failure), -1);
    assert_int_equal(failure.status, status);
    if (!strstr(failure.text, complaint)) {
        assert_string_equal(failure.text, complaint);
    }
    byte_buffer_free(&body);
}

static void test_values_are_json_where_they_can_be(void **state) {
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"1", "1"},
        {" 1 ", "1"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"[1, {\"a\": null}]", "[1, {\"a\": null}]"},
        {"\"1\"", "\"1\""},
        {"true", "true"},
        {"True", "\"True\""},
        {"NaN", "\"NaN\""},
        {"01", "\"01\""},
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"{", "\"{\""},
        {"a\"b\\c\n\x01", "\"a\\\"b\\\\c\\u000a\\u0001\""},
        {"\xc3\xa4", "\"\xc3\xa4\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct byte_buffer body = {0};
        assert_int_equal(request_append_value(&body, rows[i].text), 0);
        assert_int_equal(byte_buffer_append(&body, "", 1), 0);
        assert_string_equal(body.bytes, rows[i].json);
        byte_buffer_free(&body);
    }
    struct byte_buffer body = {0};
    assert_int_equal(request_append_value(&body, "\xff"), -EILSEQ);
    byte_buffer_free(&body);
}

static void test_a_string_with_a_nul(void **state) {
    struct byte_buffer body = {0};
    (void)state;
    assert_int_equal(request_append_string(&body, "a\0b", 3), 0);
    assert_int_equal(body.len, 10);
    assert_memory_equal(body.bytes, "\"a\\u0000b\"", 10);
    byte_buffer_free(&body);
}

static void test_the_whole_body(void **state) {
    struct input inputs[] = {
        {INPUT_ARG, "1"},           {INPUT_KWARG, "k={\"a\":1}"}, {INPUT_ARG_STRING, "2"},
        {INPUT_FILE, "bytes"},      {INPUT_FILE, "d/e=empty"},    {INPUT_ENV, "A=b=c"},
        {INPUT_ENV, "PYEXEC_TEST"}, {INPUT_KWARG_STRING, "n=3"},
    };
    struct options options = {
        .script = "script.py",
        .inputs = inputs,
        .n_inputs = COUNT_OF(inputs),
        .input_file = "empty",
        .timeout = "2.50",
        .memory = "100",
        .mode = "main",
    };
    (void)state;
    write_file("script.py", "def main():\n    pass\n", 21);
    write_file("bytes", "\x00\xff", 2);
    write_file("empty", "", 0);
    assert_int_equal(setenv("PYEXEC_TEST", "of ours", 1), 0);
    assert_body(
        &options,
        "{\"script\":\"def main():\\u000a    pass\\u000a\",\"args\":[1,\"2\"],\"kwargs\":{\"k\":{\"a\":1},\"n\":\"3\"},"
        "\"files\":[{\"path\":\"bytes\",\"base64\":\"AP8=\"},{\"path\":\"d/e\",\"content\":\"\"}],"
        "\"env\":{\"A\":\"b=c\",\"PYEXEC_TEST\":\"of ours\"},\"stdin\":\"\",\"timeout\":2.50,\"memory_mb\":100,"
        "\"mode\":\"main\",\"banner\":false,\"stream\":true}");
    assert_body(&(struct options){.script = "empty", .banner = 1}, "{\"script\":\"\",\"stream\":true}");
}

static void test_what_cannot_be_sent(void **state) {
    struct input input = {0};
    struct options options = {.script = "script.py", .inputs = &input, .n_inputs = 1};
    static const struct {
        struct input input;
        int status;
        const char *complaint;
    } rows[] = {
        {{INPUT_FILE, "missing.csv"}, EXIT_STATUS_NO_INPUT, "missing.csv: No such file"},
        {{INPUT_FILE, "."}, EXIT_STATUS_NO_INPUT, "Is a directory"},
        {{INPUT_ENV, "PYEXEC_NOT_THERE"}, EXIT_STATUS_USAGE, "no such variable"},
        {{INPUT_ENV, "=x"}, EXIT_STATUS_USAGE, "NAME=VALUE is wanted"},
        {{INPUT_KWARG, "x"}, EXIT_STATUS_USAGE, "NAME=VALUE is wanted"},
        {{INPUT_KWARG, "x=\xff"}, EXIT_STATUS_USAGE, "neither JSON nor UTF-8"},
        {{INPUT_KWARG_STRING, "x=\xff"}, EXIT_STATUS_USAGE, "not UTF-8"},
        {{INPUT_ARG, "\xff"}, EXIT_STATUS_USAGE, "neither JSON nor UTF-8"},
        {{INPUT_ARG_STRING, "\xff"}, EXIT_STATUS_USAGE, "neither JSON nor UTF-8"},
        {{INPUT_FILE, "\xff=script.py"}, EXIT_STATUS_USAGE, "not UTF-8"},
    };
    (void)state;
    write_file("script.py", "1", 1);
    write_file("bytes", "\xff", 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        input = rows[i].input;
        assert_refused(&options, rows[i].status, rows[i].complaint);
    }
    assert_refused(&(struct options){.script = "bytes"}, EXIT_STATUS_NO_INPUT, "not UTF-8");
    assert_refused(&(struct options){.script = "no.py"}, EXIT_STATUS_NO_INPUT, "No such file");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_json_where_they_can_be),
        cmocka_unit_test(test_a_string_with_a_nul),
        cmocka_unit_test(test_the_whole_body),
        cmocka_unit_test(test_what_cannot_be_sent),
    };
    return cmocka_run_group_tests(tests, enter_directory, remove_directory);
}
