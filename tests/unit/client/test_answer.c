#include "client/answer.h"

#include <string.h>

#include "client/exit_status.h"
#include "unit.h"

#define USAGE ",\"usage\":{}}"

static void test_what_a_run_came_to(void **state) {
    static const struct {
        const char *text;
        long http_status;
        int exit_status;
    } rows[] = {
        {"{\"success\":true,\"result\":1" USAGE, 200, 0},
        {"{\"success\":false,\"error\":\"runtime_error\",\"return_code\":3" USAGE, 400, 3},
        {"{\"success\":false,\"error\":\"timeout\",\"return_code\":137" USAGE, 200, 137},
        /* codes that no process can have ended with */
        {"{\"success\":false,\"error\":\"runtime_error\",\"return_code\":0" USAGE, 400, 1},
        {"{\"success\":false,\"error\":\"runtime_error\",\"return_code\":-1" USAGE, 400, 1},
        {"{\"success\":false,\"error\":\"runtime_error\",\"return_code\":256" USAGE, 400, 1},
        {"{\"success\":false,\"error\":\"runtime_error\",\"return_code\":99999999999999999999" USAGE, 400, 1},
        {"{\"success\":false,\"error\":\"runtime_error\",\"return_code\":\"0\"" USAGE, 400, 1},
        {"{\"success\":false,\"error\":\"runtime_error\"" USAGE, 400, 1},
        {"{\"success\":false,\"error\":\"invalid_input\",\"return_code\":1}", 400, EXIT_STATUS_REFUSED},
        {"{\"success\":false,\"error\":\"unauthorized\"}", 401, EXIT_STATUS_FORBIDDEN},
        {"{\"success\":false,\"error\":\"forbidden\"}", 403, EXIT_STATUS_FORBIDDEN},
        {"{\"success\":false,\"error\":\"rate_limited\"}", 429, EXIT_STATUS_BUSY},
        {"{\"success\":false,\"error\":\"overloaded\"}", 503, EXIT_STATUS_BUSY},
        {"{\"success\":false,\"error\":\"draining\"}", 503, EXIT_STATUS_BUSY},
        {"{\"success\":false,\"error\":\"internal_error\"" USAGE, 500, EXIT_STATUS_FAILED},
        {"{\"success\":false,\"error\":\"of_a_version_to_come\"}", 500, EXIT_STATUS_FAILED},
        {"{\"success\":false,\"error\":\"not_found\"}", 404, EXIT_STATUS_REFUSED},
        {"{\"success\":false,\"error\":\"of_a_version_to_come\"}", 200, EXIT_STATUS_GARBAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct answer answer;
        const char *fault = "";
        assert_int_equal(answer_read(rows[i].text, strlen(rows[i].text), &answer, &fault), 0);
        assert_int_equal(answer_exit_status(&answer, rows[i].http_status), rows[i].exit_status);
    }
}

static void test_every_digit_stays(void **state) {
    static const char text[] = "{\"success\":true,\"result\":[123456789012345678901234567890,0.1,1E5]" USAGE;
    static const char result[] = "[123456789012345678901234567890,0.1,1E5]";
    struct answer answer;
    const char *fault;
    (void)state;
    assert_int_equal(answer_read(text, sizeof text - 1, &answer, &fault), 0);
    assert_int_equal(answer.result.len, sizeof result - 1);
    assert_memory_equal(answer.result.text, result, sizeof result - 1);
}

static void test_what_is_no_answer(void **state) {
    static const char *const texts[] = {
        "",
        "<html>",
        "[]",
        "{}",
        "{\"success\":true,\"result\":1}", /* nothing was run */
        "{\"success\":true" USAGE,         /* and no result */
        "{\"success\":false}",             /* no reason */
        "{\"success\":false,\"error\":1}", /* none that is one */
        "{\"success\":\"yes\",\"result\":1" USAGE,
        "{\"success\":true,\"result\":1,\"usage\":{}} {}",
        "{\"success\":true,\"result\":NaN" USAGE,
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct answer answer;
        const char *fault = NULL;
        assert_int_equal(answer_read(texts[i], strlen(texts[i]), &answer, &fault), -1);
        assert_non_null(fault);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_run_came_to),
        cmocka_unit_test(test_every_digit_stays),
        cmocka_unit_test(test_what_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
