#include "front/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "front/utf8.h"

#define QUOTED_BYTES 64u

static void write_text(char *text, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

static void write_text(char *text, const char *format, va_list arguments) {
    (void)vsnprintf(text, PROBLEM_TEXT_MAX, format, arguments);
    size_t len = strlen(text);
    text[len - utf8_partial_end(text, len)] = '\0';
}

void problem_set(struct problem *problem, unsigned status, const char *error, const char *format, ...) {
    problem->status = status;
    problem->error = error;
    problem->retry_after = 0;
    problem->allow = NULL;
    problem->challenge = NULL;
    problem->close = 0;
    problem->n_suggestions = 0;
    va_list arguments;
    va_start(arguments, format);
    write_text(problem->message, format, arguments);
    va_end(arguments);
}

void problem_suggest(struct problem *problem, const char *format, ...) {
    if (problem->n_suggestions == PROBLEM_MAX_SUGGESTIONS) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_text(problem->suggestions[problem->n_suggestions++], format, arguments);
    va_end(arguments);
}

const char *problem_quote(const char *text, size_t len, char ret_text[PROBLEM_QUOTE_MAX]) {
    size_t shown = len <= QUOTED_BYTES ? len : QUOTED_BYTES;
    shown -= shown < len ? utf8_partial_end(text, shown) : 0;
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];
        ret_text[i] = c < 0x20 || c == 0x7F ? '?' : (char)c;
    }
    (void)snprintf(ret_text + shown, PROBLEM_QUOTE_MAX - shown, "%s", shown < len ? "..." : "");
    return ret_text;
}
