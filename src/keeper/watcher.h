/* What a watcher does: measures a running sandbox that no control group measures. See collector.h. */
#ifndef PYEXEC_KEEPER_WATCHER_H
#define PYEXEC_KEEPER_WATCHER_H

#include <stdint.h>

#include "keeper/collector.h"

/* One look at the processes that bear the label and at the directory (an O_PATH descriptor). Follows no link, blocks on
 * nothing, and is bounded in time by what there is: see the limits in watcher.c. */
void watcher_measure(int directory_fd, int proc_fd, uint64_t tag, struct watcher_look *ret_look);

/* A look every 20 ms, more rarely when looks are dear, until the socket is closed. Does not return. */
_Noreturn void watcher_run(int directory_fd, int proc_fd, uint64_t tag, int socket_fd);

#endif
