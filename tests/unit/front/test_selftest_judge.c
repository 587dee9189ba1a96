/* The rules as the tests in Python read them: both go by tests/escape/judgements.json. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "front/selftest/judge.h"

static enum finding finding_of(const char *name) {
    for (int finding = FINDING_STOPPED; finding <= FINDING_NONE; finding++) {
        if (strcmp(finding_name((enum finding)finding), name) == 0) {
            return (enum finding)finding;
        }
    }
    fail_msg("no such verdict: %s", name);
    return FINDING_NONE;
}

static void test_shared_cases(void **state) {
    (void)state;
    json_t *cases = json_load_file(JUDGEMENTS, JSON_ALLOW_NUL, NULL);
    assert_true(json_array_size(cases) > 20);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        struct judgement judgement;
        char *text = json_dumps(json_object_get(one, "answer"), 0);
        const json_t *namespaces = json_object_get(one, "namespaces");
        judge(json_object_get(one, "rule"), !json_is_false(namespaces),
              (unsigned)json_integer_value(json_object_get(one, "status")), text, strlen(text), &judgement);
        free(text);
        print_message("# case %zu: %s\n", i, judgement.said);
        assert_int_equal(judgement.finding, finding_of(json_string_value(json_object_get(one, "verdict"))));
        const char *said = json_string_value(json_object_get(one, "said"));
        if (said) {
            assert_string_equal(judgement.said, said);
        }
    }
    json_decref(cases);
}

static void test_unreadable_answer(void **state) {
    (void)state;
    struct judgement judgement;
    json_t *rule = json_pack("{s:n}", "results");
    static const char *const texts[] = {"", "{", "[]", "{\"success\": true, \"result\": 1} 2"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        judge(rule, 1, 200, texts[i], strlen(texts[i]), &judgement);
        assert_int_equal(judgement.finding, FINDING_NONE);
    }
    json_decref(rule);
}

/* What a sandbox says lands on the operator's terminal. */
static void test_text_is_printable(void **state) {
    (void)state;
    struct judgement judgement;
    judgement_set(&judgement, FINDING_STOPPED, "a\x1b[31mb\nc\x7f\xc2\x9b\xc3\xa4\xff.");
    assert_string_equal(judgement.said, "a?[31mb?c???\xc3\xa4?.");
    char many[1000];
    memset(many, 'x', sizeof many);
    many[sizeof many - 1] = '\0';
    memcpy(many + JUDGEMENT_SAID_MAX - 2, "\xe2\x82\xac", 3); /* a character in the cut's way */
    judgement_set(&judgement, FINDING_STOPPED, "%s", many);
    assert_int_equal(strlen(judgement.said), JUDGEMENT_SAID_MAX - 1);
    assert_int_equal(judgement.said[JUDGEMENT_SAID_MAX - 2], '?');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_cases),
        cmocka_unit_test(test_unreadable_answer),
        cmocka_unit_test(test_text_is_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
