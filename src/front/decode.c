#include "front/decode.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "front/nearest_name.h"
#include "front/script_scan.h"
#include "front/utf8.h"

#define BYTES_PER_MIB (1024u * 1024u)

/* A call with more names than this is a mistake or an attack on the interpreter's memory. */
#define KWARGS_MAX 65536u

enum field {
    FIELD_SCRIPT,
    FIELD_ARGS,
    FIELD_KWARGS,
    FIELD_STDIN,
    FIELD_FILES,
    FIELD_ENV,
    FIELD_TIMEOUT,
    FIELD_MEMORY_MB,
    FIELD_MODE,
    FIELD_BANNER,
    FIELD_STREAM,
    FIELDS,
    TOOL_FIELDS = FIELD_BANNER, /* how an answer looks is not a tool's business */
};

static const char *const field_names[FIELDS] = {
    "script", "args", "kwargs", "stdin", "files", "env", "timeout", "memory_mb", "mode", "banner", "stream",
};

static const enum json_text_kind field_kinds[FIELDS] = {
    [FIELD_SCRIPT] = JSON_TEXT_STRING,  [FIELD_ARGS] = JSON_TEXT_ARRAY,       [FIELD_KWARGS] = JSON_TEXT_OBJECT,
    [FIELD_STDIN] = JSON_TEXT_STRING,   [FIELD_FILES] = JSON_TEXT_ARRAY,      [FIELD_ENV] = JSON_TEXT_OBJECT,
    [FIELD_TIMEOUT] = JSON_TEXT_NUMBER, [FIELD_MEMORY_MB] = JSON_TEXT_NUMBER, [FIELD_MODE] = JSON_TEXT_STRING,
    [FIELD_BANNER] = JSON_TEXT_BOOLEAN, [FIELD_STREAM] = JSON_TEXT_BOOLEAN,
};

/* What a field must be and an example of it, for suggestions. */
static const char *const field_examples[FIELDS] = {
    [FIELD_SCRIPT] = "\"script\": \"def main():\\n    return 'Hello'\"",
    [FIELD_ARGS] = "\"args\": [1, \"two\"]",
    [FIELD_KWARGS] = "\"kwargs\": {\"name\": \"value\"}",
    [FIELD_STDIN] = "\"stdin\": \"first line\\n\"",
    [FIELD_FILES] = "\"files\": [{\"path\": \"data.csv\", \"content\": \"a,b\\n1,2\\n\"}]",
    [FIELD_ENV] = "\"env\": {\"TZ\": \"Europe/Berlin\"}",
    [FIELD_TIMEOUT] = "\"timeout\": 5",
    [FIELD_MEMORY_MB] = "\"memory_mb\": 256",
    [FIELD_MODE] = "\"mode\": \"main\"",
    [FIELD_BANNER] = "\"banner\": false",
    [FIELD_STREAM] = "\"stream\": false",
};

struct decoder {
    const struct settings *settings;
    struct problem *problem;
    int n_fields; /* the first so many are taken */
    enum run_mode mode;
    struct json_span fields[FIELDS];
    int present[FIELDS];
};

static void suggest_example(struct problem *problem, enum field field) {
    problem_suggest(problem, "Example: {%s}", field_examples[field]);
}

const char *decode_quote(const struct json_span *string, char ret_text[PROBLEM_QUOTE_MAX]) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    if (json_text_append(&text, string, NULL) < 0) {
        return problem_quote("", 0, ret_text);
    }
    return problem_quote(text.bytes, text.len, ret_text);
}

int decode_text(const struct json_span *string, const char *field, struct byte_buffer *buffer,
                struct problem *ret_problem) {
    struct json_text_notes notes;
    int error = json_text_append(buffer, string, &notes);
    if (error) {
        return error;
    }
    if (notes.lone_surrogate) {
        error = decode_problem(ret_problem, "%s contains the lone surrogate %.6s, which no UTF-8 text can hold.", field,
                               notes.lone_surrogate);
        problem_suggest(ret_problem, "Write a character above U+FFFF as itself or as a pair of \\u escapes, such as "
                                     "\\ud83d\\ude00");
    }
    return error;
}

/* ---- the object and its fields ---- */

static int not_json(const char *body, size_t len, const struct json_fault *fault, struct problem *problem) {
    size_t line, column;
    json_text_position(body, len, fault->offset, &line, &column);
    int error = decode_problem(problem, "The request body is not valid JSON: line %zu, column %zu: %s.", line, column,
                               fault->reason);
    problem_suggest(problem, "Let a JSON library write the body: quotation marks, newlines and backslashes in the "
                             "script must be escaped");
    suggest_example(problem, FIELD_SCRIPT);
    return error;
}

static int check_body(const char *body, size_t len, struct json_span *ret_object, struct problem *problem) {
    size_t spaces = 0;
    while (spaces < len && strchr(" \t\r\n", body[spaces]) && body[spaces]) {
        spaces++;
    }
    if (spaces == len) {
        int error = decode_problem(problem, "The request body is empty; it must be a JSON object with the field "
                                            "'script'.");
        suggest_example(problem, FIELD_SCRIPT);
        return error;
    }
    size_t valid = utf8_valid_len(body, len);
    if (valid < len) {
        size_t line, column;
        json_text_position(body, len, valid, &line, &column);
        int error = decode_problem(problem, "The request body is not valid UTF-8: byte 0x%02x at line %zu, column %zu.",
                                   (unsigned char)body[valid], line, column);
        problem_suggest(problem, "Encode the body as UTF-8; bytes that are no text belong into files as base64");
        return error;
    }
    struct json_fault fault;
    if (json_text_check(body, len, DECODE_MAX_DEPTH, ret_object, &fault) < 0) {
        return not_json(body, len, &fault, problem);
    }
    if (ret_object->kind != JSON_TEXT_OBJECT) {
        int error = decode_problem(problem, "The request body must be a JSON object, not %s.",
                                   json_text_kind_name(ret_object->kind));
        suggest_example(problem, FIELD_SCRIPT);
        return error;
    }
    return 0;
}

static int unknown_field(const struct decoder *decoder, const struct json_span *name) {
    char quoted[PROBLEM_QUOTE_MAX];
    struct problem *problem = decoder->problem;
    decode_quote(name, quoted);
    int error = decode_problem(problem, "Unknown field '%s'.", quoted);
    const char *nearest = nearest_name(quoted, strlen(quoted), field_names, (size_t)decoder->n_fields);
    if (nearest) {
        problem_suggest(problem, "Did you mean '%s'?", nearest);
    }
    problem_suggest(problem, "Known fields: script, args, kwargs, stdin, files, env, timeout, memory_mb, mode%s",
                    decoder->n_fields == FIELDS ? ", banner, stream" : "");
    return error;
}

static int wrong_kind(enum field field, const struct json_span *value, struct problem *problem) {
    const char *expected = field == FIELD_MEMORY_MB ? "an integer" : json_text_kind_name(field_kinds[field]);
    int error = decode_problem(problem, "%s must be %s, not %s.", field_names[field], expected,
                               json_text_kind_name(value->kind));
    suggest_example(problem, field);
    return error;
}

static int sort_field(struct decoder *decoder, const struct json_span *name, const struct json_span *value) {
    int field = 0;
    while (field < decoder->n_fields && !json_text_equals(name, field_names[field])) {
        field++;
    }
    if (field == decoder->n_fields) {
        return unknown_field(decoder, name);
    }
    if (decoder->present[field]) {
        int error = decode_problem(decoder->problem, "The field '%s' is there more than once.", field_names[field]);
        problem_suggest(decoder->problem, "Send each field once");
        return error;
    }
    decoder->present[field] = 1;
    decoder->fields[field] = *value;
    if (value->kind != field_kinds[field] && (value->kind != JSON_TEXT_NULL || field == FIELD_SCRIPT)) {
        return wrong_kind((enum field)field, value, decoder->problem);
    }
    return 0;
}

/* The field's value, or NULL when it is absent or null. */
static const struct json_span *field_value(const struct decoder *decoder, enum field field) {
    return decoder->present[field] && decoder->fields[field].kind != JSON_TEXT_NULL ? &decoder->fields[field] : NULL;
}

/* ---- small fields ---- */

static int is_true(const struct json_span *value) {
    return value && value->text[0] == 't';
}

static int decode_timeout(const struct decoder *decoder, uint64_t *ret_ms) {
    const struct json_span *value = field_value(decoder, FIELD_TIMEOUT);
    uint64_t cap_ms = decoder->settings->max_timeout_ms;
    if (!value) {
        *ret_ms = decoder->settings->default_timeout_ms;
        return 0;
    }
    char *text = strndup(value->text, value->len);
    if (!text) {
        return -ENOMEM;
    }
    double ms = ceil(strtod(text, NULL) * 1000.0);
    free(text);
    if (!(ms > 0.0)) {
        int error = decode_problem(decoder->problem, "timeout must be more than 0 seconds.");
        suggest_example(decoder->problem, FIELD_TIMEOUT);
        return error;
    }
    if (ms > (double)cap_ms) {
        int error = decode_problem(decoder->problem, "timeout is over the server's cap: max_timeout is %g seconds.",
                                   (double)cap_ms / 1000.0);
        problem_suggest(decoder->problem, "Ask for at most %g seconds", (double)cap_ms / 1000.0);
        return error;
    }
    *ret_ms = (uint64_t)ms;
    return 0;
}

static int decode_memory(const struct decoder *decoder, uint64_t *ret_bytes) {
    const struct json_span *value = field_value(decoder, FIELD_MEMORY_MB);
    const struct settings *settings = decoder->settings;
    if (!value) {
        *ret_bytes = settings->default_memory_bytes;
        return 0;
    }
    long long megabytes;
    if (json_text_integer(value, &megabytes) == -EINVAL) {
        int error = decode_problem(decoder->problem, "memory_mb must be an integer, without fraction and exponent.");
        suggest_example(decoder->problem, FIELD_MEMORY_MB);
        return error;
    }
    uint64_t least = settings->min_memory_bytes / BYTES_PER_MIB;
    uint64_t most = settings->max_memory_bytes / BYTES_PER_MIB;
    int error = 0;
    if (megabytes < 0 || (uint64_t)megabytes < least) {
        error = decode_problem(decoder->problem, "memory_mb is under the server's least: min_memory_mb is %llu MiB.",
                               (unsigned long long)least);
    } else if ((uint64_t)megabytes > most) {
        error = decode_problem(decoder->problem, "memory_mb is over the server's cap: max_memory_mb is %llu MiB.",
                               (unsigned long long)most);
    }
    if (error) {
        problem_suggest(decoder->problem, "Ask for %llu to %llu MiB", (unsigned long long)least,
                        (unsigned long long)most);
        return error;
    }
    *ret_bytes = (uint64_t)megabytes * BYTES_PER_MIB;
    return 0;
}

static int decode_mode(const struct decoder *decoder, enum run_mode *ret_mode) {
    const struct json_span *value = field_value(decoder, FIELD_MODE);
    if (!value) {
        *ret_mode = decoder->mode;
        return 0;
    }
    if (json_text_equals(value, "main")) {
        *ret_mode = RUN_MODE_MAIN;
        return 0;
    }
    if (json_text_equals(value, "script")) {
        *ret_mode = RUN_MODE_SCRIPT;
        return 0;
    }
    char quoted[PROBLEM_QUOTE_MAX];
    static const char *const modes[] = {"main", "script"};
    decode_quote(value, quoted);
    int error = decode_problem(decoder->problem, "mode must be \"main\" or \"script\", not \"%s\".", quoted);
    const char *nearest = nearest_name(quoted, strlen(quoted), modes, 2);
    if (nearest) {
        problem_suggest(decoder->problem, "Did you mean '%s'?", nearest);
    }
    problem_suggest(decoder->problem, "\"main\" calls main(); \"script\" runs the source as __main__");
    return error;
}

/* ---- the sections of the run_request ---- */

static int decode_script(const struct decoder *decoder, struct run_input *input) {
    struct problem *problem = decoder->problem;
    const struct json_span *value = field_value(decoder, FIELD_SCRIPT);
    if (!value) {
        int error = decode_problem(problem, "Missing required field 'script'.");
        suggest_example(problem, FIELD_SCRIPT);
        return error;
    }
    size_t start = input->request.len;
    int error = decode_text(value, "script", &input->request, problem);
    if (error) {
        return error;
    }
    const char *script = input->request.bytes + start;
    size_t len = input->request.len - start;
    uint64_t most = decoder->settings->max_script_bytes;
    if (len > most) {
        problem_set(problem, 413, "invalid_input", "script is too large: %zu bytes, and max_script_bytes is %llu.", len,
                    (unsigned long long)most);
        problem_suggest(problem, "Send data in 'files', 'args' or 'stdin' instead of inside the source");
        return -EBADMSG;
    }
    if (script_is_blank(script, len)) {
        error = decode_problem(problem, "script is blank.");
        suggest_example(problem, FIELD_SCRIPT);
        return error;
    }
    const char *nul = memchr(script, '\0', len);
    if (nul) {
        size_t line, column;
        json_text_position(script, len, (size_t)(nul - script), &line, &column);
        error = decode_problem(problem,
                               "script: source code cannot contain null bytes; there is one at line %zu, column %zu.",
                               line, column);
        problem_suggest(problem, "Inside a Python string, write the escape \\x00 (in JSON: \\\\x00)");
        return error;
    }
    input->wants = script_wants(script, len, decoder->settings->preload);
    return 0;
}

struct hashed_name {
    uint64_t hash;
    struct json_span name;
};

static int compare_hashes(const void *a, const void *b) {
    uint64_t left = ((const struct hashed_name *)a)->hash, right = ((const struct hashed_name *)b)->hash;
    return left < right ? -1 : left > right;
}

/* FNV-1a. Somebody who makes two names collide gets a refusal for it, nothing else. */
static int hash_name(const struct json_span *name, struct byte_buffer *scratch, uint64_t *ret_hash) {
    struct json_text_notes notes = {0};
    scratch->len = 0;
    int error = json_text_append(scratch, name, &notes);
    if (error) {
        return error;
    }
    /* Different lone surrogates have the same bytes once they are replaced: those names count as they are written. */
    const char *bytes = notes.lone_surrogate ? name->text : scratch->bytes;
    const size_t len = notes.lone_surrogate ? name->len : scratch->len;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    }
    *ret_hash = hash;
    return 0;
}

/* main(**kwargs) cannot be given one name twice; Python's json would silently take the last. */
static int check_kwargs(const struct json_span *kwargs, struct problem *problem) {
    cleanup_byte_buffer struct byte_buffer names = {0}, scratch = {0};
    struct json_walk walk;
    struct json_span value;
    struct hashed_name entry;
    size_t n = 0;
    json_walk_start(&walk, kwargs);
    while (json_walk_member(&walk, &entry.name, &value)) {
        if (++n > KWARGS_MAX) {
            int error = decode_problem(problem, "kwargs has more than %u names.", KWARGS_MAX);
            problem_suggest(problem, "Pass one dictionary in 'args' instead");
            return error;
        }
        int error = hash_name(&entry.name, &scratch, &entry.hash);
        error = error ? error : byte_buffer_append(&names, &entry, sizeof entry);
        if (error) {
            return error;
        }
    }
    if (n < 2) {
        return 0;
    }
    struct hashed_name *sorted = (struct hashed_name *)(void *)names.bytes;
    qsort(sorted, n, sizeof *sorted, compare_hashes);
    for (size_t i = 1; i < n; i++) {
        if (sorted[i].hash == sorted[i - 1].hash) {
            char quoted[PROBLEM_QUOTE_MAX];
            int error = decode_problem(problem, "kwargs names the argument '%s' more than once.",
                                       decode_quote(&sorted[i].name, quoted));
            problem_suggest(problem, "Send each argument once");
            return error;
        }
    }
    return 0;
}

static int append_raw(const struct json_span *value, struct byte_buffer *request, uint64_t *ret_len) {
    *ret_len = value ? value->len : 0;
    return value ? byte_buffer_append(request, value->text, value->len) : 0;
}

/* Appends the sections in the order of the wire format and notes their lengths. */
static int decode_sections(const struct decoder *decoder, struct run_input *input, struct run_request_header *header) {
    struct byte_buffer *request = &input->request;
    const struct json_span *kwargs = field_value(decoder, FIELD_KWARGS);
    const struct json_span *env = field_value(decoder, FIELD_ENV);
    const struct json_span *files = field_value(decoder, FIELD_FILES);
    const struct json_span *standard_input = field_value(decoder, FIELD_STDIN);

    size_t before = request->len;
    int error = decode_script(decoder, input);
    header->script_len = request->len - before;
    if (!error) {
        error = append_raw(field_value(decoder, FIELD_ARGS), request, &header->args_len);
    }
    if (!error && kwargs) {
        error = check_kwargs(kwargs, decoder->problem);
    }
    if (!error) {
        error = append_raw(kwargs, request, &header->kwargs_len);
    }
    before = request->len;
    if (!error && env) {
        error = decode_env(env, request, &header->n_env, decoder->problem);
    }
    header->env_len = request->len - before;
    before = request->len;
    if (!error && files) {
        error = decode_files(files, decoder->settings, request, &header->n_files, decoder->problem);
    }
    header->files_len = request->len - before;
    before = request->len;
    if (!error && standard_input) {
        error = decode_text(standard_input, "stdin", request, decoder->problem);
    }
    header->stdin_len = request->len - before;
    return error;
}

static int decode_fields(const struct decoder *decoder, struct run_input *input) {
    struct run_request_header header = {.magic = RUN_REQUEST_MAGIC,
                                        .max_result_bytes = decoder->settings->max_result_bytes,
                                        .artifacts = {.count = decoder->settings->max_artifacts,
                                                      .file_bytes = decoder->settings->max_artifact_bytes,
                                                      .total_bytes = decoder->settings->max_artifact_total_bytes,
                                                      .depth = decoder->settings->max_artifact_depth,
                                                      .path_bytes = decoder->settings->max_artifact_path_bytes}};
    const struct json_span *banner = field_value(decoder, FIELD_BANNER);
    int error = byte_buffer_append(&input->request, &header, sizeof header);
    if (!error) {
        error = decode_mode(decoder, &input->mode);
    }
    if (!error) {
        error = decode_timeout(decoder, &input->timeout_ms);
    }
    if (!error) {
        error = decode_memory(decoder, &input->memory_bytes);
    }
    if (!error) {
        error = decode_sections(decoder, input, &header);
    }
    if (error) {
        return error;
    }
    input->stream = is_true(field_value(decoder, FIELD_STREAM));
    input->banner = decoder->n_fields == FIELDS && input->mode == RUN_MODE_MAIN && (!banner || is_true(banner));
    header.mode = (uint32_t)input->mode;
    header.banner = (uint32_t)input->banner;
    memcpy(input->request.bytes, &header, sizeof header);
    uint64_t size;
    if (run_request_body_size(&header, &size) < 0) {
        problem_set(decoder->problem, 413, "invalid_input", "The request is larger than a sandbox takes.");
        problem_suggest(decoder->problem, "Send less data with one request");
        return -EBADMSG;
    }
    return 0;
}

/* An object that is checked already. */
static int decode_object(struct decoder *decoder, const struct json_span *object, struct run_input *ret_input) {
    struct json_walk walk;
    struct json_span name, value;
    int error = 0;
    json_walk_start(&walk, object);
    while (!error && json_walk_member(&walk, &name, &value)) {
        error = sort_field(decoder, &name, &value);
    }
    struct run_input input = {0};
    if (!error) {
        error = decode_fields(decoder, &input);
    }
    if (error) {
        run_input_free(&input);
        return error;
    }
    *ret_input = input;
    return 0;
}

int decode_request(const char *body, size_t len, const struct settings *settings, struct run_input *ret_input,
                   struct problem *ret_problem) {
    struct decoder decoder = {.settings = settings, .problem = ret_problem, .n_fields = FIELDS, .mode = RUN_MODE_MAIN};
    struct json_span object;
    if (len >= 3 && memcmp(body, "\xEF\xBB\xBF", 3) == 0) {
        /* A byte order mark: RFC 8259 lets a reader ignore it, and some Windows clients send it. */
        body += 3;
        len -= 3;
    }
    int error = check_body(body, len, &object, ret_problem);
    return error ? error : decode_object(&decoder, &object, ret_input);
}

int decode_tool_arguments(const struct json_span *arguments, const struct settings *settings,
                          struct run_input *ret_input, struct problem *ret_problem) {
    struct decoder decoder = {
        .settings = settings, .problem = ret_problem, .n_fields = TOOL_FIELDS, .mode = RUN_MODE_SCRIPT};
    return decode_object(&decoder, arguments, ret_input);
}
