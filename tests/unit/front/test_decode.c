#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "front/decode.h"

/* The many bad bodies are in tests/unit/front/test_front_bodies.py; here is what a good one becomes, and the limits'
 * exact edges. */

static struct settings settings;

static int set_up(void **state) {
    (void)state;
    settings_default(&settings);
    return 0;
}

static int decode(const char *body, struct run_input *input, struct problem *problem) {
    return decode_request(body, strlen(body), &settings, input, problem);
}

static void becomes_a_run_request(void **state) {
    (void)state;
    struct run_input input;
    struct problem problem;
    const char *body =
        "{\"env\":{\"A\":\"b\"},\"script\":\"x\\n\",\"args\":[ 1 ],\"kwargs\":{\"k\":2},\"stdin\":\"in\","
        "\"files\":[{\"base64\":\"AP8=\",\"path\":\"d/f\"}],\"timeout\":0.0001,\"memory_mb\":64}";
    assert_int_equal(decode(body, &input, &problem), 0);
    assert_int_equal(input.timeout_ms, 1);
    assert_int_equal(input.memory_bytes, 64 << 20);
    assert_int_equal(input.mode, RUN_MODE_MAIN);
    assert_int_equal(input.banner, 1);
    struct run_request_header header;
    uint64_t size;
    memcpy(&header, input.request.bytes, sizeof header);
    assert_int_equal(run_request_body_size(&header, &size), 0);
    assert_int_equal(input.request.len, sizeof header + size);
    const char *at = input.request.bytes + sizeof header;
    assert_memory_equal(at, "x\n[ 1 ]{\"k\":2}", 14);
    assert_int_equal(header.n_env, 1);
    assert_int_equal(header.n_files, 1);
    uint64_t offset = 0;
    const unsigned char *section = (const unsigned char *)at + 14 + header.env_len, *name, *value;
    uint32_t name_len, value_len;
    assert_int_equal(run_request_next_entry(section, header.files_len, &offset, &name, &name_len, &value, &value_len),
                     1);
    assert_int_equal(name_len, 3);
    assert_memory_equal(name, "d/f", 3);
    assert_int_equal(value_len, 2);
    assert_memory_equal(value, "\x00\xFF", 2);
    assert_memory_equal(input.request.bytes + input.request.len - 2, "in", 2);
    run_input_free(&input);
}

static void edges_of_the_limits(void **state) {
    (void)state;
    static const struct {
        const char *field;
        int result;
    } cases[] = {
        {"\"timeout\":60", 0},
        {"\"timeout\":60.0000", 0},
        {"\"timeout\":60.0001", -EBADMSG},
        {"\"timeout\":6e1", 0},
        {"\"timeout\":0", -EBADMSG},
        {"\"timeout\":1e-400", -EBADMSG},
        {"\"memory_mb\":64", 0},
        {"\"memory_mb\":2048", 0},
        {"\"memory_mb\":63", -EBADMSG},
        {"\"memory_mb\":2049", -EBADMSG},
        {"\"timeout\":null", 0},
        {"\"mode\":\"script\"", 0},
        {"\"stream\":false", 0},
        {"\"stream\":true", 0},
        {"\"kwargs\":{}", 0},
        {"\"files\":[]", 0},
        {"\"env\":{}", 0},
        {"\"args\":[]", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char body[128];
        struct run_input input;
        struct problem problem;
        (void)snprintf(body, sizeof body, "{\"script\":\"x\",%s}", cases[i].field);
        int result = decode(body, &input, &problem);
        if (result != cases[i].result) {
            fail_msg("%s: %d", body, result);
        }
        if (result == 0) {
            run_input_free(&input);
        } else {
            assert_int_equal(problem.status, 400);
            assert_string_equal(problem.error, "invalid_input");
            assert_true(problem.n_suggestions > 0);
        }
    }
}

static void no_banner_in_mode_script(void **state) {
    (void)state;
    struct run_input input;
    struct problem problem;
    assert_int_equal(decode("{\"script\":\"x\",\"mode\":\"script\",\"banner\":true}", &input, &problem), 0);
    assert_int_equal(input.banner, 0);
    run_input_free(&input);
}

static void wants_the_data_guest_for_words_only(void **state) {
    (void)state;
    static const struct {
        const char *script;
        enum guest_kind kind;
    } cases[] = {{"import numpy", GUEST_DATA},
                 {"from pandas import x", GUEST_DATA},
                 {"numpy", GUEST_DATA},
                 {"numpy_like = 1", GUEST_LEAN},
                 {"xnumpy", GUEST_LEAN},
                 {"COMPILE PILOT", GUEST_LEAN},
                 {"COMPILE; PIL.Image", GUEST_DATA},
                 {"import json", GUEST_LEAN}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char body[128];
        struct run_input input;
        struct problem problem;
        (void)snprintf(body, sizeof body, "{\"script\":\"%s\"}", cases[i].script);
        assert_int_equal(decode(body, &input, &problem), 0);
        assert_int_equal(input.wants, cases[i].kind);
        run_input_free(&input);
    }
}

static void messages_stay_whole_characters(void **state) {
    (void)state;
    struct run_input input;
    struct problem problem;
    char body[512] = "{\"script\":\"x\",\"";
    for (int i = 0; i < 100; i++) {
        strcat(body, "\xE2\x82\xAC");
    }
    strcat(body, "\":1}");
    assert_int_equal(decode(body, &input, &problem), -EBADMSG);
    assert_non_null(strstr(problem.message, "\xE2\x82\xAC..."));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becomes_a_run_request),          cmocka_unit_test(edges_of_the_limits),
        cmocka_unit_test(no_banner_in_mode_script),       cmocka_unit_test(wants_the_data_guest_for_words_only),
        cmocka_unit_test(messages_stay_whole_characters),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
