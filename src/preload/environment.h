/* The two variables of ours in the environment of what this process executes. */
#ifndef PYEXEC_PRELOAD_ENVIRONMENT_H
#define PYEXEC_PRELOAD_ENVIRONMENT_H

#include <limits.h>
#include <stddef.h>

/* Takes our variables out of this process's environment, so that a script sees the one it was given. LD_PRELOAD keeps
 * what others put there. In place: no allocation, and the array that main() gets changes with it. */
void environment_hide(void);

/* Room for the entries of ours. */
struct environment_texts {
    char preload[PATH_MAX];
    char private[PATH_MAX + 16];
};

/* Fills `copy` with the entries of `envp` (NULL being none), ours in the place of theirs, and NULL: at most three more.
 * The texts live as long as the copy. */
void environment_copy(char *const *envp, struct environment_texts *texts, char **copy);

#endif
