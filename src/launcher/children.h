/* Every process that descends from the launcher, whoever started it. */
#ifndef PYEXEC_LAUNCHER_CHILDREN_H
#define PYEXEC_LAUNCHER_CHILDREN_H

/* Kills and reaps all children of the calling process until there are none, orphans that come to it (as their child
 * subreaper) included. Gives up after timeout_ms. Returns 0 or -ETIMEDOUT. */
int children_end_all(int timeout_ms);

#endif
