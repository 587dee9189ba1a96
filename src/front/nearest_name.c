#include "front/nearest_name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LONGEST 64u

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Edit distance with swaps of neighbours, case ignored; both at most LONGEST long. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t rows[3][LONGEST + 1];
    size_t *before_last = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        int a_now = tolower((unsigned char)a[i - 1]);
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            int b_now = tolower((unsigned char)b[j - 1]);
            size_t best = last[j - 1] + (a_now != b_now);
            best = smaller(best, smaller(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a_now == tolower((unsigned char)b[j - 2]) &&
                b_now == tolower((unsigned char)a[i - 2])) {
                best = smaller(best, before_last[j - 2] + 1);
            }
            row[j] = best;
        }
        size_t *oldest = before_last;
        before_last = last;
        last = row;
        row = oldest;
    }
    return last[b_len];
}

const char *nearest_name(const char *written, size_t len, const char *const *names, size_t n_names) {
    const char *best = NULL;
    size_t best_distance = 0;
    if (len > LONGEST) {
        return NULL;
    }
    for (size_t i = 0; i < n_names; i++) {
        size_t name_len = strlen(names[i]);
        if (name_len > LONGEST) {
            continue;
        }
        size_t edits = distance(written, len, names[i], name_len);
        /* `environ` for `env`, `time` for `timeout`: one the beginning of the other, three letters at least. */
        const size_t shared = smaller(len, name_len);
        if (shared >= 3 && strncasecmp(written, names[i], shared) == 0) {
            edits = smaller(edits, 1);
        }
        size_t longer = len > name_len ? len : name_len;
        if (edits * 3 <= longer + 1 && (!best || edits < best_distance)) {
            best = names[i];
            best_distance = edits;
        }
    }
    return best;
}
