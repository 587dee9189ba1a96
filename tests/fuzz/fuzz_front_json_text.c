/* JSON text, from a client or a sandbox: what json_text_check() passes can be walked and decoded, and is one that
 * jansson reads too, but for numbers beyond 64 bits and for lone surrogates. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "front/json_text.h"
#include "front/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds) {
    if (!holds) {
        abort();
    }
}

static size_t walk(const struct json_span *span, unsigned depth) {
    struct json_walk walker;
    struct json_span name, value;
    size_t n = 0;
    if (span->kind == JSON_TEXT_STRING) {
        struct byte_buffer text = {0};
        check(json_text_append(&text, span, NULL) == 0);
        check(utf8_valid_len(text.bytes, text.len) == text.len);
        byte_buffer_free(&text);
    }
    if ((span->kind != JSON_TEXT_ARRAY && span->kind != JSON_TEXT_OBJECT) || depth == 0) {
        return 1;
    }
    json_walk_start(&walker, span);
    while (span->kind == JSON_TEXT_ARRAY ? json_walk_element(&walker, &value)
                                         : json_walk_member(&walker, &name, &value)) {
        check(value.text >= span->text && value.text + value.len <= span->text + span->len);
        n += walk(&value, depth - 1);
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct json_span value;
    struct json_fault fault = {0};
    char *text = malloc(size ? size : 1);
    memcpy(text, data, size);
    if (json_text_check(text, size, 64, &value, &fault) < 0) {
        check(fault.offset <= size && fault.reason);
        /* What jansson would take, strictly, must not be refused, except for depth. */
        json_error_t error;
        json_t *parsed = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        /* jansson takes a NUL outside of strings for the end of the text. */
        check(!parsed || strstr(fault.reason, "deep") || memchr(text, '\0', size));
        json_decref(parsed);
    } else {
        (void)walk(&value, 8);
        json_error_t error;
        json_t *parsed = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        check(parsed || strstr(error.text, "big") || strstr(error.text, "overflow") ||
              strstr(error.text, "surrogate") || strstr(error.text, "invalid Unicode") ||
              strstr(error.text, "negative integer"));
        json_decref(parsed);
    }
    free(text);
    return 0;
}
