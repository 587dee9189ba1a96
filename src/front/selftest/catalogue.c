#include "front/selftest/catalogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_MIB (1024u * 1024u)

static int read_technique(const json_t *preludes, const json_t *from, struct technique *technique) {
    const json_t *timeout = json_object_get(from, "timeout"), *memory = json_object_get(from, "memory_mb");
    const char *prelude = json_string_value(json_object_get(from, "prelude"));
    technique->name = json_string_value(json_object_get(from, "technique"));
    technique->family = json_string_value(json_object_get(from, "family"));
    technique->script = json_string_value(json_object_get(from, "script"));
    technique->prelude = prelude ? json_string_value(json_object_get(preludes, prelude)) : NULL;
    technique->rule = json_object_get(from, "rule");
    technique->bomb = json_is_true(json_object_get(from, "bomb"));
    technique->timeout_ms = (uint64_t)(json_number_value(timeout) * 1000.0);
    technique->memory_bytes = (uint64_t)json_integer_value(memory) * BYTES_PER_MIB;
    const json_t *kwargs = json_object_get(from, "kwargs");
    if (!technique->name || !technique->family || !technique->script || !technique->prelude ||
        !json_is_object(technique->rule) || !json_is_object(kwargs) || technique->timeout_ms == 0) {
        return -EBADMSG;
    }
    technique->kwargs = json_dumps(kwargs, 0);
    return technique->kwargs ? 0 : -ENOMEM;
}

int catalogue_load(const char *text, size_t len, struct catalogue *ret_catalogue) {
    struct catalogue catalogue = {.root = json_loadb(text, len, 0, NULL)};
    const json_t *preludes = json_object_get(catalogue.root, "preludes");
    const json_t *techniques = json_object_get(catalogue.root, "techniques");
    catalogue.left_out = json_object_get(catalogue.root, "left_out");
    size_t n = json_array_size(techniques);
    if (n == 0 || !json_is_object(catalogue.left_out)) {
        catalogue_free(&catalogue);
        return -EBADMSG;
    }
    catalogue.techniques = calloc(n, sizeof *catalogue.techniques);
    int error = catalogue.techniques ? 0 : -ENOMEM;
    for (size_t i = 0; i < n && !error; i++) {
        error = read_technique(preludes, json_array_get(techniques, i), &catalogue.techniques[i]);
        catalogue.n++;
    }
    if (error) {
        catalogue_free(&catalogue);
        return error;
    }
    *ret_catalogue = catalogue;
    return 0;
}

void catalogue_free(struct catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->n; i++) {
        free(catalogue->techniques[i].kwargs);
    }
    free(catalogue->techniques);
    json_decref(catalogue->root);
    *catalogue = (struct catalogue){0};
}

static uint64_t between(uint64_t value, uint64_t least, uint64_t most) {
    return value < least ? least : value > most ? most : value;
}

int technique_input(const struct technique *technique, const struct settings *settings, struct run_input *ret_input) {
    size_t prelude_len = strlen(technique->prelude);
    struct run_request_header header = {
        .magic = RUN_REQUEST_MAGIC,
        .mode = RUN_MODE_MAIN,
        .script_len = prelude_len + strlen(technique->script),
        .kwargs_len = strlen(technique->kwargs),
        .max_result_bytes = settings->max_result_bytes,
    };
    uint64_t memory = technique->memory_bytes ? technique->memory_bytes : settings->default_memory_bytes;
    struct run_input input = {
        .mode = RUN_MODE_MAIN,
        .timeout_ms = between(technique->timeout_ms, 1, settings->max_timeout_ms),
        .memory_bytes = between(memory, settings->min_memory_bytes, settings->max_memory_bytes),
        .wants = GUEST_LEAN,
    };
    int error = byte_buffer_append(&input.request, &header, sizeof header);
    error = error ? error : byte_buffer_append(&input.request, technique->prelude, prelude_len);
    error = error ? error : byte_buffer_append_text(&input.request, technique->script);
    error = error ? error : byte_buffer_append_text(&input.request, technique->kwargs);
    if (error) {
        run_input_free(&input);
        return error;
    }
    *ret_input = input;
    return 0;
}
