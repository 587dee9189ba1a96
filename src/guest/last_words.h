/* What a sandbox says when its time is up: wire/last_words.h. */
#ifndef PYEXEC_GUEST_LAST_WORDS_H
#define PYEXEC_GUEST_LAST_WORDS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Once in the guest, after Python's start: sandboxes inherit what it sets up, so that a run pays nothing for it.
 * Returns 0, or -1 with a Python exception set. */
int last_words_prepare(void);

/* The script's source, a str, for the lines of text in the stack. Takes a reference, and lets go of the one before. */
void last_words_set_source(PyObject *source);

/* Leaves the words and ends the process; for the Python side, which looks into coroutines. `line` as in the struct. */
_Noreturn void last_words_say(uint32_t line, const char *text, size_t len);

#endif
