/* Where a run was when its time ran out. At the deadline the keeper sends the sandbox's first process this signal, and
 * kills it LAST_WORDS_US later at the latest. The process leaves its stack in the result memory's header page (a claim,
 * like everything in there) and ends. */
#ifndef PYEXEC_WIRE_LAST_WORDS_H
#define PYEXEC_WIRE_LAST_WORDS_H

#include <stdint.h>

#include "wire/run_result.h"

/* A real-time signal that programs hardly use; what a script does about it only costs it its own last words. */
#define LAST_WORDS_SIGNAL 62

#define LAST_WORDS_US 20000u

#define LAST_WORDS_OFFSET 64u
#define LAST_WORDS_TEXT_MAX 3900u

struct last_words {
    uint32_t line;                  /* of the script's source, from 1; 0: none of its frames was running */
    uint32_t text_len;              /* written last; 0: nothing was left */
    char text[LAST_WORDS_TEXT_MAX]; /* the user's frames as a traceback, UTF-8, without a last line end */
};

_Static_assert(sizeof(struct run_result_header) <= LAST_WORDS_OFFSET, "the header reaches into the last words");
_Static_assert(LAST_WORDS_OFFSET + sizeof(struct last_words) <= RUN_RESULT_HEADER_BYTES, "the last words are too long");

#endif
