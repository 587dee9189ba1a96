/* One version of the program becomes the next without a moment in which nobody listens.
 *
 * The launcher replaces itself by exec: it keeps its process number (so a service manager, or a container whose first
 * process it is, notices nothing), its listening socket, and the old keeper, which is still its child and goes on
 * serving. The new program starts a keeper of its own beside it. */
#ifndef PYEXEC_LAUNCHER_TAKE_OVER_H
#define PYEXEC_LAUNCHER_TAKE_OVER_H

#include <sys/types.h>

/* What the program before has left to this one. */
struct inheritance {
    int listen_fd; /* close-on-exec, owned by the caller */
    pid_t keeper;  /* a child of this process */
};

/* Notes where the program lies. To be called at the start: later another file may be there, which is the point. */
void take_over_remember_program(void);

/* Lets the program on disk check its settings, then becomes it. Returns only when that fails, with everything as it
 * was; the reason is in the log. */
void take_over(char *const *argv, int listen_fd, pid_t keeper);

/* Returns 0 with what was left, or -ENOENT when this is an ordinary start. */
int take_over_inherit(struct inheritance *ret_inheritance);

#endif
