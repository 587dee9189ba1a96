#include "base/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/settings.h"
#include "unit.h"

static char seen[512];
static char directory[] = "/tmp/settings-file-XXXXXX";
static char path[64];
static char error[512];

static int note(void *context, const struct settings_line *line) {
    (void)context;
    size_t used = strlen(seen);
    (void)snprintf(seen + used, sizeof seen - used, "%u[%s|%s]", line->number, line->name, line->value);
    return strcmp(line->name, "stop") == 0 ? 7 : 0;
}

static int parse(const char *text, size_t len, unsigned *ret_line, const char **ret_problem) {
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    seen[0] = '\0';
    int result = settings_file_parse(copy, len, note, NULL, ret_line, ret_problem);
    free(copy);
    return result;
}

static void assert_parsed(const char *text, const char *expected) {
    unsigned line;
    const char *problem;
    assert_int_equal(parse(text, strlen(text), &line, &problem), 0);
    assert_string_equal(seen, expected);
}

static void assert_bad_line(const char *text, size_t len, unsigned expected_line, const char *words) {
    unsigned line;
    const char *problem = NULL;
    assert_int_equal(parse(text, len, &line, &problem), -EINVAL);
    assert_int_equal(line, expected_line);
    assert_non_null(problem);
    assert_non_null(strstr(problem, words));
}

static void test_forms(void **state) {
    (void)state;
    assert_parsed("", "");
    assert_parsed("\n\n  \t\n", "");
    assert_parsed("# all\n  # of it\n", "");
    assert_parsed("a=1", "1[a|1]");
    assert_parsed("a=1\r\n  b\t=  2 3  \n\nc =\n", "1[a|1]2[b|2 3]4[c|]");
    assert_parsed("a = x=y\nb = x#y\n", "1[a|x=y]2[b|x#y]");
}

static void test_lines_that_are_none(void **state) {
    static const char nul[] = "a = 1\nb = \0x\n";
    (void)state;
    assert_bad_line("a = 1\nmax_timeout 5\n", 20, 2, "name = value");
    assert_bad_line("\n\n= 5", 5, 3, "name = value");
    assert_bad_line("[section]", 9, 1, "name = value");
    assert_bad_line("a = 5 # five\n", 13, 1, "a line of its own");
    assert_bad_line("a = # five\n", 11, 1, "a line of its own");
    assert_bad_line(nul, sizeof nul - 1, 2, "control character");
    assert_bad_line("a = \x1b[1m", 8, 1, "control character");
}

static void test_stops_when_told(void **state) {
    unsigned line;
    const char *problem;
    (void)state;
    assert_int_equal(parse("a=1\nstop=\nb=2\n", 14, &line, &problem), 7);
    assert_string_equal(seen, "1[a|1]2[stop|]");
    assert_int_equal(line, 2);
}

/* ---- with files ---- */

static void write_file(const char *text, size_t len) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int load(const char *text, const char *variable, const char *flag, struct settings *settings,
                struct settings_origins *origins) {
    char config[96];
    char *argv[] = {"pyexecd", config, (char *)(uintptr_t)flag, NULL};
    char *environment[] = {(char *)(uintptr_t)(variable ? variable : "PATH=/usr/bin"), NULL};
    const struct settings_sources sources = {
        .argc = flag ? 3 : 2, .argv = argv, .environment = environment, .read_file = 1};
    (void)snprintf(config, sizeof config, "--config=%s", path);
    write_file(text, strlen(text));
    error[0] = '\0';
    return settings_load(&sources, settings, origins, error, sizeof error);
}

static void assert_refused(const char *text, const char *message) {
    struct settings settings;
    char expected[600];
    assert_int_equal(load(text, NULL, NULL, &settings, NULL), -EINVAL);
    (void)snprintf(expected, sizeof expected, "%s%s", path, message);
    if (strncmp(error, expected, strlen(expected)) != 0) {
        fail_msg("\"%s\" does not begin with \"%s\"", error, expected);
    }
}

static void test_precedence(void **state) {
    struct settings settings;
    struct settings_origins origins;
    size_t count;
    const struct setting *table = settings_table(&count);
    (void)state;
    const char *text = "# mine\nmax_timeout = 20\nmax_files = 3\nmax_queue = 4\n";
    assert_int_equal(load(text, "PYEXEC_MAX_FILES=30", "--max-queue=40", &settings, &origins), 0);
    assert_int_equal(settings.max_timeout_ms, 20000);
    assert_int_equal(settings.max_files, 30);
    assert_int_equal(settings.max_queue, 40);
    assert_int_equal(settings.max_running, 64);
    assert_string_equal(settings.config, path);
    for (size_t i = 0; i < count; i++) {
        const struct settings_origin *origin = &origins.of[i];
        if (strcmp(table[i].name, "max_timeout") == 0) {
            assert_int_equal(origin->kind, SETTING_FROM_FILE);
            assert_int_equal(origin->line, 2);
        } else if (strcmp(table[i].name, "max_files") == 0) {
            assert_int_equal(origin->kind, SETTING_FROM_ENVIRONMENT);
        } else if (strcmp(table[i].name, "max_queue") == 0 || strcmp(table[i].name, "config") == 0) {
            assert_int_equal(origin->kind, SETTING_FROM_FLAG);
        } else {
            assert_int_equal(origin->kind, SETTING_FROM_DEFAULT);
        }
    }
}

static void test_a_flag_wins_before_a_contradiction_is_seen(void **state) {
    struct settings settings;
    (void)state;
    assert_int_equal(load("max_timeout = 5\n", NULL, "--default-timeout=5", &settings, NULL), 0);
}

static void test_messages_name_file_and_line(void **state) {
    (void)state;
    assert_refused("\nmax_timout = 5\n", ":2: unknown setting max_timout; the nearest known one is max_timeout");
    assert_refused("max-timeout = 5\n", ":1: unknown setting max-timeout; the nearest known one is max_timeout");
    assert_refused("max_timeout = 0\n", ":1: max_timeout=0: expected a number from 1 to 86400 seconds, such as 60");
    assert_refused("max_timeout =\n", ":1: max_timeout=: expected a number");
    assert_refused("log_level = loud\n", ":1: log_level=loud: expected error, warning, info or debug");
    assert_refused("listen = here\n", ":1: listen=here: expected address:port");
    assert_refused("max_files = 1\n\nmax_files = 2\n", ":3: max_files is set twice, on line 1 before");
    assert_refused("config = /etc/other\n", ":1: config: a file cannot name another");
    assert_refused("x\n", ":1: expected `name = value`");
    assert_refused("max_timeout = 20\ndefault_timeout = 30\n",
                   ":2: default_timeout (30 seconds, line 2) is over max_timeout (20 seconds, line 1)");
    assert_refused("\nmax_timeout = 5\n",
                   ":2: default_timeout (10 seconds, the default) is over max_timeout (5 seconds, line 2)");
}

static void test_files_that_are_none(void **state) {
    struct settings settings;
    (void)state;
    char *large = malloc(SETTINGS_FILE_MAX + 2);
    assert_non_null(large);
    memset(large, '\n', SETTINGS_FILE_MAX + 1);
    large[SETTINGS_FILE_MAX + 1] = '\0';
    assert_refused(large, ": the file is larger than 64 KiB");
    large[SETTINGS_FILE_MAX] = '\0';
    assert_int_equal(load(large, NULL, NULL, &settings, NULL), 0);
    free(large);

    char config[96];
    char *argv[] = {"pyexecd", config, NULL};
    struct settings_sources sources = {.argc = 2, .argv = argv, .read_file = 1};
    (void)snprintf(config, sizeof config, "--config=%s", directory);
    assert_int_equal(settings_load(&sources, &settings, NULL, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "no regular file"));
    (void)snprintf(config, sizeof config, "--config=%s.not-there", path);
    assert_int_equal(settings_load(&sources, &settings, NULL, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "No such file"));
    (void)snprintf(config, sizeof config, "--config=relative.conf");
    assert_int_equal(settings_load(&sources, &settings, NULL, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "an absolute path"));
    (void)snprintf(config, sizeof config, "--config=");
    assert_int_equal(settings_load(&sources, &settings, NULL, error, sizeof error), 0);

    /* A FIFO is refused; waiting for its writer would be for ever. */
    char fifo[80];
    (void)snprintf(fifo, sizeof fifo, "%s.fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    (void)snprintf(config, sizeof config, "--config=%s", fifo);
    assert_int_equal(settings_load(&sources, &settings, NULL, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "no regular file"));
    assert_int_equal(unlink(fifo), 0);
}

/* Whoever does not ask for the file (front, the sandboxes' side) never opens one. */
static void test_no_file_without_being_asked(void **state) {
    struct settings settings;
    char *argv[] = {"pyexec-front", "--config=/nonexistent/file", NULL};
    (void)state;
    assert_int_equal(settings_read(2, argv, NULL, &settings, error, sizeof error), 0);
    assert_string_equal(settings.config, "/nonexistent/file");
}

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(directory)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/pyexecd.conf", directory);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    (void)unlink(path);
    return rmdir(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_stops_when_told),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_a_flag_wins_before_a_contradiction_is_seen),
        cmocka_unit_test(test_messages_name_file_and_line),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_no_file_without_being_asked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
