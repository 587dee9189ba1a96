#include "front/http_negotiation.h"

#include <string.h>
#include <strings.h>

struct part {
    const char *text;
    size_t len;
};

static struct part trimmed(const char *text, const char *end) {
    while (text < end && (*text == ' ' || *text == '\t')) {
        text++;
    }
    while (end > text && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (struct part){text, (size_t)(end - text)};
}

/* The part before the next separator; *at goes behind it, or becomes NULL after the last one. */
static struct part next_part(const char **at, const char *end, char separator) {
    const char *start = *at;
    const char *found = memchr(start, separator, (size_t)(end - start));
    *at = found ? found + 1 : NULL;
    return trimmed(start, found ? found : end);
}

static int part_is(struct part part, const char *text) {
    return part.len == strlen(text) && strncasecmp(part.text, text, part.len) == 0;
}

/* "q=0", "q=0." and up to three zeros behind it. */
static int is_weight_zero(struct part part) {
    if (part.len < 3 || strncasecmp(part.text, "q=0", 3) != 0) {
        return 0;
    }
    for (size_t i = 3; i < part.len; i++) {
        if (part.text[i] != (i == 3 ? '.' : '0')) {
            return 0;
        }
    }
    return 1;
}

int http_takes_coding(const char *value, size_t len, const char *name) {
    const char *end = value + len;
    for (const char *at = value; at;) {
        struct part entry = next_part(&at, end, ',');
        const char *in_entry = entry.text, *entry_end = entry.text + entry.len;
        if (!part_is(next_part(&in_entry, entry_end, ';'), name)) {
            continue;
        }
        while (in_entry) {
            if (is_weight_zero(next_part(&in_entry, entry_end, ';'))) {
                return 0;
            }
        }
        return 1;
    }
    return -1;
}

int http_lists_etag(const char *value, size_t len, const char *etag) {
    const char *end = value + len;
    if (part_is(trimmed(value, end), "*")) {
        return 1;
    }
    /* Ours have no comma, so that it does not matter that others' may. */
    for (const char *at = value; at;) {
        struct part tag = next_part(&at, end, ',');
        if (tag.len > 2 && tag.text[0] == 'W' && tag.text[1] == '/') {
            tag.text += 2;
            tag.len -= 2;
        }
        if (tag.len == strlen(etag) && memcmp(tag.text, etag, tag.len) == 0) {
            return 1;
        }
    }
    return 0;
}
