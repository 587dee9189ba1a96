/* The keeper: the privileged process that owns every other one. It makes sandboxes ready, keeps their clock and their
 * limits, ends them, and says how each of them ended. It parses nothing that came from the network or from a script. */
#ifndef PYEXEC_KEEPER_KEEPER_H
#define PYEXEC_KEEPER_KEEPER_H

#include "base/settings.h"

/* Exit statuses of the keeper, for the launcher. */
enum keeper_exit {
    KEEPER_EXIT_DRAINED = 0,  /* asked to end, and everything has ended */
    KEEPER_EXIT_FAILED = 1,   /* something broke: start another */
    KEEPER_EXIT_REFUSED = 78, /* this host cannot give what was asked for: do not try again */
};

/* Runs the keeper in the calling process, a fresh child of the launcher's, and returns its exit status. `listen_fd` is
 * the listening socket and `program_dir` a descriptor (O_PATH) of the directory of our programs; both borrowed. SIGTERM
 * drains, a second one ends at once. */
int keeper_run(const struct settings *settings, int listen_fd, int program_dir);

#endif
