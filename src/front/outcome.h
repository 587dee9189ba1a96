/* How a run ended, as the contract calls it: the keeper's verdict joined with the sandbox's record. Pure. */
#ifndef PYEXEC_FRONT_OUTCOME_H
#define PYEXEC_FRONT_OUTCOME_H

#include "base/settings.h"
#include "front/record.h"
#include "wire/front_link.h"

enum outcome_kind {
    OUTCOME_SUCCESS,
    OUTCOME_MISSING_MAIN,
    OUTCOME_SYNTAX_ERROR,
    OUTCOME_RUNTIME_ERROR,
    OUTCOME_TIMEOUT,
    OUTCOME_RESOURCE_LIMIT,
    OUTCOME_INTERNAL_ERROR, /* ours, never the script's */
};

#define OUTCOME_MAX_SUGGESTIONS 3
#define OUTCOME_SUGGESTION_MAX 512

struct outcome {
    enum outcome_kind kind;
    int uses_record; /* error_type, line, column, text, traceback of the record hold */
    int uses_record_suggestions;
    int return_code;            /* 0 only on success */
    struct byte_buffer message; /* owned; empty on success */
    const char *error_type;     /* ours, static, or NULL */
    char signal[16];            /* "SIGSEGV", or "" */
    const char *limit_name;     /* static, or NULL when no limit ended the run */
    const char *limit_unit;
    double limit_value; /* in that unit */
    char suggestions[OUTCOME_MAX_SUGGESTIONS][OUTCOME_SUGGESTION_MAX];
    size_t n_suggestions;
};

/* Judges a run. `record` is what record_read() gave (it may be RECORD_NONE). Returns 0 with *ret_outcome filled (free
 * it with outcome_free()) or -ENOMEM. */
int outcome_judge(const struct front_verdict *verdict, const struct run_record *record, const struct settings *settings,
                  struct outcome *ret_outcome);

void outcome_free(struct outcome *outcome);

/* The contract's word: "runtime_error", ...; NULL for OUTCOME_SUCCESS. Static. */
const char *outcome_error(enum outcome_kind kind);

#endif
