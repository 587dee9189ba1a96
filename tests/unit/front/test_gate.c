#include "front/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#include "front/key_hash.h"

#define SECOND 1000000ull

static struct gate gate;
static uint64_t now = 100 * SECOND;

/* A file of keys: one line each, "name key caps". */
static int file_of(const char *const *entries) {
    int fd = memfd_create("keys", 0);
    assert_true(fd >= 0);
    for (unsigned char i = 1; *entries; entries++, i++) {
        char name[80], key[80];
        int end = 0;
        unsigned char salt[KEY_SALT_BYTES] = {i}, digest[KEY_DIGEST_BYTES];
        assert_int_equal(sscanf(*entries, "%79s %79s%n", name, key, &end), 2);
        key_hash(salt, key, strlen(key), digest);
        dprintf(fd, "%s sha256:", name);
        for (size_t j = 0; j < sizeof salt; j++) {
            dprintf(fd, "%02x", salt[j]);
        }
        dprintf(fd, ":");
        for (size_t j = 0; j < sizeof digest; j++) {
            dprintf(fd, "%02x", digest[j]);
        }
        dprintf(fd, "%s\n", *entries + end);
    }
    return fd;
}

#define ENTRIES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void load(const char *const *entries) {
    char error[256] = "";
    int fd = file_of(entries);
    if (keys_load(&gate.keys, &gate.accounts, fd, now, error, sizeof error) != 0) {
        fail_msg("%s", error);
    }
    close(fd);
}

static int end_gate(void **state) {
    (void)state;
    gate_end(&gate);
    assert_null(gate.accounts.first);
    return 0;
}

static struct problem problem;
static struct gate_pass pass;

static int judge(enum http_route route, const char *key) {
    struct http_judgement head = {.route = route, .key = key, .key_len = key ? strlen(key) : 0};
    memset(&problem, 0, sizeof problem);
    int error = gate_judge(&gate, &head, NULL, now, &pass, &problem);
    account_release(&gate.accounts, pass.account); /* its rows hold it still */
    return error;
}

static int run_as(const char *key) {
    return judge(ROUTE_EXECUTE, key);
}

/* The example of FIPS 180-2 in two parts: what stands in a file now has to match for ever. */
static void the_hash_is_sha256_of_salt_and_key(void **state) {
    (void)state;
    const unsigned char expected[] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26,
                                      0x93, 0x0c, 0x3e, 0x60, 0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff,
                                      0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1};
    const char *text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    unsigned char digest[KEY_DIGEST_BYTES];
    key_hash((const unsigned char *)text, text + KEY_SALT_BYTES, strlen(text) - KEY_SALT_BYTES, digest);
    assert_memory_equal(digest, expected, sizeof expected);
}

static void keys_are_told_apart(void **state) {
    (void)state;
    load(ENTRIES("alice pyx_one", "bob pyx_two", "alice pyx_three running=3"));
    assert_int_equal(run_as("pyx_one"), 0);
    assert_string_equal(pass.account->name, "alice");
    struct account *alice = pass.account;
    assert_int_equal(run_as("pyx_three"), 0);
    assert_ptr_equal(pass.account, alice);
    assert_int_equal(alice->caps.running, 3);
    assert_int_equal(run_as("pyx_two"), 0);
    assert_string_equal(pass.account->name, "bob");
    const char *const wrong[] = {NULL, "", "pyx_on", "pyx_onee", "PYX_ONE", "alice", " pyx_one"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(run_as(wrong[i]), -EPERM);
        assert_int_equal(problem.status, 401);
        assert_string_equal(problem.error, "unauthorized");
        assert_non_null(strstr(problem.challenge, wrong[i] ? "invalid_token" : "Bearer"));
        assert_null(pass.account);
    }
}

static void health_and_options_need_no_key(void **state) {
    (void)state;
    load(ENTRIES("alice pyx_one requests_per_minute=1"));
    assert_int_equal(judge(ROUTE_HEALTH, NULL), 0);
    assert_null(pass.account);
    assert_int_equal(judge(ROUTE_HEALTH, "pyx_no"), 0);
    assert_null(pass.account);
    assert_int_equal(judge(ROUTE_OPTIONS, NULL), 0);
    for (int i = 0; i < 5; i++) { /* and they are not counted */
        assert_int_equal(judge(ROUTE_HEALTH, "pyx_one"), 0);
        assert_string_equal(pass.account->name, "alice");
    }
    assert_int_equal(run_as("pyx_one"), 0);
    assert_int_equal(run_as("pyx_one"), -EPERM);
}

static void an_empty_file_lets_nobody_in(void **state) {
    (void)state;
    load(ENTRIES(NULL));
    assert_int_equal(run_as(NULL), -EPERM);
    assert_int_equal(run_as("x"), -EPERM);
    assert_int_equal(problem.status, 401);
}

static void requests_a_minute(void **state) {
    (void)state;
    load(ENTRIES("alice pyx_one requests_per_minute=2", "alice pyx_two", "bob pyx_three"));
    assert_int_equal(run_as("pyx_one"), 0);
    assert_true(pass.note.is_there);
    assert_int_equal(pass.note.limit, 2);
    assert_int_equal(pass.note.left, 1);
    assert_int_equal(pass.note.reset_s, 30);
    assert_int_equal(run_as("pyx_two"), 0); /* the same name, the same count */
    assert_int_equal(pass.note.left, 0);
    assert_int_equal(run_as("pyx_one"), -EPERM);
    assert_int_equal(problem.status, 429);
    assert_string_equal(problem.error, "rate_limited");
    assert_int_equal(problem.retry_after, 30);
    assert_int_equal(pass.note.left, 0);
    assert_int_equal(pass.note.reset_s, 60);
    assert_int_equal(run_as("pyx_three"), 0);
    assert_false(pass.note.is_there);
    now += 30 * SECOND;
    assert_int_equal(run_as("pyx_one"), 0);
}

static void cpu_time_a_minute(void **state) {
    (void)state;
    load(ENTRIES("alice pyx_one cpu_seconds_per_minute=6"));
    assert_int_equal(run_as("pyx_one"), 0);
    rate_bucket_charge(&pass.account->cpu, 9e6, now);
    assert_int_equal(run_as("pyx_one"), -EPERM);
    assert_int_equal(problem.status, 429);
    assert_int_equal(pass.note.limit, 6);
    assert_string_equal(pass.note.of_what, "cpu seconds");
    assert_in_range(problem.retry_after, 30, 31);
    now += problem.retry_after * SECOND;
    assert_int_equal(run_as("pyx_one"), 0);
}

static void what_a_run_may_ask(void **state) {
    (void)state;
    struct settings settings;
    settings_default(&settings);
    load(ENTRIES("alice pyx_one max_timeout=5 max_memory_mb=128", "bob pyx_two max_memory_mb=16",
                 "carol pyx_3 running=0", "dave pyx_4"));
    assert_int_equal(run_as("pyx_one"), 0);
    struct settings lowered = settings;
    gate_lower_defaults(pass.account, &lowered);
    assert_int_equal(lowered.default_timeout_ms, 5000);
    assert_int_equal(lowered.default_memory_bytes, 128u << 20);
    struct run_input input = {.timeout_ms = 5000, .memory_bytes = 128u << 20};
    assert_int_equal(gate_judge_input(pass.account, &settings, &input, &problem), 0);
    input.timeout_ms = 5001;
    assert_int_equal(gate_judge_input(pass.account, &settings, &input, &problem), -EPERM);
    assert_int_equal(problem.status, 403);
    assert_string_equal(problem.error, "forbidden");
    input.timeout_ms = 1;
    input.memory_bytes++;
    assert_int_equal(gate_judge_input(pass.account, &settings, &input, &problem), -EPERM);
    assert_non_null(strstr(problem.message, "128"));
    /* Never below the least that a run may ask: there would be nothing left to ask. */
    assert_int_equal(run_as("pyx_two"), 0);
    gate_lower_defaults(pass.account, &lowered);
    assert_int_equal(lowered.default_memory_bytes, settings.min_memory_bytes);
    assert_int_equal(run_as("pyx_3"), -EPERM);
    assert_int_equal(problem.status, 403);
    assert_int_equal(run_as("pyx_4"), 0);
    lowered = settings;
    gate_lower_defaults(pass.account, &lowered);
    assert_memory_equal(&lowered, &settings, sizeof settings);
}

static void another_file_keeps_what_was_used(void **state) {
    (void)state;
    load(ENTRIES("alice pyx_one requests_per_minute=10", "bob pyx_two"));
    assert_int_equal(run_as("pyx_one"), 0);
    struct account *alice = pass.account;
    assert_int_equal(run_as("pyx_two"), 0);
    struct account *bob = account_hold(pass.account); /* a run of his is on */
    load(ENTRIES("alice pyx_new requests_per_minute=20"));
    assert_int_equal(run_as("pyx_one"), -EPERM);
    assert_int_equal(run_as("pyx_two"), -EPERM);
    assert_int_equal(run_as("pyx_new"), 0);
    assert_ptr_equal(pass.account, alice);
    assert_int_equal(pass.note.limit, 20);
    assert_int_equal(pass.note.left, 18);
    assert_string_equal(bob->name, "bob");
    account_release(&gate.accounts, bob);
}

static void a_bad_file_changes_nothing(void **state) {
    (void)state;
    char error[256] = "";
    load(ENTRIES("alice pyx_one"));
    int fd = memfd_create("keys", 0);
    assert_int_equal(write(fd, "alice\n", 6), 6);
    assert_int_equal(keys_load(&gate.keys, &gate.accounts, fd, now, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "line 1"));
    close(fd);
    assert_int_equal(run_as("pyx_one"), 0);
}

/* ---- without keys ---- */

static struct account *account_at(const char *text) {
    struct sockaddr_storage address = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&address;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        address.ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
        address.ss_family = AF_INET6;
    }
    struct http_judgement head = {.route = ROUTE_EXECUTE, .key = "ignored", .key_len = 7};
    assert_int_equal(gate_judge(&gate, &head, (struct sockaddr *)&address, now, &pass, &problem), 0);
    assert_string_equal(pass.account->name, "anonymous");
    assert_false(pass.note.is_there);
    return pass.account;
}

static void without_keys_addresses_are_told_apart(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        int same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", 1},          {"192.0.2.1", "192.0.2.2", 0},
        {"192.0.2.1", "::ffff:192.0.2.1", 1},   {"::ffff:192.0.2.1", "::ffff:192.0.2.2", 0},
        {"2001:db8::1", "2001:db8::ffff:2", 1}, {"2001:db8::1", "2001:db8:0:1::1", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct account *a = account_at(cases[i].a), *b = account_at(cases[i].b);
        assert_int_equal(a == b, cases[i].same);
        account_release(&gate.accounts, a);
        account_release(&gate.accounts, b);
        assert_null(gate.accounts.first); /* nobody is remembered */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_sha256_of_salt_and_key),
        cmocka_unit_test_teardown(keys_are_told_apart, end_gate),
        cmocka_unit_test_teardown(health_and_options_need_no_key, end_gate),
        cmocka_unit_test_teardown(an_empty_file_lets_nobody_in, end_gate),
        cmocka_unit_test_teardown(requests_a_minute, end_gate),
        cmocka_unit_test_teardown(cpu_time_a_minute, end_gate),
        cmocka_unit_test_teardown(what_a_run_may_ask, end_gate),
        cmocka_unit_test_teardown(another_file_keeps_what_was_used, end_gate),
        cmocka_unit_test_teardown(a_bad_file_changes_nothing, end_gate),
        cmocka_unit_test_teardown(without_keys_addresses_are_told_apart, end_gate),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
