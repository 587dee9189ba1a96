#include "front/selftest/judge.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define STATUS_OK 200u
#define STATUS_BAD_REQUEST 400u

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int has_text(const json_t *list, const char *text) {
    size_t i;
    const json_t *one;
    json_array_foreach((json_t *)(uintptr_t)list, i, one) {
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The answer in a few words. */
static void describe(unsigned status, const json_t *answer, char ret_text[JUDGEMENT_SAID_MAX]) {
    static const char *const more[] = {"signal", "error_type"};
    if (status == STATUS_OK) {
        (void)snprintf(ret_text, JUDGEMENT_SAID_MAX, "the run ended by itself");
        return;
    }
    const char *error = json_string_value(json_object_get(answer, "error"));
    const json_t *limit = json_object_get(answer, "limit");
    if (!error) {
        (void)snprintf(ret_text, JUDGEMENT_SAID_MAX, "status %u", status);
        return;
    }
    if (limit) {
        (void)snprintf(ret_text, JUDGEMENT_SAID_MAX, "%s: %s", error, text_of(limit, "name"));
        return;
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        if (json_object_get(answer, more[i])) {
            (void)snprintf(ret_text, JUDGEMENT_SAID_MAX, "%s: %.100s", error, text_of(answer, more[i]));
            return;
        }
    }
    (void)snprintf(ret_text, JUDGEMENT_SAID_MAX, "%s", error);
}

static int begins_with_one_of(const char *text, const json_t *words) {
    size_t i;
    const json_t *word;
    json_array_foreach((json_t *)(uintptr_t)words, i, word) {
        if (json_is_string(word) && strncmp(text, json_string_value(word), json_string_length(word)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A technique that says itself what became of it. */
static void judge_attack(const json_t *rule, int namespaces, unsigned status, const json_t *answer,
                         struct judgement *judgement) {
    char said[JUDGEMENT_SAID_MAX];
    if (status != STATUS_OK) {
        describe(status, answer, said);
        judgement_set(judgement, FINDING_NONE, "%s: %s", said, text_of(answer, "message"));
        return;
    }
    const json_t *result = json_object_get(answer, "result");
    const json_t *got_through = json_object_get(result, "got_through");
    if (!json_is_boolean(got_through)) {
        judgement_set(judgement, FINDING_NONE, "the script said nothing that could be judged");
        return;
    }
    const char *row = namespaces ? NULL : json_string_value(json_object_get(rule, "visible_without_namespaces"));
    if (json_is_true(got_through) && row && json_is_true(json_object_get(result, "visible"))) {
        judgement_set(judgement, FINDING_VISIBLE, "%s: %s", row, text_of(result, "evidence"));
        return;
    }
    if (json_is_true(got_through)) {
        judgement_set(judgement, FINDING_GOT_THROUGH, "%s", text_of(result, "evidence"));
        return;
    }
    const char *by = text_of(result, "stopped_by");
    if (begins_with_one_of(by, json_object_get(rule, "stopped_by")) ||
        (!namespaces && begins_with_one_of(by, json_object_get(rule, "stopped_by_without_namespaces")))) {
        judgement_set(judgement, FINDING_STOPPED, "%s", by);
        return;
    }
    judgement_set(judgement, FINDING_NONE, "%.140s (that is not what has to stop it)", by);
}

/* ---- rules about the answer ---- */

static int is_repeated(const json_t *result, const json_t *of) {
    const char *part = text_of(of, "repeat"), *text = json_string_value(result);
    size_t len = strlen(part), times = (size_t)json_integer_value(json_object_get(of, "times"));
    if (!text || len == 0 || json_string_length(result) != len * times) {
        return 0;
    }
    for (size_t i = 0; i < times; i++) {
        if (memcmp(text + i * len, part, len) != 0) {
            return 0;
        }
    }
    return 1;
}

static int is_one_of(const json_t *result, const json_t *allowed) {
    size_t i;
    const json_t *one;
    if (json_is_null(allowed)) {
        return 1;
    }
    json_array_foreach((json_t *)(uintptr_t)allowed, i, one) {
        if (json_object_get(one, "repeat") ? is_repeated(result, one) : json_equal(result, one)) {
            return 1;
        }
    }
    return 0;
}

static size_t count(const json_t *string, const char *part) {
    const char *at = json_string_value(string), *end = at ? at + json_string_length(string) : NULL;
    size_t n = 0, len = strlen(part);
    while (at && len > 0 && (at = memmem(at, (size_t)(end - at), part, len))) {
        at += len;
        n++;
    }
    return n;
}

/* What must not be as it is; NULL when all is well. Static, or a text of the rule's. */
static const char *wrong_end(const json_t *rule, unsigned status, const json_t *answer) {
    const json_t *success = json_object_get(answer, "success"), *value;
    const char *name;
    if (status == STATUS_OK && json_is_true(success)) {
        return is_one_of(json_object_get(answer, "result"), json_object_get(rule, "results"))
                   ? NULL
                   : "this result must not come";
    }
    if (status != STATUS_BAD_REQUEST || !json_is_false(success)) {
        return "the service itself failed";
    }
    if (!has_text(json_object_get(rule, "errors"), text_of(answer, "error"))) {
        return "this error must not come";
    }
    json_object_foreach(json_object_get(rule, "members"), name, value) {
        if (!json_equal(json_object_get(answer, name), value)) {
            return "a member has another value than it must have";
        }
    }
    return NULL;
}

static const char *wrong_content(const json_t *rule, const json_t *answer, const char *text, size_t len) {
    const json_t *one, *limit, *stdout_text = json_object_get(answer, "stdout");
    size_t i;
    json_array_foreach(json_object_get(rule, "absent"), i, one) {
        if (json_object_get(answer, json_string_value(one))) {
            return "it has a member that must not be there";
        }
    }
    json_array_foreach(json_object_get(rule, "not_in_answer"), i, one) {
        if (memmem(text, len, json_string_value(one), json_string_length(one))) {
            return "it has a text in it that must not be there";
        }
    }
    one = json_object_get(rule, "once");
    if (one && count(stdout_text, json_string_value(one)) != 1) {
        return "what was written is not there once";
    }
    limit = json_object_get(rule, "max_stdout");
    if (limit && (json_int_t)json_string_length(stdout_text) > json_integer_value(limit)) {
        return "too much output";
    }
    limit = json_object_get(rule, "max_wall_ms");
    const json_t *wall_ms = json_object_get(json_object_get(answer, "usage"), "wall_ms");
    if (limit && (!json_is_number(wall_ms) || json_number_value(wall_ms) > json_number_value(limit))) {
        return "it took too long";
    }
    return NULL;
}

static void judge_answer(const json_t *rule, unsigned status, const json_t *answer, const char *text, size_t len,
                         struct judgement *judgement) {
    char said[JUDGEMENT_SAID_MAX];
    describe(status, answer, said);
    /* A timeout has one as well: where the script was. */
    if (json_object_get(answer, "traceback") && strcmp(text_of(answer, "error"), "timeout") != 0 &&
        !has_text(json_object_get(rule, "raises"), text_of(answer, "error_type"))) {
        judgement_set(judgement, FINDING_NONE, "%s: %s", said, text_of(answer, "message"));
        return;
    }
    const char *wrong = wrong_end(rule, status, answer);
    wrong = wrong ? wrong : wrong_content(rule, answer, text, len);
    if (wrong) {
        judgement_set(judgement, FINDING_GOT_THROUGH, "%s: %s", said, wrong);
    } else {
        judgement_set(judgement, FINDING_STOPPED, "%s", said);
    }
}

void judge(const json_t *rule, int namespaces, unsigned status, const char *text, size_t len,
           struct judgement *ret_judgement) {
    json_t *answer = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(answer)) {
        judgement_set(ret_judgement, FINDING_NONE, "the answer cannot be read");
    } else if (json_object_get(rule, "stopped_by")) {
        judge_attack(rule, namespaces, status, answer, ret_judgement);
    } else {
        judge_answer(rule, status, answer, text, len, ret_judgement);
    }
    json_decref(answer);
}
