#include "wire/run_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct run_request_header good_header(void) {
    return (struct run_request_header){.magic = RUN_REQUEST_MAGIC, .mode = RUN_MODE_MAIN, .banner = 1};
}

static void assert_refused(const struct run_request_header *header) {
    uint64_t size = 42;
    assert_int_equal(run_request_body_size(header, &size), -EPROTO);
    assert_int_equal(size, 42);
}

static void test_body_size_is_the_sum(void **state) {
    struct run_request_header header = good_header();
    uint64_t size = 42;
    (void)state;
    assert_int_equal(run_request_body_size(&header, &size), 0);
    assert_int_equal(size, 0);
    header.script_len = 1;
    header.args_len = 10;
    header.kwargs_len = 100;
    header.env_len = 1000;
    header.files_len = 10000;
    header.stdin_len = 100000;
    assert_int_equal(run_request_body_size(&header, &size), 0);
    assert_int_equal(size, 111111);
    header.stdin_len = RUN_REQUEST_MAX_BYTES - 11111;
    assert_int_equal(run_request_body_size(&header, &size), 0);
    assert_int_equal(size, RUN_REQUEST_MAX_BYTES);
    header.stdin_len++;
    assert_refused(&header);
}

static void test_hostile_lengths(void **state) {
    static const uint64_t hostile[] = {RUN_REQUEST_MAX_BYTES + 1ull, 1ull << 32, 1ull << 63, UINT64_MAX,
                                       UINT64_MAX - RUN_REQUEST_MAX_BYTES};
    static const size_t fields[] = {
        offsetof(struct run_request_header, script_len), offsetof(struct run_request_header, args_len),
        offsetof(struct run_request_header, kwargs_len), offsetof(struct run_request_header, env_len),
        offsetof(struct run_request_header, files_len),  offsetof(struct run_request_header, stdin_len)};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        for (size_t j = 0; j < COUNT_OF(hostile); j++) {
            struct run_request_header header = good_header();
            header.script_len = 7;
            memcpy((char *)&header + fields[i], &hostile[j], sizeof hostile[j]);
            assert_refused(&header);
        }
    }
    /* Two halves whose sum wraps to 0. */
    struct run_request_header header = good_header();
    header.script_len = 1ull << 63;
    header.stdin_len = 1ull << 63;
    assert_refused(&header);
}

static void test_bad_headers(void **state) {
    struct run_request_header header = good_header();
    (void)state;
    header.magic++;
    assert_refused(&header);
    header = good_header();
    header.mode = RUN_MODE_SCRIPT + 1;
    assert_refused(&header);
    header = good_header();
    header.banner = 2;
    assert_refused(&header);
    header = good_header();
    header.reserved = 1;
    assert_refused(&header);
}

/* Appends an entry to section[0 .. *size). */
static void add_entry(unsigned char *section, size_t *size, const char *name, const char *value) {
    struct run_request_entry entry = {(uint32_t)strlen(name), (uint32_t)strlen(value)};
    memcpy(section + *size, &entry, sizeof entry);
    memcpy(section + *size + sizeof entry, name, entry.name_len);
    memcpy(section + *size + sizeof entry + entry.name_len, value, entry.value_len);
    *size += sizeof entry + entry.name_len + entry.value_len;
}

static void test_entries_round_trip(void **state) {
    static const char *const pairs[][2] = {{"TZ", "UTC"}, {"EMPTY", ""}, {"", "nameless"}, {"", ""}, {"last", "one"}};
    unsigned char section[256];
    size_t size = 0;
    uint64_t offset = 0;
    const unsigned char *name, *value;
    uint32_t name_len, value_len;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        add_entry(section, &size, pairs[i][0], pairs[i][1]);
    }
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert_int_equal(run_request_next_entry(section, size, &offset, &name, &name_len, &value, &value_len), 1);
        assert_int_equal(name_len, strlen(pairs[i][0]));
        assert_memory_equal(name, pairs[i][0], name_len);
        assert_int_equal(value_len, strlen(pairs[i][1]));
        assert_memory_equal(value, pairs[i][1], value_len);
    }
    assert_int_equal(offset, size);
    assert_int_equal(run_request_next_entry(section, size, &offset, &name, &name_len, &value, &value_len), 0);
    assert_int_equal(offset, size);
}

/* Every cut of a good section ends in -EPROTO or, between two entries, cleanly; never outside the bytes that are there
 * (each cut lies in an allocation of its own size, so that a sanitizer or valgrind sees a step too far). */
static void test_every_truncation(void **state) {
    unsigned char section[64];
    size_t size = 0, first_size;
    (void)state;
    add_entry(section, &size, "name", "value");
    first_size = size;
    add_entry(section, &size, "n", "v");
    for (size_t cut = 0; cut <= size; cut++) {
        unsigned char *copy = malloc(cut + 1);
        const unsigned char *name, *value;
        uint32_t name_len, value_len;
        uint64_t offset = 0;
        int result;
        assert_non_null(copy);
        unsigned char *bytes = copy + 1; /* unaligned, and ends where the allocation ends */
        memcpy(bytes, section, cut);
        do {
            result = run_request_next_entry(bytes, cut, &offset, &name, &name_len, &value, &value_len);
            if (result == 1) {
                assert_true(value + value_len <= bytes + cut);
            }
        } while (result == 1);
        assert_int_equal(result, cut == 0 || cut == first_size || cut == size ? 0 : -EPROTO);
        free(copy);
    }
}

static void test_hostile_entries(void **state) {
    static const struct run_request_entry hostile[] = {
        {5, 0}, {0, 5}, {4, 1}, {1, 4}, {UINT32_MAX, UINT32_MAX}, {UINT32_MAX, 1}, {1, UINT32_MAX}, {4097, 0}};
    unsigned char section[sizeof(struct run_request_entry) + 4];
    const unsigned char *name = NULL, *value = NULL;
    uint32_t name_len = 0, value_len = 0;
    (void)state;
    memset(section, 'x', sizeof section);
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        uint64_t offset = 0;
        memcpy(section, &hostile[i], sizeof hostile[i]);
        assert_int_equal(run_request_next_entry(section, sizeof section, &offset, &name, &name_len, &value, &value_len),
                         -EPROTO);
        assert_int_equal(offset, 0);
        assert_null(name);
    }
    uint64_t behind_the_end = sizeof section + 1;
    assert_int_equal(
        run_request_next_entry(section, sizeof section, &behind_the_end, &name, &name_len, &value, &value_len),
        -EPROTO);
}

static void test_longest_name(void **state) {
    size_t size = sizeof(struct run_request_entry) + 4097;
    unsigned char *section = calloc(1, size);
    const unsigned char *name, *value;
    uint32_t name_len, value_len;
    (void)state;
    assert_non_null(section);
    for (uint32_t length = 4096; length <= 4097; length++) {
        struct run_request_entry entry = {length, 4097 - length};
        uint64_t offset = 0;
        memcpy(section, &entry, sizeof entry);
        assert_int_equal(run_request_next_entry(section, size, &offset, &name, &name_len, &value, &value_len),
                         length == 4096 ? 1 : -EPROTO);
    }
    free(section);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body_size_is_the_sum), cmocka_unit_test(test_hostile_lengths),
        cmocka_unit_test(test_bad_headers),          cmocka_unit_test(test_entries_round_trip),
        cmocka_unit_test(test_every_truncation),     cmocka_unit_test(test_hostile_entries),
        cmocka_unit_test(test_longest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
