#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

/* Each test has its own sink in the place of standard error, and its own lines: another name forgets those before. */
static int saved_stderr;

static void use_sink(int fd, const char *name) {
    assert_true(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
    log_start(name, LOG_LEVEL_INFO);
    log_set_format(LOG_FORMAT_TEXT);
}

static void make_pipe(int ends[2], const char *name) {
    assert_int_equal(pipe(ends), 0);
    use_sink(ends[1], name);
    log_open_sink();
    log_start(name, LOG_LEVEL_INFO);
    /* The reader's end alone stays ours, so that the end of the text is seen. */
    (void)close(ends[1]);
}

static size_t read_all(int fd, char *text, size_t size) {
    size_t used = 0;
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        ssize_t n = read(fd, text + used, size - 1 - used);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
    }
    text[used] = '\0';
    return used;
}

static int restore(void **state) {
    (void)state;
    (void)dup2(saved_stderr, STDERR_FILENO);
    log_start("restored", LOG_LEVEL_INFO);
    return 0;
}

static void test_text(void **state) {
    int ends[2];
    char text[1000];
    (void)state;
    make_pipe(ends, "text");
    errno = ENOENT;
    log_warning("%d files: %m", 3);
    assert_int_equal(errno, ENOENT);
    log_debug("not wanted");
    (void)read_all(ends[0], text, sizeof text);
    assert_int_equal(text[10], 'T');
    assert_string_equal(text + LOG_TIME_LENGTH, " warning text: 3 files: No such file or directory\n");
    (void)close(ends[0]);
}

static void test_json_is_one_object_whatever_is_said(void **state) {
    int ends[2];
    char text[9000];
    (void)state;
    make_pipe(ends, "json");
    log_set_format(LOG_FORMAT_JSON);
    log_error("a \"b\" \\ \n\x01 \xc3\xa9 c");
    (void)read_all(ends[0], text, sizeof text);
    assert_non_null(
        strstr(text, "\"level\": \"error\", \"process\": \"json\", \"message\": \"a \\\"b\\\" \\\\ ?? ?? c\"}\n"));
    assert_int_equal(memcmp(text, "{\"time\": \"", 10), 0);
    static char endless[9000];
    memset(endless, '"', sizeof endless - 1);
    log_error("%s", endless);
    size_t n = read_all(ends[0], text, sizeof text);
    assert_true(n < LOG_LINE_MAX);
    assert_string_equal(text + n - 3, "\"}\n");
    assert_int_equal(text[n - 4], '"');
    assert_int_equal(text[n - 5], '\\'); /* no escape is cut in two */
    (void)close(ends[0]);
}

static unsigned long long dropped_in(const char *text) {
    unsigned long long n = 0;
    const char *words = strstr(text, "log lines were dropped");
    if (!words) {
        return 0;
    }
    while (words > text && words[-1] != ':') {
        words--;
    }
    assert_int_equal(sscanf(words, "%llu", &n), 1);
    return n;
}

/* A reader that has stopped: no call waits, the oldest lines are kept, the rest is counted, and the count is told. */
static void test_a_sink_that_blocks(void **state) {
    static char text[1 << 20];
    int ends[2];
    const unsigned n_lines = 20000;
    (void)state;
    make_pipe(ends, "blocked");
    (void)alarm(20);
    for (unsigned i = 0; i < n_lines; i++) {
        log_info("line %u", i);
    }
    (void)alarm(0);
    assert_int_equal(log_flush(), 1);
    size_t used = 0;
    for (int i = 0; i < 100; i++) {
        used += read_all(ends[0], text + used, sizeof text - used);
        if (!log_flush()) {
            break;
        }
    }
    used += read_all(ends[0], text + used, sizeof text - used);
    unsigned seen = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char expected[40];
        (void)snprintf(expected, sizeof expected, ": line %u", seen);
        unsigned long long dropped = dropped_in(line);
        if (dropped > 0) {
            assert_int_equal(seen + dropped, n_lines);
            assert_null(strtok(NULL, "\n"));
            break;
        }
        assert_non_null(strstr(line, expected));
        seen++;
    }
    assert_true(seen > 1000 && seen < n_lines);
    log_info("afterwards");
    used = read_all(ends[0], text, sizeof text);
    assert_non_null(strstr(text, ": afterwards\n"));
    assert_null(strstr(text, "dropped"));
    (void)close(ends[0]);
}

/* Without the right to open it anew: asked before each write. */
static void test_a_sink_that_could_not_be_opened_anew(void **state) {
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    use_sink(ends[1], "shared");
    (void)alarm(20);
    for (unsigned i = 0; i < 5000; i++) {
        log_info("line %u", i);
    }
    (void)alarm(0);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(log_flush(), 1);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void test_opening_it_anew_changes_nothing_for_others(void **state) {
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    use_sink(ends[1], "anew");
    log_open_sink();
    assert_true(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
    assert_false(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void test_a_socket(void **state) {
    int ends[2];
    char text[300];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    use_sink(ends[1], "socket");
    log_open_sink();
    log_info("hello");
    (void)read_all(ends[0], text, sizeof text);
    assert_non_null(strstr(text, "info socket: hello\n"));
    (void)alarm(20);
    for (unsigned i = 0; i < 20000; i++) {
        log_info("line %u", i);
    }
    (void)alarm(0);
    assert_int_equal(log_flush(), 1);
    assert_false(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* A full disk: nothing is kept for ever, and when there is room again the log says how much is missing. */
static void test_a_sink_that_is_full(void **state) {
    char text[300];
    int ends[2];
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    use_sink(full, "full");
    for (unsigned i = 0; i < 7; i++) {
        log_info("line %u", i);
        assert_int_equal(log_flush(), 0);
    }
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    (void)log_flush();
    (void)read_all(ends[0], text, sizeof text);
    assert_int_equal(dropped_in(text), 7);
    (void)close(full);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void test_a_sink_that_has_gone(void **state) {
    int ends[2];
    (void)state;
    make_pipe(ends, "gone");
    (void)close(ends[0]);
    log_info("nobody reads this");
    assert_int_equal(log_flush(), 0);
}

static void test_a_child_with_another_name_owes_nothing(void **state) {
    static char text[1 << 20];
    int ends[2];
    (void)state;
    make_pipe(ends, "parent");
    for (unsigned i = 0; i < 3000; i++) {
        log_info("line %u", i);
    }
    assert_int_equal(log_flush(), 1);
    pid_t pid = fork();
    if (pid == 0) {
        log_start("child", LOG_LEVEL_INFO);
        _exit(log_flush());
    }
    int status = 0;
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)read_all(ends[0], text, sizeof text);
    (void)close(ends[0]);
}

static void test_lines_of_others(void **state) {
    int ends[2];
    static char text[2 * LOG_LINE_MAX], line[2 * LOG_LINE_MAX];
    (void)state;
    make_pipe(ends, "others");
    log_write("{}", 2);
    assert_int_equal(read_all(ends[0], text, sizeof text), 3);
    assert_string_equal(text, "{}\n");
    memset(line, 'x', sizeof line);
    log_write(line, sizeof line);
    assert_int_equal(read_all(ends[0], text, sizeof text), LOG_LINE_MAX);
    (void)close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_text, restore),
        cmocka_unit_test_teardown(test_json_is_one_object_whatever_is_said, restore),
        cmocka_unit_test_teardown(test_a_sink_that_blocks, restore),
        cmocka_unit_test_teardown(test_a_sink_that_could_not_be_opened_anew, restore),
        cmocka_unit_test_teardown(test_opening_it_anew_changes_nothing_for_others, restore),
        cmocka_unit_test_teardown(test_a_socket, restore),
        cmocka_unit_test_teardown(test_a_sink_that_is_full, restore),
        cmocka_unit_test_teardown(test_a_sink_that_has_gone, restore),
        cmocka_unit_test_teardown(test_a_child_with_another_name_owes_nothing, restore),
        cmocka_unit_test_teardown(test_lines_of_others, restore),
    };
    saved_stderr = dup(STDERR_FILENO);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
