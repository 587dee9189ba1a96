#include "front/trace_context.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static int parse(const char *value, struct trace_context *context) {
    return trace_context_parse(value, strlen(value), context);
}

static void test_well_formed(void **state) {
    struct trace_context context;
    (void)state;
    assert_int_equal(parse("00-" TRACE "-" SPAN "-01", &context), 0);
    assert_string_equal(context.trace_id, TRACE);
    assert_string_equal(context.span_id, SPAN);
    assert_int_equal(context.sampled, 1);
    assert_int_equal(parse("00-" TRACE "-" SPAN "-fe", &context), 0);
    assert_int_equal(context.sampled, 0);
    /* A later version may go on behind what is known. */
    assert_int_equal(parse("cc-" TRACE "-" SPAN "-03", &context), 0);
    assert_int_equal(parse("cc-" TRACE "-" SPAN "-03-what-the-future-brings", &context), 0);
    assert_int_equal(context.sampled, 1);
}

static void test_anything_else_is_none(void **state) {
    static const char *const values[] = {
        "",
        "00",
        "00-" TRACE "-" SPAN,
        "00-" TRACE "-" SPAN "-1",
        "00-" TRACE "-" SPAN "-01-more",
        "00-" TRACE "-" SPAN "-01 ",
        "cc-" TRACE "-" SPAN "-01.more",
        "ff-" TRACE "-" SPAN "-01",
        "0x-" TRACE "-" SPAN "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-" TRACE "-" SPAN "-0g",
        "00_" TRACE "-" SPAN "-01",
        "00-" TRACE "_" SPAN "-01",
        "00-" TRACE "-" SPAN "_01",
        "00-" TRACE "--" SPAN "-1",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct trace_context context;
        memset(&context, 0x5a, sizeof context);
        const struct trace_context before = context;
        assert_int_equal(parse(values[i], &context), -EINVAL);
        assert_memory_equal(&context, &before, sizeof context);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_well_formed),
        cmocka_unit_test(test_anything_else_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
