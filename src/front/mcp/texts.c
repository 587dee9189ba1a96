#include "front/mcp/texts.h"

#include <stdio.h>
#include <string.h>

static const struct setting *find_setting(const char *name, size_t len) {
    size_t count;
    const struct setting *table = settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) {
            return setting_has_range(&table[i]) ? &table[i] : NULL;
        }
    }
    return NULL;
}

/* The setting that is meant at `at`, in front of `end`, and how long it is written. */
static const struct setting *setting_at(const char *at, const char *end, size_t *ret_len) {
    const int quoted = end - at > 2 && at[0] == '"' && at[1] == '$';
    if (at[0] != '{' && !quoted) {
        return NULL;
    }
    const char *name = at + 1 + quoted;
    const char *close = memchr(name, quoted ? '"' : '}', (size_t)(end - name));
    if (!close) {
        return NULL;
    }
    *ret_len = (size_t)(close + 1 - at);
    return find_setting(name, (size_t)(close - name));
}

int mcp_text_fill(const struct mcp_text *text, const struct settings *settings, struct byte_buffer *out) {
    const char *at = text->text, *end = at + text->len, *plain = at;
    int error = 0;
    while (!error && at < end) {
        size_t len = 0;
        const struct setting *setting = setting_at(at, end, &len);
        if (!setting) {
            at++;
            continue;
        }
        char value[SETTINGS_TEXT_MAX];
        settings_write_value(settings, setting, value);
        error = byte_buffer_append(out, plain, (size_t)(at - plain));
        error = error ? error : byte_buffer_append_text(out, value);
        at += len;
        plain = at;
    }
    return error ? error : byte_buffer_append(out, plain, (size_t)(end - plain));
}

int mcp_text_put(const char *text, size_t len, const char *name, const struct byte_buffer *value,
                 struct byte_buffer *out) {
    char mark[32];
    (void)snprintf(mark, sizeof mark, "{{%s}}", name);
    const char *at = memmem(text, len, mark, strlen(mark));
    if (!at) {
        return byte_buffer_append(out, text, len);
    }
    const char *rest = at + strlen(mark);
    int error = byte_buffer_append(out, text, (size_t)(at - text));
    error = error ? error : byte_buffer_append(out, value->bytes, value->len);
    return error ? error : byte_buffer_append(out, rest, (size_t)(text + len - rest));
}
