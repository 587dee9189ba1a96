#include "front/limits_page.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))
#define MIB (1u << 20)

static int begins_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static int ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The numbers that a client or a script can run into; not those that say how the service is built. */
static int is_limit(const struct setting *setting) {
    return setting_has_range(setting) &&
           (begins_with(setting->name, "max_") || begins_with(setting->name, "min_") ||
            begins_with(setting->name, "default_") || begins_with(setting->name, "idempotency_") ||
            ends_with(setting->name, "_timeout"));
}

/* As the operator would write it. */
static json_t *value_of(const struct setting *setting, const struct settings *settings) {
    char text[SETTINGS_TEXT_MAX];
    settings_write_value(settings, setting, text);
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

static json_t *limit_value(json_t *value, const char *unit, const char *description) {
    return json_pack("{s:o, s:s, s:s}", "value", value, "unit", *unit ? unit : "number", "description", description);
}

static int put(json_t *object, const char *name, json_t *value) {
    return value ? json_object_set_new(object, name, value) : -1;
}

static int put_limits(json_t *limits, const struct settings *settings) {
    size_t count;
    const struct setting *table = settings_table(&count);
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_limit(&table[i])) {
            failed |= put(limits, table[i].name,
                          limit_value(value_of(&table[i], settings), setting_unit(&table[i]), table[i].help));
        }
    }
    return failed;
}

/* What this key may, where that is less than everybody. */
static int put_caps(json_t *caps, const struct key_caps *key) {
    const struct {
        const char *name;
        uint64_t cap, divisor;
        const char *unit, *description;
    } rows[] = {
        {"requests_per_minute", key->requests_per_minute, 1, "", "requests to run something, a minute"},
        {"running", key->running, 1, "", "runs at one time"},
        {"cpu_seconds_per_minute", key->cpu_us_per_minute, 1000000, "seconds", "CPU time of all runs, a minute"},
        {"max_timeout", key->max_timeout_ms, 1000, "seconds", "the most wall clock time a request may ask"},
        {"max_memory_mb", key->max_memory_bytes, MIB, "MiB", "the most memory a request may ask"},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].cap != KEY_NO_CAP) {
            failed |= put(caps, rows[i].name,
                          limit_value(json_integer((json_int_t)(rows[i].cap / rows[i].divisor)), rows[i].unit,
                                      rows[i].description));
        }
    }
    return failed;
}

static int write_to_buffer(const char *text, size_t len, void *buffer) {
    return byte_buffer_append(buffer, text, len);
}

int limits_page(const struct settings *settings, const struct account *account, struct answer *ret_answer) {
    json_t *limits = json_object(), *caps = json_object();
    struct answer answer = {.status = 200, .type = "application/json"};
    int failed = !limits || !caps || put_limits(limits, settings);
    if (!failed && account && account_is_named(account)) {
        failed = put_caps(caps, &account->caps);
    }
    json_t *page = json_pack("{s:o, s:o}", "limits", limits, "key", caps);
    failed = failed || !page || json_dump_callback(page, write_to_buffer, &answer.text, DUMP_FLAGS) < 0;
    json_decref(page);
    if (failed) {
        answer_free(&answer);
        return -ENOMEM;
    }
    *ret_answer = answer;
    return 0;
}
