#include "base/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "unit.h"

#define MIB (1024u * 1024u)

static char error[512];

/* Reads one environment entry (or none) and up to two arguments. */
static int read_these(const char *entry, const char *first, const char *second, struct settings *settings) {
    char *argv[] = {"pyexecd", (char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL};
    char *environment[] = {"PATH=/usr/bin", (char *)(uintptr_t)entry, NULL};
    int argc = 1 + (first != NULL) + (second != NULL);
    error[0] = '\0';
    return settings_read(argc, argv, environment, settings, error, sizeof error);
}

static int read_flag(const char *argument, struct settings *settings) {
    return read_these(NULL, argument, NULL, settings);
}

static void assert_refused(int result, const char *part_of_message) {
    assert_int_equal(result, -EINVAL);
    if (!strstr(error, part_of_message)) {
        fail_msg("\"%s\" does not say \"%s\"", error, part_of_message);
    }
}

static void test_defaults(void **state) {
    struct settings settings;
    (void)state;
    assert_int_equal(settings_read(0, NULL, NULL, &settings, error, sizeof error), 0);
    assert_string_equal(settings.listen, "127.0.0.1:8080");
    assert_int_equal(settings.default_timeout_ms, 10000);
    assert_int_equal(settings.max_timeout_ms, 60000);
    assert_int_equal(settings.default_memory_bytes, 512ull * MIB);
    assert_int_equal(settings.min_memory_bytes, 64ull * MIB);
    assert_int_equal(settings.max_memory_bytes, 2048ull * MIB);
    assert_int_equal(settings.max_cpu_ms, 60000);
    assert_int_equal(settings.max_disk_bytes, 128ull * MIB);
    assert_int_equal(settings.max_body_bytes, 16ull * MIB);
    assert_int_equal(settings.max_result_bytes, 8ull * MIB);
    assert_int_equal(settings.guest_max_age_ms, 3600000);
    assert_int_equal(settings.uid_base, 1900000000);
    assert_int_equal(settings.log_level, LOG_LEVEL_INFO);
}

static void test_lists_of_paths_and_modules(void **state) {
    struct settings settings;
    (void)state;
    assert_int_equal(read_flag("--site-packages=/opt/a:/opt/b", &settings), 0);
    assert_string_equal(settings.site_packages, "/opt/a:/opt/b");
    assert_int_equal(read_flag("--preload=networkx,scipy.stats,_x1", &settings), 0);
    assert_string_equal(settings.preload, "networkx,scipy.stats,_x1");
    assert_int_equal(read_flag("--preload=", &settings), 0);
    static const char *const wrong[] = {
        "--site-packages=a",    "--site-packages=/a:b", "--site-packages=/a:", "--site-packages=:/a",
        "--site-packages=/a::", "--preload=a b",        "--preload=a-b",       "--preload=,a",
        "--preload=a,",         "--preload=a..b",       "--preload=1a",        "--preload=a.1",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(read_flag(wrong[i], &settings), -EINVAL);
    }
}

static void test_lists_of_origins_and_hosts(void **state) {
    struct settings settings;
    (void)state;
    assert_int_equal(read_flag("--cors-origins=https://app.example.org,http://[::1]:3000", &settings), 0);
    assert_string_equal(settings.cors_origins, "https://app.example.org,http://[::1]:3000");
    assert_int_equal(read_flag("--cors-origins=", &settings), 0);
    assert_string_equal(settings.cors_origins, "");
    assert_int_equal(read_flag("--allowed-hosts=runner.example.org,a-b", &settings), 0);
    assert_string_equal(settings.allowed_hosts, "runner.example.org,a-b");
    static const char *const wrong[] = {
        "--cors-origins=*",          "--cors-origins=app.example.org",
        "--cors-origins=https://",   "--cors-origins=https://a/",
        "--cors-origins=https://a,", "--cors-origins=https://a, https://b",
        "--cors-origins=null",       "--allowed-hosts=a:80",
        "--allowed-hosts=*",         "--allowed-hosts=,",
        "--allowed-hosts=a b",       "--allowed-hosts=http://a",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_refused(read_flag(wrong[i], &settings), "separated by commas");
    }
}

static void test_flag_with_equals_sign_or_without(void **state) {
    struct settings settings;
    (void)state;
    assert_int_equal(read_flag("--max-timeout=120", &settings), 0);
    assert_int_equal(settings.max_timeout_ms, 120000);
    assert_int_equal(read_these(NULL, "--max-timeout", "90", &settings), 0);
    assert_int_equal(settings.max_timeout_ms, 90000);
    assert_int_equal(read_these(NULL, "--max-timeout=90", "--max-timeout=80", &settings), 0);
    assert_int_equal(settings.max_timeout_ms, 80000);
}

static void test_flag_wins_over_environment(void **state) {
    struct settings settings;
    (void)state;
    assert_int_equal(read_these("PYEXEC_MAX_TIMEOUT=30", NULL, NULL, &settings), 0);
    assert_int_equal(settings.max_timeout_ms, 30000);
    assert_int_equal(read_these("PYEXEC_MAX_TIMEOUT=30", "--max-timeout=40", NULL, &settings), 0);
    assert_int_equal(settings.max_timeout_ms, 40000);
}

static void test_units(void **state) {
    struct settings settings;
    (void)state;
    assert_int_equal(read_flag("--queue-timeout=0.25", &settings), 0);
    assert_int_equal(settings.queue_timeout_ms, 250);
    assert_int_equal(read_flag("--queue-timeout=2.125", &settings), 0);
    assert_int_equal(settings.queue_timeout_ms, 2125);
    assert_int_equal(read_flag("--max-memory-mb=4096", &settings), 0);
    assert_int_equal(settings.max_memory_bytes, 4096ull * MIB);
    assert_int_equal(read_flag("--log-level=debug", &settings), 0);
    assert_int_equal(settings.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(read_flag("--listen=:0", &settings), 0);
    assert_string_equal(settings.listen, ":0");
}

static void test_ends_of_every_range(void **state) {
    size_t count;
    const struct setting *table = settings_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (table[i].most == 0) { /* no number */
            continue;
        }
        const uint64_t outside[] = {table[i].most + 1, table[i].least - 1}; /* 0 - 1 is far over the most */
        for (size_t j = 0; j < COUNT_OF(outside); j++) {
            struct settings settings;
            char flag[96];
            int n = snprintf(flag, sizeof flag, "--%s=%llu", table[i].name, (unsigned long long)outside[j]);
            for (int k = 0; k < n; k++) {
                flag[k] = (char)(flag[k] == '_' ? '-' : flag[k]);
            }
            assert_refused(read_flag(flag, &settings), "number from");
        }
    }
}

static void test_values_that_are_no_numbers(void **state) {
    static const char *const values[] = {"",
                                         " 1",
                                         "1 ",
                                         "-1",
                                         "+1",
                                         "1e3",
                                         "0x10",
                                         "ten",
                                         "1,5",
                                         "1..5",
                                         "1.",
                                         ".5",
                                         "inf",
                                         "nan",
                                         "1.2345",
                                         "18446744073709551616",
                                         "1s",
                                         "99999999999999999999999999",
                                         "18446744073709551.999"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct settings settings;
        char flag[96];
        (void)snprintf(flag, sizeof flag, "--max-timeout=%s", values[i]);
        assert_refused(read_flag(flag, &settings), "expected a number from 1 to 86400 seconds, such as 60");
        (void)snprintf(flag, sizeof flag, "--max-files=%s", values[i]);
        assert_refused(read_flag(flag, &settings), "expected a whole number from 0 to 10000, such as 100");
    }
    struct settings settings;
    assert_refused(read_flag("--max-files=1.5", &settings), "whole number");
    assert_refused(read_flag("--log-level=loud", &settings), "error, warning, info or debug");
    assert_refused(read_these("PYEXEC_MAX_FILES=", NULL, NULL, &settings), "PYEXEC_MAX_FILES=");
    assert_refused(read_these("PYEXEC_MAX_FILES", NULL, NULL, &settings), "PYEXEC_MAX_FILES=");
}

static void test_unknown_names_get_the_nearest(void **state) {
    struct settings settings;
    (void)state;
    assert_refused(read_flag("--max-timout=5", &settings),
                   "unknown flag --max-timout; the nearest known one is --max-timeout");
    assert_refused(read_flag("--max_timeout=5", &settings), "--max-timeout");
    assert_refused(read_flag("--", &settings), "unknown flag");
    assert_refused(read_these("PYEXEC_MAXTIMEOUT=5", NULL, NULL, &settings),
                   "unknown environment variable PYEXEC_MAXTIMEOUT; the nearest known one is PYEXEC_MAX_TIMEOUT");
    assert_refused(read_these("PYEXEC_=5", NULL, NULL, &settings), "unknown environment variable PYEXEC_;");
    assert_refused(read_these("PYEXEC_max_timeout=5", NULL, NULL, &settings), "PYEXEC_MAX_TIMEOUT");
    assert_int_equal(read_these("PYEXECUTOR=5", NULL, NULL, &settings), 0);

    static char endless[100000] = "--";
    memset(endless + 2, 'x', sizeof endless - 3);
    assert_refused(read_flag(endless, &settings), "unknown flag --xxx");
}

static void test_arguments_that_are_no_settings(void **state) {
    struct settings settings;
    (void)state;
    assert_refused(read_flag("8080", &settings), "unexpected argument 8080");
    assert_refused(read_flag("-p", &settings), "unexpected argument -p");
    assert_refused(read_flag("", &settings), "unexpected argument");
    assert_refused(read_flag("--max-timeout", &settings), "--max-timeout needs a value, such as --max-timeout=60");
    assert_refused(read_these(NULL, "--listen", "--max-timeout=5", &settings), "--listen needs a value");
}

static void test_contradictions(void **state) {
    struct settings settings;
    (void)state;
    assert_refused(read_flag("--max-timeout=5", &settings),
                   "default_timeout (10 seconds, the default) is over max_timeout (5 seconds, --max-timeout)");
    assert_refused(read_these("PYEXEC_MIN_MEMORY_MB=600", NULL, NULL, &settings),
                   "min_memory_mb (600 MiB, PYEXEC_MIN_MEMORY_MB) is over default_memory_mb");
    assert_refused(read_flag("--min-memory-mb=4096", &settings),
                   "min_memory_mb (4096 MiB, --min-memory-mb) is over max_memory_mb");
    assert_refused(read_flag("--default-memory-mb=2049", &settings), "is over max_memory_mb (2048 MiB, the default)");
    assert_refused(read_flag("--max-file-mb=129", &settings),
                   "max_file_mb (129 MiB, --max-file-mb) is over max_disk_mb (128 MiB, the default)");
    assert_refused(read_flag("--max-script-bytes=16777217", &settings),
                   "is over max_body_bytes (16777216 bytes, the default)");
    assert_int_equal(read_these(NULL, "--max-timeout=5", "--default-timeout=5", &settings), 0);
}

/* A Service called "pyexec" puts these into every container of its namespace. */
static void test_what_is_meant_for_others_is_left_alone(void **state) {
    static const char *const links[] = {"PYEXEC_SERVICE_HOST=10.0.0.7", "PYEXEC_SERVICE_PORT=8080",
                                        "PYEXEC_SERVICE_PORT_HTTP=8080", "PYEXEC_PORT=tcp://10.0.0.7:8080",
                                        "PYEXEC_PORT_8080_TCP=tcp://10.0.0.7:8080",
                                        "PYEXEC_PORT_8080_TCP_ADDR=10.0.0.7",
                                        /* and these are for pyexec(1) */
                                        "PYEXEC_URL=http://127.0.0.1:8080", "PYEXEC_API_KEY=pyx_secret"};
    static const char *const others[] = {"PYEXEC_PORT=8080",       "PYEXEC_PORTS=tcp://10.0.0.7:8080",
                                         "PYEXEC_SERVICE_HOSTS=x", "PYEXEC_SERVICE_PORTAL=1",
                                         "PYEXEC_PORT_X=1",        "PYEXEC_URLS=http://127.0.0.1:8080"};
    struct settings settings;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        assert_int_equal(read_these(links[i], NULL, NULL, &settings), 0);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_refused(read_these(others[i], NULL, NULL, &settings), "unknown environment variable");
    }
}

static const struct setting *seen_restart[8];
static size_t n_seen_restart;

static void on_restart(void *context, const struct setting *setting) {
    assert_ptr_equal(context, &n_seen_restart);
    assert_true(n_seen_restart < COUNT_OF(seen_restart));
    seen_restart[n_seen_restart++] = setting;
}

static void test_merge_takes_what_reloads_and_names_the_rest(void **state) {
    struct settings current, wanted, merged;
    (void)state;
    assert_int_equal(read_flag("--pool-lean=3", &current), 0);
    assert_int_equal(read_these("PYEXEC_MAX_RUNNING=7", "--max-timeout=30", "--log-level=debug", &wanted), 0);
    n_seen_restart = 0;
    assert_int_equal(settings_merge(&current, &wanted, &merged, on_restart, &n_seen_restart, error, sizeof error), 0);
    assert_int_equal(merged.max_timeout_ms, 30000);
    assert_int_equal(merged.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(merged.pool_lean, 3);
    assert_int_equal(merged.max_running, current.max_running);
    assert_int_equal(n_seen_restart, 2);
    assert_string_equal(seen_restart[0]->name, "max_running");
    assert_string_equal(seen_restart[1]->name, "pool_lean");
}

/* max_disk_mb stays what it was, and no row that reloads is paired with one that does not, but for files on disk: both
 * of those wait. So a merge of two sound sets is sound, and this holds for rows to come. */
static void test_merge_of_contradictions(void **state) {
    struct settings current, wanted, merged;
    (void)state;
    settings_default(&current);
    settings_default(&wanted);
    wanted.max_timeout_ms = 1000; /* which settings_load() would never have let through */
    memset(&merged, 0x5a, sizeof merged);
    const struct settings before = merged;
    assert_refused(settings_merge(&current, &wanted, &merged, on_restart, &n_seen_restart, error, sizeof error),
                   "default_timeout (10 seconds) is over max_timeout (1 seconds)");
    assert_memory_equal(&merged, &before, sizeof merged);
}

static void test_failure_leaves_the_settings_alone(void **state) {
    struct settings settings;
    (void)state;
    memset(&settings, 0x5a, sizeof settings);
    assert_refused(read_these("PYEXEC_MAX_FILES=5", "--max-timeout=0", NULL, &settings), "--max-timeout=0");
    for (size_t i = 0; i < sizeof settings; i++) {
        assert_int_equal(((unsigned char *)&settings)[i], 0x5a);
    }
}

static void test_message_fits_any_buffer(void **state) {
    struct settings settings;
    char *argv[] = {"pyexecd", "--nothing", NULL};
    char small[8] = "????????";
    (void)state;
    assert_int_equal(settings_read(2, argv, NULL, &settings, small, 4), -EINVAL);
    assert_string_equal(small, "unk");
    assert_int_equal(small[4], '?');
    assert_int_equal(settings_read(2, argv, NULL, &settings, NULL, 0), -EINVAL);
}

static void test_to_arguments_and_back(void **state) {
    struct settings settings, again;
    char *argv[] = {"pyexecd",
                    "--listen=[::1]:9",
                    "--max-timeout=86400",
                    "--default-timeout=1.005",
                    "--queue-timeout=0",
                    "--max-memory-mb=1048576",
                    "--uid-base=4294000000",
                    "--log-level=warning",
                    "--guest-max-runs=1000000000",
                    NULL};
    (void)state;
    assert_int_equal(settings_read((int)COUNT_OF(argv) - 1, argv, NULL, &settings, error, sizeof error), 0);
    char **arguments = settings_to_arguments(&settings, "pyexec-front");
    assert_non_null(arguments);
    assert_string_equal(arguments[0], "pyexec-front");
    int argc = 0;
    while (arguments[argc]) {
        argc++;
    }
    size_t count;
    (void)settings_table(&count);
    assert_int_equal(argc, count + 1);
    assert_int_equal(settings_read(argc, arguments, NULL, &again, error, sizeof error), 0);
    assert_memory_equal(&settings, &again, sizeof settings);
    free(arguments);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_lists_of_paths_and_modules),
        cmocka_unit_test(test_lists_of_origins_and_hosts),
        cmocka_unit_test(test_flag_with_equals_sign_or_without),
        cmocka_unit_test(test_flag_wins_over_environment),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_ends_of_every_range),
        cmocka_unit_test(test_values_that_are_no_numbers),
        cmocka_unit_test(test_unknown_names_get_the_nearest),
        cmocka_unit_test(test_arguments_that_are_no_settings),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_what_is_meant_for_others_is_left_alone),
        cmocka_unit_test(test_merge_takes_what_reloads_and_names_the_rest),
        cmocka_unit_test(test_merge_of_contradictions),
        cmocka_unit_test(test_failure_leaves_the_settings_alone),
        cmocka_unit_test(test_message_fits_any_buffer),
        cmocka_unit_test(test_to_arguments_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
