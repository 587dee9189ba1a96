/* A log of artifacts, from a sandbox, read in two steps while it changes: what comes of it is valid JSON within the
 * caps. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "front/artifacts.h"
#include "front/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct log {
    const uint8_t *bytes;
    size_t len;
};

static void check(int holds) {
    if (!holds) {
        abort();
    }
}

static int read_log(void *context, void *bytes, size_t len, uint64_t offset) {
    const struct log *log = context;
    check(offset <= log->len && len <= log->len - offset);
    memcpy(bytes, log->bytes + offset, len);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct artifacts artifacts = {0};
    struct byte_buffer text = {0};
    struct settings settings;
    if (size < 2) {
        return 0;
    }
    settings_default(&settings);
    settings.max_artifacts = data[0] % 8;
    settings.max_artifact_bytes = 1000;
    settings.max_artifact_total_bytes = 1500;
    struct log log = {.bytes = data + 2, .len = size - 2};
    const struct artifact_source source = {.read_at = read_log, .context = &log};
    uint64_t first = log.len < data[1] ? log.len : data[1];
    check(artifacts_take(&artifacts, &settings, &source, first) == 0);
    check(artifacts_take(&artifacts, &settings, &source, log.len) == 0);
    check(artifacts.n <= settings.max_artifacts && artifacts.n_skips <= ARTIFACT_NAMED_SKIPS_MAX);
    check(artifacts.total <= settings.max_artifact_total_bytes);

    check(byte_buffer_append_text(&text, "{\"a\":0") == 0);
    check(artifacts_append_members(&artifacts, &source, &text) == 0);
    check(byte_buffer_append_text(&text, "}") == 0);
    struct json_span span;
    struct json_fault fault;
    check(json_text_check(text.bytes, text.len, 10, &span, &fault) == 0);
    byte_buffer_free(&text);
    artifacts_free(&artifacts);
    return 0;
}
