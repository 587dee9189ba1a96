#include "client/answer.h"

#include <string.h>

#include "client/exit_status.h"

#define ANSWER_MAX_DEPTH JSON_TEXT_MAX_DEPTH

static const struct member {
    const char *name;
    enum json_text_kind kind;
    size_t offset; /* of a struct json_span in struct answer */
} members[] = {
    {"error", JSON_TEXT_STRING, offsetof(struct answer, error)},
    {"error_type", JSON_TEXT_STRING, offsetof(struct answer, error_type)},
    {"message", JSON_TEXT_STRING, offsetof(struct answer, message)},
    {"traceback", JSON_TEXT_STRING, offsetof(struct answer, traceback)},
    {"suggestions", JSON_TEXT_ARRAY, offsetof(struct answer, suggestions)},
    {"artifacts", JSON_TEXT_ARRAY, offsetof(struct answer, artifacts)},
    {"artifacts_skipped", JSON_TEXT_ARRAY, offsetof(struct answer, skipped)},
    {"truncated", JSON_TEXT_ARRAY, offsetof(struct answer, truncated)},
};

static void take_member(struct answer *answer, const struct json_span *name, const struct json_span *value,
                        int *ret_has_success, long long *ret_code) {
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (json_text_equals(name, members[i].name) && value->kind == members[i].kind) {
            memcpy((char *)answer + members[i].offset, value, sizeof *value);
        }
    }
    if (json_text_equals(name, "success") && value->kind == JSON_TEXT_BOOLEAN) {
        *ret_has_success = 1;
        answer->success = value->text[0] == 't';
    } else if (json_text_equals(name, "result")) {
        answer->result = *value;
    } else if (json_text_equals(name, "usage")) {
        answer->is_run = value->kind == JSON_TEXT_OBJECT;
    } else if (json_text_equals(name, "return_code") && value->kind == JSON_TEXT_NUMBER) {
        (void)json_text_integer(value, ret_code);
    }
}

int answer_read(const char *text, size_t len, struct answer *ret_answer, const char **ret_fault) {
    struct answer answer = {0};
    struct json_fault fault;
    struct json_walk walk;
    struct json_span name, value;
    int has_success = 0;
    long long code = 1;
    if (json_text_check(text, len, ANSWER_MAX_DEPTH, &answer.whole, &fault) < 0) {
        *ret_fault = fault.reason;
        return -1;
    }
    if (answer.whole.kind != JSON_TEXT_OBJECT) {
        *ret_fault = "the answer is no object";
        return -1;
    }
    json_walk_start(&walk, &answer.whole);
    while (json_walk_member(&walk, &name, &value)) {
        take_member(&answer, &name, &value, &has_success, &code);
    }
    if (!has_success || (answer.success ? !answer.result.text || !answer.is_run : !answer.error.text)) {
        *ret_fault = "success, result, usage or error is missing";
        return -1;
    }
    answer.return_code = answer.success ? 0 : code >= 1 && code <= 255 ? (int)code : 1;
    *ret_answer = answer;
    return 0;
}

int answer_exit_status(const struct answer *answer, long http_status) {
    static const struct {
        const char *error;
        int status;
    } of_errors[] = {
        {"invalid_input", EXIT_STATUS_REFUSED}, {"unauthorized", EXIT_STATUS_FORBIDDEN},
        {"forbidden", EXIT_STATUS_FORBIDDEN},   {"rate_limited", EXIT_STATUS_BUSY},
        {"overloaded", EXIT_STATUS_BUSY},       {"draining", EXIT_STATUS_BUSY},
        {"internal_error", EXIT_STATUS_FAILED},
    };
    for (size_t i = 0; !answer->success && i < sizeof of_errors / sizeof of_errors[0]; i++) {
        if (json_text_equals(&answer->error, of_errors[i].error)) {
            return of_errors[i].status;
        }
    }
    if (answer->is_run) {
        return answer->return_code;
    }
    return http_status >= 500 ? EXIT_STATUS_FAILED : http_status >= 400 ? EXIT_STATUS_REFUSED : EXIT_STATUS_GARBAGE;
}
