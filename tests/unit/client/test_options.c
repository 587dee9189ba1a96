#include "client/options.h"

#include <string.h>

#include "unit.h"

#define MAX_WORDS 32

/* Splits the words of a command line, by blanks. */
static int read_line(const char *line, struct options *options, struct failure *failure) {
    static char text[512];
    char *words[MAX_WORDS] = {"pyexec"};
    int n = 1;
    (void)strncpy(text, line, sizeof text - 1);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        assert_true(n < MAX_WORDS - 1);
        words[n++] = word;
    }
    return options_read(n, words, options, failure);
}

static void test_a_whole_line(void **state) {
    struct options options;
    struct failure failure;
    (void)state;
    assert_int_equal(
        read_line("run --arg -1 -k a=2 script.py --file=x=y.csv --env TZ --stdin - --timeout 2.5 -m 256 --mode script "
                  "--json",
                  &options, &failure),
        0);
    assert_int_equal(options.command, COMMAND_RUN);
    assert_string_equal(options.script, "script.py");
    assert_int_equal(options.n_inputs, 4);
    assert_int_equal(options.inputs[0].kind, INPUT_ARG);
    assert_string_equal(options.inputs[0].text, "-1");
    assert_int_equal(options.inputs[1].kind, INPUT_KWARG);
    assert_int_equal(options.inputs[2].kind, INPUT_FILE);
    assert_string_equal(options.inputs[2].text, "x=y.csv");
    assert_int_equal(options.inputs[3].kind, INPUT_ENV);
    assert_string_equal(options.input_file, "-");
    assert_string_equal(options.timeout, "2.5");
    assert_string_equal(options.memory, "256");
    assert_string_equal(options.mode, "script");
    assert_true(options.json && !options.stream && !options.banner && !options.url && !options.local);
    assert_int_equal(options.retries, 5);
    options_free(&options);
}

static void test_what_prints(void **state) {
    static const struct {
        const char *line;
        enum command command;
    } rows[] = {
        {"--help", COMMAND_HELP},
        {"-h", COMMAND_HELP},
        {"run --help", COMMAND_HELP},
        {"--version", COMMAND_VERSION},
        {"-V", COMMAND_VERSION},
        {"limits -h", COMMAND_HELP},
        {"--print-options", COMMAND_PRINT_OPTIONS},
        {"health", COMMAND_HEALTH},
        {"packages --json", COMMAND_PACKAGES},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct options options;
        struct failure failure;
        assert_int_equal(read_line(rows[i].line, &options, &failure), 0);
        assert_int_equal(options.command, rows[i].command);
        options_free(&options);
    }
}

static void test_what_cannot_be(void **state) {
    static const struct {
        const char *line, *complaint;
    } rows[] = {
        {"", "a command is missing"},
        {"walk", "no command walk"},
        {"--json run a.py", "the command comes first"},
        {"-j a.py", "the command comes first"},
        {"-", "the command comes first"},
        {"run", "wants a script"},
        {"run a.py b.py", "b.py is one word too many"},
        {"health a.py", "a.py is one word too many"},
        {"health --arg 1", "--arg is an option of run"},
        {"run a.py --nothing", "no option --nothing"},
        {"run a.py --json=1", "takes no value"},
        {"run a.py --timeout", "wants a value"},
        {"run a.py --timeout soon", "--timeout wants a number"},
        {"run a.py --timeout 1,\"memory_mb\":9", "--timeout wants a number"},
        {"run a.py --memory-mb \"1\"", "--memory-mb wants a number"},
        {"run a.py --mode module", "--mode is main or script"},
        {"run - --stdin -", "only one"},
        {"run a.py --file a=- --file b=-", "only one"},
        {"run a.py --force", "--output asks for"},
        {"run a.py --local --url http://localhost", "contradict"},
        {"run a.py --retries -1", "--retries wants"},
        {"run a.py --retries 101", "--retries wants"},
        {"run a.py --retries 1x", "--retries wants"},
        {"run a.py --patience 0", "--patience wants"},
        {"run a.py --patience 99999999999999999999", "--patience wants"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct options options;
        struct failure failure = {0};
        assert_int_equal(read_line(rows[i].line, &options, &failure), -1);
        assert_int_equal(failure.status, EXIT_STATUS_USAGE);
        if (!strstr(failure.text, rows[i].complaint)) {
            assert_string_equal(failure.text, rows[i].complaint);
        }
        options_free(&options);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_line),
        cmocka_unit_test(test_what_prints),
        cmocka_unit_test(test_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
