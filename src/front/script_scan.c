#include "front/script_scan.h"

#include <ctype.h>
#include <string.h>

/* Packages that the data guest has loaded, or that need NumPy and so gain from it. */
static const char *const data_words[] = {"numpy",   "pandas",  "matplotlib", "scipy",
                                         "sklearn", "seaborn", "PIL",        "openpyxl"};

static int is_word_character(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static int has_word(const char *text, size_t len, const char *word, size_t word_len) {
    const char *at = text;
    const char *end = text + len;
    while ((at = memmem(at, (size_t)(end - at), word, word_len))) {
        const char *behind = at + word_len;
        if ((at == text || !is_word_character(at[-1])) && (behind == end || !is_word_character(*behind))) {
            return 1;
        }
        at = behind;
    }
    return 0;
}

static int has_module(const char *script, size_t len, const char *modules) {
    while (*modules) {
        const size_t name_len = strcspn(modules, ".,");
        if (has_word(script, len, modules, name_len)) {
            return 1;
        }
        modules += strcspn(modules, ",");
        modules += *modules == ',';
    }
    return 0;
}

enum guest_kind script_wants(const char *script, size_t len, const char *modules) {
    for (size_t i = 0; i < sizeof data_words / sizeof data_words[0]; i++) {
        if (has_word(script, len, data_words[i], strlen(data_words[i]))) {
            return GUEST_DATA;
        }
    }
    return has_module(script, len, modules) ? GUEST_DATA : GUEST_LEAN;
}

int script_is_blank(const char *script, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)script[i])) {
            return 0;
        }
    }
    return 1;
}
