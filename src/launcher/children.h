/* Every process that descends from the launcher, whoever started it. */
#ifndef PYEXEC_LAUNCHER_CHILDREN_H
#define PYEXEC_LAUNCHER_CHILDREN_H

#include <sys/types.h>

/* Kills and reaps all children of the calling process until there are none, orphans that come to it (as their child
 * subreaper) included, but for the one process `spared` (0: none). Gives up after timeout_ms. Returns 0 or -ETIMEDOUT.
 * The end of the spared one is not taken: it is still to be waited for. */
int children_end_all(pid_t spared, int timeout_ms);

#endif
