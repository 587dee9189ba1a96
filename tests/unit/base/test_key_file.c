#include "base/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define HASH_A                                                                                                         \
    "sha256:000102030405060708090a0b0c0d0e0f:"                                                                         \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_B                                                                                                         \
    "sha256:100102030405060708090a0b0c0d0e0f:"                                                                         \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct key_line *lines;
static size_t count;
static char error[512];

static int parse(const char *text) {
    free(lines);
    lines = NULL;
    count = 99;
    error[0] = '\0';
    return key_file_parse(text, strlen(text), &lines, &count, error, sizeof error);
}

static int end_lines(void **state) {
    (void)state;
    free(lines);
    lines = NULL;
    return 0;
}

static void a_line_with_all_caps(void **state) {
    (void)state;
    assert_int_equal(parse("# remark\n\n\t alice\t" HASH_A
                           "  requests_per_minute=60 running=4 cpu_seconds_per_minute=30 max_timeout=20\\\n"),
                     -EINVAL);
    assert_int_equal(parse("# remark\n\n\t alice\t" HASH_A
                           "  requests_per_minute=60 running=4 cpu_seconds_per_minute=30 max_timeout=20 "
                           "max_memory_mb=256 metrics # his first key\r\nbob " HASH_B),
                     0);
    assert_int_equal(count, 2);
    assert_string_equal(lines[0].name, "alice");
    assert_int_equal(lines[0].salt[0], 0);
    assert_int_equal(lines[0].salt[15], 15);
    assert_int_equal(lines[0].digest[31], 0xff);
    assert_int_equal(lines[0].caps.requests_per_minute, 60);
    assert_int_equal(lines[0].caps.running, 4);
    assert_int_equal(lines[0].caps.cpu_us_per_minute, 30000000);
    assert_int_equal(lines[0].caps.max_timeout_ms, 20000);
    assert_int_equal(lines[0].caps.max_memory_bytes, 256u << 20);
    assert_int_equal(lines[0].caps.metrics, 1);
    assert_string_equal(lines[1].name, "bob");
    assert_true(lines[1].caps.requests_per_minute == KEY_NO_CAP && lines[1].caps.metrics == KEY_NO_CAP);
}

static void nothing_is_a_valid_file(void **state) {
    (void)state;
    assert_int_equal(parse(""), 0);
    assert_int_equal(count, 0);
    assert_int_equal(parse("\n# only a remark"), 0);
    assert_int_equal(count, 0);
}

static void caps_belong_to_the_name(void **state) {
    (void)state;
    assert_int_equal(parse("a " HASH_A "\nb sha256:200102030405060708090a0b0c0d0e0f:"
                           "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff running=9\na " HASH_B
                           " running=2 metrics\n"),
                     0);
    assert_int_equal(lines[0].caps.running, 2);
    assert_int_equal(lines[0].caps.metrics, 1);
    assert_int_equal(lines[1].caps.running, 9);
    assert_int_equal(lines[2].caps.running, 2);
    assert_int_equal(parse("a " HASH_A " running=2\na " HASH_B " running=2\n"), 0);
    assert_int_equal(parse("a " HASH_A " running=2\na " HASH_B " running=3\n"), -EINVAL);
    assert_non_null(strstr(error, "a has two values of running"));
}

static void refuses_with_the_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"alice", "line 1: the second word"},
        {"\nalice pyx_abcdefgh\n", "line 2: the second word"},
        {"alice sha256:00:11", "line 1: the second word"},
        {"a/b " HASH_A, "\"a/b\" is no name"},
        {"anonymous " HASH_A, "is no name"},
        {"a " HASH_A "0", "the second word"},
        {"a SHA256:000102030405060708090a0b0c0d0e0f:"
         "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
         "the second word"},
        {"a " HASH_A " runing=4", "\"runing=4\" is no cap"},
        {"a " HASH_A " running", "\"running\" is no cap"},
        {"a " HASH_A " metrics=1", "\"metrics=1\" is no cap"},
        {"a " HASH_A " running=", "running is a whole number from 0 to 1024"},
        {"a " HASH_A " running=1025", "running is a whole number"},
        {"a " HASH_A " running=-1", "running is a whole number"},
        {"a " HASH_A " running=18446744073709551617", "running is a whole number"},
        {"a " HASH_A " max_timeout=0", "max_timeout is a whole number from 1 to 86400"},
        {"a " HASH_A "\nb " HASH_A, "line 2: this key stands on an earlier line"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].text), -EINVAL);
        if (!strstr(error, cases[i].says)) {
            fail_msg("\"%s\" does not say \"%s\"", error, cases[i].says);
        }
        assert_int_equal(count, 99);
    }
}

static void never_shows_a_key(void **state) {
    (void)state;
    assert_int_equal(parse("pyx_SecretSecretSecret0123456789abcde, x\n"), -EINVAL);
    assert_null(strstr(error, "Secret"));
    assert_int_equal(parse("a " HASH_A " pyx_SecretSecretSecret0123456789abcde\n"), -EINVAL);
    assert_null(strstr(error, "Secret"));
    assert_int_equal(parse("a pyx_SecretSecretSecret0123456789abcde\n"), -EINVAL);
    assert_null(strstr(error, "Secret"));
}

static void too_many_keys(void **state) {
    (void)state;
    static char text[(KEY_FILE_MAX_KEYS + 1) * 128];
    size_t len = 0;
    for (unsigned i = 0; i <= KEY_FILE_MAX_KEYS; i++) {
        if (i == KEY_FILE_MAX_KEYS) {
            assert_int_equal(parse(text), 0);
            assert_int_equal(count, KEY_FILE_MAX_KEYS);
        }
        len += (size_t)snprintf(text + len, sizeof text - len, "n%u sha256:%032x:%064x\n", i, i, i);
    }
    assert_int_equal(parse(text), -EINVAL);
    assert_non_null(strstr(error, "at most 1024 keys"));
}

/* ---- the file ---- */

static char path[64];

static int make_file(void **state) {
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/test_key_file_%d", (int)getpid());
    return 0;
}

static int remove_file(void **state) {
    (void)unlink(path);
    return end_lines(state);
}

static void write_file(const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void opens_and_reads_again(void **state) {
    (void)state;
    write_file("a " HASH_A " running=2\n", 0644);
    int fd = key_file_open(path, error, sizeof error);
    assert_true(fd >= 0);
    write_file("", 0644); /* what was opened stays what it was */
    for (int i = 0; i < 2; i++) {
        free(lines);
        lines = NULL;
        assert_int_equal(key_file_read(fd, &lines, &count, error, sizeof error), 0);
        assert_int_equal(count, 1);
        assert_int_equal(lines[0].caps.running, 2);
    }
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    close(fd);
}

static void refuses_files(void **state) {
    (void)state;
    write_file("a " HASH_A "\n", 0646);
    assert_int_equal(key_file_open(path, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "everybody may write"));
    write_file("a\n", 0600);
    assert_int_equal(key_file_open(path, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, path));
    assert_non_null(strstr(error, "line 1"));
    assert_int_equal(key_file_open("/tmp", error, sizeof error), -EINVAL);
    assert_int_equal(key_file_open("/nonexistent/keys", error, sizeof error), -ENOENT);
    assert_non_null(strstr(error, "/nonexistent/keys"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i <= KEY_FILE_MAX_BYTES / 64; i++) {
        (void)fprintf(file, "#%63s", "\n");
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(key_file_open(path, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "larger than"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_line_with_all_caps, end_lines),
        cmocka_unit_test_teardown(nothing_is_a_valid_file, end_lines),
        cmocka_unit_test_teardown(caps_belong_to_the_name, end_lines),
        cmocka_unit_test_teardown(refuses_with_the_line, end_lines),
        cmocka_unit_test_teardown(never_shows_a_key, end_lines),
        cmocka_unit_test_teardown(too_many_keys, end_lines),
        cmocka_unit_test_setup_teardown(opens_and_reads_again, make_file, remove_file),
        cmocka_unit_test_setup_teardown(refuses_files, make_file, remove_file),
    };
    return cmocka_run_group_tests_name("key_file", tests, NULL, NULL);
}
