/* What imported modules may leave behind and a guest that is to be forked must not have. */
#ifndef PYEXEC_GUEST_LEFT_BEHIND_H
#define PYEXEC_GUEST_LEFT_BEHIND_H

/* 1 when this process has more than one thread, Python's own or not. There may be no /proc to count them in, and the
 * call that tells may be refused: then `thorough` tries every thread id there can be, which takes up to half a second
 * and is for modules of the operator's; without it 0 is returned. */
int left_behind_threads(int thorough);

/* The first descriptor above `last`, or -1. It would be closed when a sandbox begins, behind its owner's back, and its
 * number belong to something else. */
int left_behind_descriptor(int last);

#endif
