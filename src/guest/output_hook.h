/* The output directory comes into being when a script first goes there, so that the private directory is empty at the
 * start and yet nobody has to make it: an audit hook of the interpreter looks at what opens files, lists directories or
 * starts processes whose arguments name it. Code that goes past the interpreter (ctypes, a program) makes it itself. */
#ifndef PYEXEC_GUEST_OUTPUT_HOOK_H
#define PYEXEC_GUEST_OUTPUT_HOOK_H

/* Adds the hook, which sleeps. Once, in the guest. Returns 0, or -1 with a Python exception set. */
int output_hook_add(void);

/* From now on, in this process and its forks, the directory is made at the first sign. */
void output_hook_arm(void);

#endif
