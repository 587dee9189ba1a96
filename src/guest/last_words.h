/* What a sandbox says when its time is up: wire/last_words.h. */
#ifndef PYEXEC_GUEST_LAST_WORDS_H
#define PYEXEC_GUEST_LAST_WORDS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

/* Once in the guest, after Python's start: sandboxes inherit what it sets up, so that a run pays nothing for it.
 * Returns 0, or -1 with a Python exception set. */
int last_words_prepare(void);

/* The script's source, a str, for the lines of text in the stack. Takes a reference, and lets go of the one before. */
void last_words_set_source(PyObject *source);

/* For the Python side: whether all that the main thread had was an idle event loop, whose coroutines are to be looked
 * into. */
bool last_words_want_coroutines(void);

/* Leaves the words, or those that there are when len is 0, and ends the process. `line` as in the struct. */
_Noreturn void last_words_say(uint32_t line, const char *text, size_t len);

#endif
