/* What a sandbox claims about its run, read from its result memory. Every byte of it is hostile: whoever wrote it may
 * have been the script. Nothing here says how the run ended; that is the verdict's. */
#ifndef PYEXEC_FRONT_RECORD_H
#define PYEXEC_FRONT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "front/byte_buffer.h"
#include "wire/run_result.h"

enum record_kind {
    RECORD_NONE,    /* nothing was left: os._exit(), a signal, the end of time */
    RECORD_INVALID, /* something was left that the format does not allow */
    RECORD_RESULT,
    RECORD_EXIT,
    RECORD_MISSING_MAIN,
    RECORD_SYNTAX_ERROR,
    RECORD_EXCEPTION,
};

/* A list of texts, one after the other in `texts`, each ended by NUL (NUL inside one becomes U+FFFD). */
struct text_list {
    struct byte_buffer texts;
    size_t n;
};

/* Texts are valid UTF-8 and owned. An absent text has bytes == NULL, an absent number is -1. */
struct run_record {
    enum record_kind kind;
    const char *fault;       /* RECORD_INVALID: why, static, for the log */
    unsigned phase;          /* enum run_phase as claimed; RUN_PHASE_WAITING when there was no valid header */
    int banner_written;      /* as claimed */
    uint64_t artifacts_used; /* as claimed, by record_read() only; 0 when there was no valid header */
    struct byte_buffer message, error_type, text, traceback, result_text;
    struct text_list suggestions, available_functions;
    long long line, column, exit_code;
    long long stopped_line;        /* where it was when its time ran out; 0: not told */
    struct byte_buffer stopped_at; /* the same as a traceback */
    struct byte_buffer denied;     /* the name of a call that the sandbox refused it, as claimed */
    struct byte_buffer value;      /* RECORD_RESULT: the result's JSON text, strictly checked */
};

/* Reads the memory behind result_fd with pread(2). Call it only when every process that could write to it is gone.
 * `max_value` is the cap of the result's JSON text. Returns 0 with *ret_record filled, whatever was found (free it with
 * record_free()), or -ENOMEM. */
int record_read(int result_fd, size_t max_value, struct run_record *ret_record);

/* Adds where a run was whose time ran out (stopped_line, stopped_at), as far as it told. Returns 0 or -ENOMEM. */
int record_read_last_words(int result_fd, struct run_record *record);

/* The pure part: a header, a record text and a value text become *ret_record. As record_read(). */
int record_parse(const struct run_result_header *header, const char *text, const char *value, size_t max_value,
                 struct run_record *ret_record);

/* Frees all texts. Fine for a record of all zeros. */
void record_free(struct run_record *record);

#endif
