#include "front/answer.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "front/openapi.h"
#include "front/outcome.h"
#include "front/utf8.h"

#define ANSWER_JSON "application/json"
#define BANNER "Executing main() function...\n"

/* Fifteen digits write 12.345 as 12.345; seventeen would not. */
#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

/* An object under construction; the first failure is kept. */
struct builder {
    json_t *object;
    int failed;
};

static struct builder build_start(void) {
    struct builder builder = {.object = json_object()};
    builder.failed = !builder.object;
    return builder;
}

/* Takes `value`. */
static void put(struct builder *builder, const char *name, json_t *value) {
    if (builder->failed) {
        json_decref(value);
    } else if (json_object_set_new(builder->object, name, value) < 0) {
        builder->failed = 1;
    }
}

static json_t *text_value(const char *text, size_t len) {
    return json_stringn(text ? text : "", text ? len : 0);
}

static void put_text(struct builder *builder, const char *name, const struct byte_buffer *text) {
    put(builder, name, text_value(text->bytes, text->len));
}

static void put_text_if_any(struct builder *builder, const char *name, const struct byte_buffer *text) {
    if (text->len > 0) {
        put_text(builder, name, text);
    }
}

static void put_number(struct builder *builder, const char *name, double value) {
    if (value == (double)(json_int_t)value) {
        put(builder, name, json_integer((json_int_t)value));
    } else {
        put(builder, name, json_real(value));
    }
}

/* Milliseconds with the microseconds behind the point. */
static json_t *milliseconds(uint64_t us) {
    return json_real((double)us / 1000.0);
}

/* Takes the builder's object in any case. */
static int build_end(struct builder *builder, json_dump_callback_t write, void *context) {
    int failed = builder->failed || json_dump_callback(builder->object, write, context, DUMP_FLAGS) < 0;
    json_decref(builder->object);
    return failed ? -ENOMEM : 0;
}

static int write_to_buffer(const char *text, size_t len, void *buffer) {
    return byte_buffer_append(buffer, text, len);
}

/* ---- runs ---- */

static int append_banner_if_lost(const struct run_facts *facts, struct byte_buffer *text) {
    if (!facts->banner || facts->record->phase < RUN_PHASE_MAIN || facts->record->banner_written) {
        return 0;
    }
    return byte_buffer_append_text(text, BANNER);
}

static int build_stdout(const struct run_facts *facts, const struct outcome *outcome, struct byte_buffer *text,
                        int *ret_cut) {
    int error = capture_text(facts->out, text, ret_cut);
    size_t own_len = text->len;
    error = error ? error : append_banner_if_lost(facts, text);
    if (!error && facts->banner && outcome->kind == OUTCOME_SUCCESS) {
        error = byte_buffer_append(text, facts->record->result_text.bytes, facts->record->result_text.len);
    }
    if (!error && facts->stdout_end) {
        error = byte_buffer_append(facts->stdout_end, text->bytes + own_len, text->len - own_len);
    }
    while (!error && facts->banner && text->len > 0 && text->bytes[text->len - 1] == '\n') {
        text->len--;
    }
    return error;
}

static json_t *list_value(const struct text_list *list) {
    json_t *array = json_array();
    const char *text = list->texts.bytes;
    for (size_t i = 0; array && i < list->n; i++) {
        if (json_array_append_new(array, json_string(text)) < 0) {
            json_decref(array);
            return NULL;
        }
        text += strlen(text) + 1;
    }
    return array;
}

static json_t *suggestions_value(const struct run_facts *facts, const struct outcome *outcome) {
    json_t *array = outcome->uses_record_suggestions ? list_value(&facts->record->suggestions) : json_array();
    for (size_t i = 0; array && i < outcome->n_suggestions; i++) {
        if (json_array_append_new(array, json_string(outcome->suggestions[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static void put_failure(struct builder *builder, const struct run_facts *facts, const struct outcome *outcome,
                        const struct byte_buffer *out) {
    const struct run_record *record = facts->record;
    put(builder, "success", json_false());
    put(builder, "error", json_string(outcome_error(outcome->kind)));
    put_text(builder, "message", &outcome->message);
    put_text(builder, "stdout", out);
    put(builder, "suggestions", suggestions_value(facts, outcome));
    if (outcome->kind == OUTCOME_MISSING_MAIN) {
        put(builder, "available_functions", list_value(&record->available_functions));
    }
    put(builder, "return_code", json_integer(outcome->return_code));
    if (outcome->error_type) {
        put(builder, "error_type", json_string(outcome->error_type));
    } else if (outcome->uses_record) {
        put_text_if_any(builder, "error_type", &record->error_type);
    }
    if (outcome->uses_record) {
        if (record->line >= 0) {
            put(builder, "line", json_integer(record->line));
        }
        if (record->column >= 0) {
            put(builder, "column", json_integer(record->column));
        }
        put_text_if_any(builder, "text", &record->text);
        put_text_if_any(builder, "traceback", &record->traceback);
    }
    if (outcome->kind == OUTCOME_TIMEOUT) {
        if (record->stopped_line > 0) {
            put(builder, "line", json_integer(record->stopped_line));
        }
        put_text_if_any(builder, "traceback", &record->stopped_at);
    }
    if (outcome->signal[0]) {
        put(builder, "signal", json_string(outcome->signal));
    }
    if (outcome->limit_name) {
        struct builder limit = build_start();
        put(&limit, "name", json_string(outcome->limit_name));
        put_number(&limit, "value", outcome->limit_value);
        put(&limit, "unit", json_string(outcome->limit_unit));
        builder->failed |= limit.failed;
        put(builder, "limit", limit.object);
    }
}

static void append_name_if(struct builder *builder, json_t *names, int is_cut, const char *name) {
    if (is_cut) {
        builder->failed |= json_array_append_new(names, json_string(name)) < 0;
    }
}

static void put_truncated(struct builder *builder, const struct artifacts *artifacts, int out_cut, int err_cut) {
    json_t *names = json_array();
    append_name_if(builder, names, out_cut, "stdout");
    append_name_if(builder, names, err_cut, "stderr");
    append_name_if(builder, names, artifacts && (artifacts->over_a_cap || artifacts->fault), "artifacts");
    append_name_if(builder, names, artifacts && artifacts->unnamed > 0, "artifacts_skipped");
    if (json_array_size(names) > 0) {
        put(builder, "truncated", names);
    } else {
        builder->failed |= !names;
        json_decref(names);
    }
}

static void put_run_extras(struct builder *builder, const struct run_facts *facts, const struct byte_buffer *err,
                           int out_cut, int err_cut) {
    put_text_if_any(builder, "stderr", err);
    put_truncated(builder, facts->artifacts, out_cut, err_cut);
    put(builder, "id", json_string(facts->id));
    struct builder usage = build_start();
    put(&usage, "wall_ms", milliseconds(facts->verdict->wall_us));
    put(&usage, "cpu_ms", milliseconds(facts->verdict->cpu_us));
    put(&usage, "queue_ms", milliseconds(facts->queue_us));
    put(&usage, "memory_peak_bytes", json_integer((json_int_t)facts->verdict->memory_peak_bytes));
    builder->failed |= usage.failed;
    put(builder, "usage", usage.object);
}

/* The result's text first and as it is, then the other members, whose opening brace it takes the place of. */
static int finish_success(struct builder *rest, const struct byte_buffer *value, struct byte_buffer *text) {
    cleanup_byte_buffer struct byte_buffer rest_text = {0};
    int error = build_end(rest, write_to_buffer, &rest_text);
    error = error ? error : byte_buffer_append_text(text, "{\"success\":true,\"result\":");
    if (!error) {
        error =
            value->len > 0 ? byte_buffer_append(text, value->bytes, value->len) : byte_buffer_append_text(text, "null");
    }
    error = error ? error : byte_buffer_append_text(text, ",");
    return error ? error : byte_buffer_append(text, rest_text.bytes + 1, rest_text.len - 1);
}

static int build_run(const struct run_facts *facts, const struct outcome *outcome, struct byte_buffer *text) {
    cleanup_byte_buffer struct byte_buffer out = {0}, err = {0};
    int out_cut = 0, err_cut = 0;
    int error = build_stdout(facts, outcome, &out, &out_cut);
    error = error ? error : capture_text(facts->err, &err, &err_cut);
    if (error) {
        return error;
    }
    struct builder builder = build_start();
    if (outcome->kind == OUTCOME_SUCCESS) {
        put_text(&builder, "stdout", &out);
    } else {
        put_failure(&builder, facts, outcome, &out);
    }
    put_run_extras(&builder, facts, &err, out_cut, err_cut);
    error = outcome->kind == OUTCOME_SUCCESS ? finish_success(&builder, &facts->record->value, text)
                                             : build_end(&builder, write_to_buffer, text);
    if (error || !facts->artifacts || facts->artifacts->n + facts->artifacts->n_skips == 0) {
        return error;
    }
    text->len--; /* the object goes on */
    error = artifacts_append_members(facts->artifacts, facts->artifact_source, text);
    return error ? error : byte_buffer_append_text(text, "}");
}

int answer_run(const struct run_facts *facts, struct answer *ret_answer) {
    struct outcome outcome;
    int error = outcome_judge(facts->verdict, facts->record, facts->settings, &outcome);
    if (error) {
        return error;
    }
    struct answer answer = {.status = 400, .type = ANSWER_JSON, .error = outcome_error(outcome.kind)};
    if (outcome.kind == OUTCOME_SUCCESS) {
        answer.status = 200;
    } else if (outcome.kind == OUTCOME_INTERNAL_ERROR) {
        answer.status = 500;
    }
    answer.has_run = 1;
    answer.run = (struct run_measures){.queue_us = facts->queue_us,
                                       .wall_us = facts->verdict->wall_us,
                                       .cpu_us = facts->verdict->cpu_us,
                                       .memory_peak_bytes = facts->verdict->memory_peak_bytes};
    error = build_run(facts, &outcome, &answer.text);
    outcome_free(&outcome);
    if (error) {
        answer_free(&answer);
        return error;
    }
    *ret_answer = answer;
    return 0;
}

/* ---- problems ---- */

/* Text that need not be UTF-8: messages quote the client (a path of the URL, a header). */
static json_t *repaired_value(const char *text, size_t len) {
    cleanup_byte_buffer struct byte_buffer valid = {0};
    return utf8_append_replaced(&valid, text, len) < 0 ? NULL : text_value(valid.bytes, valid.len);
}

static json_t *quoted_value(const char *text) {
    return repaired_value(text, strlen(text));
}

int answer_problem(const struct problem *problem, const char *id, struct answer *ret_answer) {
    struct answer answer = {.status = problem->status, .type = ANSWER_JSON, .error = problem->error};
    struct builder builder = build_start();
    json_t *suggestions = json_array();
    for (size_t i = 0; i < problem->n_suggestions; i++) {
        builder.failed |= json_array_append_new(suggestions, quoted_value(problem->suggestions[i])) < 0;
    }
    put(&builder, "success", json_false());
    put(&builder, "error", json_string(problem->error));
    put(&builder, "message", quoted_value(problem->message));
    put(&builder, "stdout", json_string(""));
    put(&builder, "suggestions", suggestions);
    put(&builder, "return_code", json_integer(1));
    put(&builder, "id", json_string(id));
    int error = build_end(&builder, write_to_buffer, &answer.text);
    if (error) {
        answer_free(&answer);
        return error;
    }
    *ret_answer = answer;
    return 0;
}

/* ---- health ---- */

static json_t *layers_value(const struct front_status *status, enum layer_state state) {
    json_t *array = json_array();
    for (uint32_t i = 0; array && i < status->n_layers; i++) {
        const struct layer_status *layer = &status->layers[i];
        if (layer->state != (uint32_t)state) {
            continue;
        }
        json_t *entry =
            json_pack("{s:o, s:o}", "name", repaired_value(layer->name, strnlen(layer->name, sizeof layer->name)),
                      "detail", repaired_value(layer->detail, strnlen(layer->detail, sizeof layer->detail)));
        if (json_array_append_new(array, entry) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static const char *health_word(const struct health_facts *facts) {
    if (facts->draining) {
        return "draining";
    }
    int can_run = facts->ready > 0;
    for (int kind = 0; facts->status && kind < GUEST_KINDS; kind++) {
        can_run |= facts->status->guest_ready[kind] != 0;
    }
    if (can_run) {
        return "healthy";
    }
    /* The first warm guest tells the version. */
    return facts->status && (facts->status->python_version[0] || !facts->status->is_first) ? "unhealthy" : "starting";
}

/* What every answer about the service begins with. */
static struct builder begin_health(const char *word) {
    struct builder builder = build_start();
    put(&builder, "status", json_string(word));
    put(&builder, "service", json_string("Python Script Executor"));
    put(&builder, "version", json_string(PYEXEC_VERSION));
    return builder;
}

static int end_health(struct builder *builder, unsigned status, struct answer *ret_answer) {
    struct answer answer = {.status = status, .type = ANSWER_JSON, .error = status == 200 ? NULL : "unavailable"};
    int error = build_end(builder, write_to_buffer, &answer.text);
    if (error) {
        answer_free(&answer);
        return error;
    }
    *ret_answer = answer;
    return 0;
}

int answer_openapi(struct answer *ret_answer) {
    struct answer answer = {.status = 200, .type = ANSWER_JSON};
    int error = byte_buffer_append(&answer.text, (const char *)openapi_text, openapi_text_len);
    if (error) {
        return error;
    }
    *ret_answer = answer;
    return 0;
}

int answer_live(struct answer *ret_answer) {
    struct builder builder = begin_health("alive");
    return end_health(&builder, 200, ret_answer);
}

/* A request that came now would get a sandbox, or a place in the queue. */
int answer_ready(const struct health_facts *facts, struct answer *ret_answer) {
    const char *word = health_word(facts);
    if (strcmp(word, "healthy") == 0) {
        word = (facts->ready > 0 && facts->busy < facts->most_busy) || facts->queued < facts->most_queued ? "ready"
                                                                                                          : "busy";
    }
    struct builder builder = begin_health(word);
    return end_health(&builder, strcmp(word, "ready") == 0 ? 200 : 503, ret_answer);
}

int answer_health(const struct health_facts *facts, struct answer *ret_answer) {
    const char *word = health_word(facts);
    struct builder builder = begin_health(word);
    unsigned size = 0;
    if (facts->status && !facts->brief) {
        const struct front_status *status = facts->status;
        put(&builder, "isolation",
            json_pack("{s:o, s:{s:o, s:o}}", "tier",
                      repaired_value(status->tier, strnlen(status->tier, sizeof status->tier)), "layers", "in_force",
                      layers_value(status, LAYER_IN_FORCE), "missing", layers_value(status, LAYER_MISSING)));
        put(&builder, "python",
            repaired_value(status->python_version, strnlen(status->python_version, sizeof status->python_version)));
        for (int kind = 0; kind < GUEST_KINDS; kind++) {
            size += status->pool_size[kind];
        }
    }
    if (!facts->brief) {
        put(&builder, "pool",
            json_pack("{s:i, s:i, s:i, s:i}", "ready", (int)facts->ready, "busy", (int)facts->busy, "queued",
                      (int)facts->queued, "size", (int)size));
    }
    return end_health(&builder, strcmp(word, "healthy") == 0 ? 200 : 503, ret_answer);
}
