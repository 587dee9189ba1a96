/* Why a request gets no run, as its answer will say it. */
#ifndef PYEXEC_FRONT_PROBLEM_H
#define PYEXEC_FRONT_PROBLEM_H

#include <stddef.h>

#define PROBLEM_MAX_SUGGESTIONS 4
#define PROBLEM_TEXT_MAX 512

struct problem {
    unsigned status;       /* of HTTP */
    const char *error;     /* the contract's word: "invalid_input", "overloaded", ...; static */
    unsigned retry_after;  /* seconds for the header of that name, 0: none */
    const char *allow;     /* for the header of that name, or NULL; static */
    const char *challenge; /* for WWW-Authenticate, or NULL; static */
    int close;             /* 1: nothing more may be read from this connection */
    char message[PROBLEM_TEXT_MAX];
    char suggestions[PROBLEM_MAX_SUGGESTIONS][PROBLEM_TEXT_MAX];
    size_t n_suggestions;
};

/* Starts the problem anew: status, word and message; no suggestion, no header. A long message is cut. */
void problem_set(struct problem *problem, unsigned status, const char *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a suggestion; one too many is left out. */
void problem_suggest(struct problem *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies a client's text into a message's quotation marks: at most 64 bytes and whole characters, "..." where it was
 * cut, control characters as '?'. Returns `ret_text`. */
#define PROBLEM_QUOTE_MAX 72
const char *problem_quote(const char *text, size_t len, char ret_text[PROBLEM_QUOTE_MAX]);

#endif
