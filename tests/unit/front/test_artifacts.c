#include <errno.h>
#include <string.h>

#include "unit.h"

#include "front/artifacts.h"
#include "front/base64.h"
#include "front/media_type.h"
#include "wire/run_result.h"

static struct settings settings;

/* A log under construction. */
struct log {
    _Alignas(8) unsigned char bytes[1 << 16];
    uint64_t used;
};

static int read_log(void *context, void *bytes, size_t len, uint64_t offset) {
    const struct log *log = context;
    assert_true(offset <= sizeof log->bytes && len <= sizeof log->bytes - offset);
    memcpy(bytes, log->bytes + offset, len);
    return 0;
}

static struct artifact_frame *add_raw(struct log *log, const char *path, size_t path_len, const char *content,
                                      size_t size) {
    struct artifact_frame *frame = (struct artifact_frame *)(void *)(log->bytes + log->used);
    *frame = (struct artifact_frame){
        .magic = ARTIFACT_MAGIC, .kind = ARTIFACT_FILE, .path_len = (uint32_t)path_len, .size = size};
    memcpy(frame + 1, path, path_len);
    log->used += sizeof *frame + artifact_padded(path_len);
    memcpy(log->bytes + log->used, content, strlen(content));
    log->used += artifact_padded(size);
    return frame;
}

static struct artifact_frame *add(struct log *log, const char *path, const char *content) {
    return add_raw(log, path, strlen(path), content, strlen(content));
}

static struct artifact_frame *add_skip(struct log *log, const char *path, uint32_t reason) {
    struct artifact_frame *frame = add(log, path, "");
    frame->kind = ARTIFACT_SKIPPED;
    frame->reason = reason;
    return frame;
}

static const char *take(struct artifacts *artifacts, struct log *log) {
    const struct artifact_source source = {.read_at = read_log, .context = log};
    assert_int_equal(artifacts_take(artifacts, &settings, &source, log->used), 0);
    return artifacts->fault;
}

/* What a log of this one frame comes to. */
static const char *fault_of(struct log *log) {
    struct artifacts artifacts = {0};
    const char *fault = take(&artifacts, log);
    if (fault) {
        assert_int_equal(artifacts.n + artifacts.n_skips, 0);
    }
    artifacts_free(&artifacts);
    memset(log, 0, sizeof *log);
    return fault;
}

static void reads_what_has_come_and_goes_on(void **state) {
    (void)state;
    static struct log log;
    struct artifacts artifacts = {0};
    struct byte_buffer text = {0};
    const struct artifact_source source = {.read_at = read_log, .context = &log};
    memset(&log, 0, sizeof log);
    add(&log, "a.csv", "1,2\n");
    assert_null(take(&artifacts, &log));
    assert_int_equal(artifacts.n, 1);
    add(&log, "b/\xC3\xA4.PNG", "");
    add_skip(&log, "l\n\xFF", ARTIFACT_IS_LINK);
    add_skip(&log, "", 0)->reason = ARTIFACT_TOO_MANY;
    struct artifact_frame *more = add(&log, "", "");
    more->kind = ARTIFACT_MORE;
    more->size = 17;
    assert_null(take(&artifacts, &log));
    assert_int_equal(artifacts.n, 2);
    assert_int_equal(artifacts.unnamed, 17);
    assert_int_equal(artifacts.over_a_cap, 1);
    assert_int_equal(artifacts_append_members(&artifacts, &source, &text), 0);
    assert_int_equal(byte_buffer_append(&text, "", 1), 0);
    assert_string_equal(text.bytes,
                        ",\"artifacts\":[{\"path\":\"a.csv\",\"mime\":\"text/csv\",\"size\":4,\"base64\":\"MSwyCg==\"},"
                        "{\"path\":\"b/\xC3\xA4.PNG\",\"mime\":\"image/png\",\"size\":0,\"base64\":\"\"}],"
                        "\"artifacts_skipped\":[{\"path\":\"l\\n\xEF\xBF\xBD\",\"reason\":\"it is a symbolic link\"},"
                        "{\"path\":\"\",\"reason\":\"there are max_artifacts already\"}]");
    byte_buffer_free(&text);
    artifacts_free(&artifacts);
}

static void refuses_paths_that_mean_something_else(void **state) {
    (void)state;
    static struct log log;
    static const char *const bad[] = {"",  "/a",   "a//b",  "a/",   "../a",       "a/../b", "./a",
                                      ".", "a\nb", "a\x7F", "\xFF", "a/\xC0\xAF", "a/..",   "1/2/3/4/5/6/7/8/9"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        add(&log, bad[i], "x");
        assert_non_null(fault_of(&log));
    }
    static const char *const good[] = {"a", "...", "..a", "a b/\xE2\x98\x83", "1/2/3/4/5/6/7/8", "-rf"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        add(&log, good[i], "x");
        assert_null(fault_of(&log));
    }
    add_raw(&log, "a\0b", 3, "x", 1);
    assert_non_null(fault_of(&log));
}

static void refuses_frames_that_may_not_be(void **state) {
    (void)state;
    static struct log log;
    add(&log, "a", "x")->magic++;
    assert_non_null(fault_of(&log));
    add(&log, "a", "x")->kind = 9;
    assert_non_null(fault_of(&log));
    add(&log, "a", "x")->reason = 1;
    assert_non_null(fault_of(&log));
    add(&log, "a", "x")->size = 1000; /* behind the end */
    assert_non_null(fault_of(&log));
    add(&log, "a", "x")->size = UINT64_MAX;
    assert_non_null(fault_of(&log));
    add(&log, "a", "x")->size = UINT64_MAX - 6;
    assert_non_null(fault_of(&log));
    add(&log, "a", "x")->path_len = UINT32_MAX;
    assert_non_null(fault_of(&log));
    add(&log, "a", "x")->path_len = 256;
    log.used += 256;
    assert_non_null(fault_of(&log));
    add_skip(&log, "a", 0);
    assert_non_null(fault_of(&log));
    add_skip(&log, "a", ARTIFACT_REASONS);
    assert_non_null(fault_of(&log));
    add_skip(&log, "a", 1)->size = 8;
    assert_non_null(fault_of(&log));
    add(&log, "", "")->kind = ARTIFACT_MORE; /* of nothing */
    assert_non_null(fault_of(&log));
    log.used = 23;
    assert_non_null(fault_of(&log));
    log.used = RUN_RESULT_ARTIFACTS_MAX + 1;
    assert_non_null(fault_of(&log));
}

static void stays_within_the_caps(void **state) {
    (void)state;
    static struct log log;
    struct artifacts artifacts = {0};
    char path[8];
    memset(&log, 0, sizeof log);
    for (int i = 0; i <= 50; i++) {
        (void)snprintf(path, sizeof path, "%d", i);
        add(&log, path, "x");
    }
    assert_non_null(take(&artifacts, &log));
    assert_int_equal(artifacts.n, 50); /* what was whole before stays */
    uint64_t next = artifacts.next;
    assert_non_null(take(&artifacts, &log));
    assert_int_equal(artifacts.next, next);
    artifacts_free(&artifacts);

    memset(&log, 0, sizeof log);
    for (unsigned i = 0; i <= ARTIFACT_NAMED_SKIPS_MAX; i++) {
        add_skip(&log, "a", 1);
    }
    assert_non_null(take(&artifacts, &log));
    assert_int_equal(artifacts.n_skips, ARTIFACT_NAMED_SKIPS_MAX);
    artifacts_free(&artifacts);

    memset(&log, 0, sizeof log);
    add(&log, "twice", "x");
    add(&log, "twice", "y");
    assert_non_null(take(&artifacts, &log));
    assert_int_equal(artifacts.n, 1);
    artifacts_free(&artifacts);

    settings.max_artifact_bytes = 100;
    settings.max_artifact_total_bytes = 150;
    static const char hundred[101] = "a";
    memset(&log, 0, sizeof log);
    add_raw(&log, "a", 1, hundred, 100);
    add_raw(&log, "b", 1, hundred, 51);
    assert_non_null(take(&artifacts, &log));
    assert_int_equal(artifacts.n, 1);
    artifacts_free(&artifacts);
    memset(&log, 0, sizeof log);
    add_raw(&log, "a", 1, hundred, 101);
    assert_non_null(fault_of(&log));
    settings_default(&settings);
    settings.max_artifacts = 0;
    add(&log, "a", "x");
    assert_non_null(fault_of(&log));
    settings_default(&settings);
}

static void base64_round_trip(void **state) {
    (void)state;
    char bytes[256], text[BASE64_SIZE(sizeof bytes)];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 7);
    }
    for (size_t len = 0; len < sizeof bytes; len++) {
        size_t text_len = base64_encode(bytes, len, text), back, fault;
        assert_int_equal(text_len, BASE64_SIZE(len));
        assert_int_equal(base64_decode(text, text_len, &back, &fault), 0);
        assert_int_equal(back, len);
        assert_memory_equal(text, bytes, len);
    }
}

static void media_types(void **state) {
    (void)state;
    assert_string_equal(media_type_of("a/b.PNG"), "image/png");
    assert_string_equal(media_type_of("x.tar.gz"), "application/gzip");
    assert_string_equal(media_type_of("png"), "application/octet-stream");
    assert_string_equal(media_type_of(".png"), "application/octet-stream");
    assert_string_equal(media_type_of("a.png/b"), "application/octet-stream");
    assert_string_equal(media_type_of("a."), "application/octet-stream");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_has_come_and_goes_on),
        cmocka_unit_test(refuses_paths_that_mean_something_else),
        cmocka_unit_test(refuses_frames_that_may_not_be),
        cmocka_unit_test(stays_within_the_caps),
        cmocka_unit_test(base64_round_trip),
        cmocka_unit_test(media_types),
    };
    settings_default(&settings);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
