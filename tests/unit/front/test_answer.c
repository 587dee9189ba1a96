#include <string.h>

#include "unit.h"

#include "front/answer.h"

static struct settings settings;

static int set_up(void **state) {
    (void)state;
    settings_default(&settings);
    return 0;
}

struct run_case {
    struct front_verdict verdict;
    struct run_record record;
    const char *out, *err;
    int no_banner;
};

static void check(struct run_case *run, unsigned status, const char *expected) {
    struct capture out, err;
    struct answer answer;
    capture_start(&out, 1000);
    capture_start(&err, 1000);
    capture_write(&out, run->out ? run->out : "", run->out ? strlen(run->out) : 0);
    capture_write(&err, run->err ? run->err : "", run->err ? strlen(run->err) : 0);
    run->record.line = run->record.line ? run->record.line : -1;
    run->record.column = -1;
    run->verdict.wall_us = 12345;
    run->verdict.cpu_us = 1000;
    run->verdict.memory_peak_bytes = 7;
    struct run_facts facts = {.id = "i",
                              .settings = &settings,
                              .banner = !run->no_banner,
                              .verdict = &run->verdict,
                              .record = &run->record,
                              .out = &out,
                              .err = &err,
                              .queue_us = 500};
    assert_int_equal(answer_run(&facts, &answer), 0);
    assert_int_equal(answer.status, status);
    assert_int_equal(byte_buffer_append(&answer.text, "", 1), 0);
    assert_string_equal(answer.text.bytes, expected);
    answer_free(&answer);
    capture_free(&out);
    capture_free(&err);
    record_free(&run->record);
}

static struct byte_buffer text(const char *bytes) {
    struct byte_buffer buffer = {0};
    assert_int_equal(byte_buffer_append_text(&buffer, bytes), 0);
    return buffer;
}

#define END "\"id\":\"i\",\"usage\":{\"wall_ms\":12.345,\"cpu_ms\":1.0,\"queue_ms\":0.5,\"memory_peak_bytes\":7}}"

static void success(void **state) {
    (void)state;
    struct run_case run = {.verdict = {.cause = VERDICT_EXITED, .started = 1},
                           .record = {.kind = RECORD_RESULT, .phase = RUN_PHASE_ENDING, .banner_written = 1},
                           .out = "Executing main() function...\n",
                           .err = "warning\n"};
    run.record.value = text("123456789012345678901234567890");
    run.record.result_text = text("1234");
    check(&run, 200,
          "{\"success\":true,\"result\":123456789012345678901234567890,"
          "\"stdout\":\"Executing main() function...\\n1234\",\"stderr\":\"warning\\n\"," END);
}

static void success_without_a_result(void **state) {
    (void)state;
    struct run_case run = {.verdict = {.cause = VERDICT_EXITED, .started = 1}, .no_banner = 1, .out = "a\n"};
    check(&run, 200, "{\"success\":true,\"result\":null,\"stdout\":\"a\\n\"," END);
}

static void exception(void **state) {
    (void)state;
    struct run_case run = {.verdict = {.cause = VERDICT_EXITED, .started = 1, .exit_code = 1},
                           .record = {.kind = RECORD_EXCEPTION, .phase = RUN_PHASE_MODULE, .line = 3},
                           .out = "x\n\n"};
    run.record.message = text("m");
    run.record.error_type = text("E");
    run.record.traceback = text("t");
    check(&run, 400,
          "{\"success\":false,\"error\":\"runtime_error\",\"message\":\"m\",\"stdout\":\"x\",\"suggestions\":["
          "\"Look at the traceback: its last line of the script is where the error arose\"],\"return_code\":1,"
          "\"error_type\":\"E\",\"line\":3,\"traceback\":\"t\"," END);
}

static void timeout(void **state) {
    (void)state;
    struct run_case run = {.verdict = {.cause = VERDICT_TIMEOUT, .started = 1, .limit_value = 60000},
                           .record = {.phase = RUN_PHASE_MAIN},
                           .out = "before\n"};
    check(&run, 400,
          "{\"success\":false,\"error\":\"timeout\",\"message\":\"The script did not end within its time limit of 60 "
          "seconds.\",\"stdout\":\"before\\nExecuting main() function...\",\"suggestions\":[\"Check for loops that "
          "never end and for waits that nobody answers\"],\"return_code\":137,\"limit\":{\"name\":\"timeout\","
          "\"value\":60,\"unit\":\"seconds\"}," END);
}

static void timeout_with_the_line(void **state) {
    (void)state;
    struct run_case run = {.verdict = {.cause = VERDICT_TIMEOUT, .started = 1, .limit_value = 60000},
                           .record = {.stopped_line = 3}};
    run.record.stopped_at = text("Traceback (most recent call last):\n  File \"script.py\", line 3, in main\n    f()");
    check(&run, 400,
          "{\"success\":false,\"error\":\"timeout\",\"message\":\"The script did not end within its time limit of 60 "
          "seconds.\",\"stdout\":\"\",\"suggestions\":[\"Line 3 was running when the time ran out: `f()`. Check "
          "whether its loop ends, or what it waits for\"],\"return_code\":137,\"line\":3,\"traceback\":\"Traceback "
          "(most recent call last):\\n  File \\\"script.py\\\", line 3, in main\\n    f()\",\"limit\":{\"name\":"
          "\"timeout\",\"value\":60,\"unit\":\"seconds\"}," END);
}

static void every_cause_has_an_answer(void **state) {
    (void)state;
    for (uint32_t cause = 0; cause < 12; cause++) {
        struct front_verdict verdict = {.cause = cause, .started = 1, .signal = cause == VERDICT_SIGNALED ? 64 : 0};
        struct run_record record = {0};
        struct capture none;
        struct answer answer;
        capture_start(&none, 10);
        struct run_facts facts = {
            .id = "i", .settings = &settings, .verdict = &verdict, .record = &record, .out = &none, .err = &none};
        assert_int_equal(answer_run(&facts, &answer), 0);
        int is_ours =
            cause < VERDICT_EXITED || cause == VERDICT_CANCELLED || cause == VERDICT_INTERNAL || cause > VERDICT_FILES;
        assert_int_equal(answer.status, cause == VERDICT_EXITED ? 200 : is_ours ? 500 : 400);
        answer_free(&answer);
    }
}

static void problem(void **state) {
    (void)state;
    struct problem why;
    struct answer answer;
    problem_set(&why, 404, "not_found", "There is nothing at '%s'.", "/\xFF\"");
    problem_suggest(&why, "Look elsewhere");
    assert_int_equal(answer_problem(&why, "i", &answer), 0);
    assert_int_equal(answer.status, 404);
    assert_int_equal(byte_buffer_append(&answer.text, "", 1), 0);
    assert_string_equal(
        answer.text.bytes,
        "{\"success\":false,\"error\":\"not_found\",\"message\":\"There is nothing at '/\xEF\xBF\xBD"
        "\\\"'.\",\"stdout\":\"\",\"suggestions\":[\"Look elsewhere\"],\"return_code\":1,\"id\":\"i\"}");
    answer_free(&answer);
}

static void health(void **state) {
    (void)state;
    struct answer answer;
    struct front_status status = {.tier = "landlock", .guest_ready = {0, 0}, .n_layers = 1};
    memset(status.layers[0].name, 'n', sizeof status.layers[0].name); /* not ended: nothing is read beyond it */
    memset(status.layers[0].detail, 0xFF, sizeof status.layers[0].detail);
    status.layers[0].state = LAYER_MISSING;
    static const struct {
        int known, ready, draining;
        unsigned status;
    } cases[] = {{0, 0, 0, 503}, {1, 0, 0, 503}, {1, 1, 0, 200}, {1, 1, 1, 503}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct health_facts facts = {.status = cases[i].known ? &status : NULL,
                                     .ready = (unsigned)cases[i].ready,
                                     .draining = cases[i].draining};
        assert_int_equal(answer_health(&facts, &answer), 0);
        assert_int_equal(answer.status, cases[i].status);
        answer_free(&answer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success),
        cmocka_unit_test(success_without_a_result),
        cmocka_unit_test(exception),
        cmocka_unit_test(timeout),
        cmocka_unit_test(timeout_with_the_line),
        cmocka_unit_test(every_cause_has_an_answer),
        cmocka_unit_test(problem),
        cmocka_unit_test(health),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
