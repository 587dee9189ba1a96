#include "front/selftest/judgement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "front/utf8.h"

const char *finding_name(enum finding finding) {
    static const char *const names[] = {"stopped", "got through", "visible", "no verdict"};
    return names[finding];
}

/* What is no UTF-8, as where a text was cut, and control characters, of ASCII and of Latin-1, become '?'. */
static void make_printable(char *text) {
    size_t len = strlen(text), n;
    for (size_t at = 0; at < len; at += n) {
        const unsigned char first = (unsigned char)text[at];
        int good = utf8_step(text + at, len - at, &n) == UTF8_VALID && first >= ' ' && first != 0x7f;
        if (!good || (first == 0xc2 && (unsigned char)text[at + 1] < 0xa0)) {
            memset(text + at, '?', n);
        }
    }
}

void judgement_set(struct judgement *judgement, enum finding finding, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(judgement->said, sizeof judgement->said, format, arguments);
    va_end(arguments);
    make_printable(judgement->said);
    judgement->finding = finding;
}
