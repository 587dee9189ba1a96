/* A result memory, from a sandbox: header, record and value as it likes, and any verdict; the answer is valid JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "front/answer.h"
#include "front/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds) {
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct run_result_header header = {.magic = RUN_RESULT_MAGIC, .complete = 1};
    struct settings settings;
    struct run_record record;
    struct answer answer;
    if (size < 8) {
        return 0;
    }
    settings_default(&settings);
    header.phase = data[0] % 5;
    header.banner_written = data[1] % 3;
    header.complete = data[1] < 250;
    size_t split = (size_t)data[2] << 8 | data[3];
    size_t rest = size - 8;
    split = split < rest ? split : rest;
    header.record_len = (uint32_t)split;
    header.value_len = (uint32_t)(rest - split);
    char *text = malloc(split ? split : 1), *value = malloc(rest - split ? rest - split : 1);
    memcpy(text, data + 8, split);
    memcpy(value, data + 8 + split, rest - split);
    check(record_parse(&header, text, value, settings.max_result_bytes, &record) == 0);
    free(text);
    free(value);

    struct front_verdict verdict = {.cause = data[4] % 12u, .started = 1, .exit_code = data[5], .signal = data[6] % 65};
    struct capture out, err;
    capture_start(&out, 64);
    capture_start(&err, 64);
    capture_write(&out, (const char *)data, size);
    struct run_facts facts = {.id = "id",
                              .settings = &settings,
                              .banner = data[7] & 1,
                              .verdict = &verdict,
                              .record = &record,
                              .out = &out,
                              .err = &err};
    check(answer_run(&facts, &answer) == 0);
    struct json_span span;
    struct json_fault fault;
    check(json_text_check(answer.text.bytes, answer.text.len, JSON_TEXT_MAX_DEPTH, &span, &fault) == 0);
    answer_free(&answer);
    capture_free(&out);
    capture_free(&err);
    record_free(&record);
    return 0;
}
