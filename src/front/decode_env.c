#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "front/decode.h"

/* The kernel takes 128 KiB for one variable and the stack for all of them: above this a script's own subprocesses
 * would fail with E2BIG for a reason nobody sees. */
#define ENV_MAX_BYTES (256u * 1024u)
#define ENV_MAX_VARIABLE (64u * 1024u)
#define ENV_MAX_COUNT 1000u

static int is_name(const char *name, size_t len) {
    if (len == 0 || isdigit((unsigned char)name[0])) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (!(isalnum((unsigned char)name[i]) || name[i] == '_')) {
            return 0;
        }
    }
    return 1;
}

static int begins_with(const char *name, size_t len, const char *start) {
    size_t start_len = strlen(start);
    return len >= start_len && memcmp(name, start, start_len) == 0;
}

static int check_name(const char *name, size_t len, struct problem *problem) {
    char quoted[PROBLEM_QUOTE_MAX];
    problem_quote(name, len, quoted);
    if (!is_name(name, len)) {
        int error = decode_problem(problem, "env: '%s' is not a name for an environment variable.", quoted);
        problem_suggest(problem, "Use ASCII letters, digits and underscores, and no digit first");
        return error;
    }
    if (begins_with(name, len, "LD_") || begins_with(name, len, "PYTHON")) {
        int error =
            decode_problem(problem, "env: '%s' is refused: LD_* and PYTHON* steer the interpreter itself.", quoted);
        problem_suggest(problem, "Set what you need inside the script, for example through sys.path");
        return error;
    }
    return 0;
}

/* Walks the members before this one again: env is small. */
static int is_repeated(const struct json_span *env, const struct json_span *name, const char *text, size_t len) {
    struct json_walk walk;
    struct json_span earlier, value;
    cleanup_byte_buffer struct byte_buffer decoded = {0};
    json_walk_start(&walk, env);
    while (json_walk_member(&walk, &earlier, &value) && earlier.text < name->text) {
        decoded.len = 0;
        if (json_text_append(&decoded, &earlier, NULL) == 0 && decoded.len == len &&
            memcmp(decoded.bytes, text, len) == 0) {
            return 1;
        }
    }
    return 0;
}

static int append_variable(const struct json_span *env, const struct json_span *name, const struct json_span *value,
                           struct byte_buffer *request, struct problem *problem) {
    struct run_request_entry entry = {0};
    char quoted[PROBLEM_QUOTE_MAX];
    char field[PROBLEM_QUOTE_MAX + sizeof "env['']"];
    size_t start = request->len;
    int error = byte_buffer_append(request, &entry, sizeof entry);
    if (!error) {
        error = json_text_append(request, name, NULL);
    }
    if (error) {
        return error;
    }
    size_t name_at = start + sizeof entry;
    size_t name_len = request->len - name_at;
    error = check_name(request->bytes + name_at, name_len, problem);
    if (error) {
        return error;
    }
    (void)snprintf(field, sizeof field, "env['%s']", problem_quote(request->bytes + name_at, name_len, quoted));
    if (is_repeated(env, name, request->bytes + name_at, name_len)) {
        error = decode_problem(problem, "%s is there more than once.", field);
        problem_suggest(problem, "Send each variable once");
        return error;
    }
    if (value->kind != JSON_TEXT_STRING) {
        error = decode_problem(problem, "%s must be a string, not %s.", field, json_text_kind_name(value->kind));
        problem_suggest(problem, "Write numbers in quotation marks: {\"env\": {\"SIZE\": \"3\"}}");
        return error;
    }
    error = decode_text(value, field, request, problem);
    if (error) {
        return error;
    }
    size_t value_len = request->len - name_at - name_len;
    if (memchr(request->bytes + name_at + name_len, '\0', value_len)) {
        error = decode_problem(problem, "%s contains a null byte, which no environment variable can hold.", field);
        problem_suggest(problem, "Pass such data in 'stdin' or 'files'");
        return error;
    }
    if (name_len + value_len > ENV_MAX_VARIABLE) {
        error = decode_problem(problem, "%s is too large: more than %u bytes.", field, ENV_MAX_VARIABLE);
        problem_suggest(problem, "Pass large data in 'stdin' or 'files'");
        return error;
    }
    entry.name_len = (uint32_t)name_len;
    entry.value_len = (uint32_t)value_len;
    memcpy(request->bytes + start, &entry, sizeof entry);
    return 0;
}

int decode_env(const struct json_span *env, struct byte_buffer *request, uint32_t *ret_n, struct problem *ret_problem) {
    struct json_walk walk;
    struct json_span name, value;
    size_t start = request->len;
    uint32_t n = 0;
    json_walk_start(&walk, env);
    while (json_walk_member(&walk, &name, &value)) {
        int error = append_variable(env, &name, &value, request, ret_problem);
        if (error) {
            return error;
        }
        if (++n > ENV_MAX_COUNT || request->len - start > ENV_MAX_BYTES) {
            error = decode_problem(ret_problem, "env is too large: at most %u variables and %u bytes in all.",
                                   ENV_MAX_COUNT, ENV_MAX_BYTES);
            problem_suggest(ret_problem, "Pass large data in 'stdin' or 'files'");
            return error;
        }
    }
    *ret_n = n;
    return 0;
}
