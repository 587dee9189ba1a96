/* What a watcher does: measures a running sandbox that no control group measures. See collector.h. */
#ifndef PYEXEC_KEEPER_WATCHER_H
#define PYEXEC_KEEPER_WATCHER_H

#include <stdint.h>

#include "keeper/collector.h"

/* One look at the processes that bear the label and at the directory: descriptors, label and max_file_bytes are those
 * of the options. Follows no link, blocks on nothing, and is bounded in time by what there is: see the limits in
 * watcher.c. What is there although nobody can tell its size counts from the second look in a row on: returns 1 when
 * there is something of the kind that the next look will judge, else 0. */
int watcher_measure(const struct collector_options *options, struct watcher_look *ret_look);

/* A look every 20 ms, more rarely when looks are dear, until the socket is closed. Does not return. */
_Noreturn void watcher_run(const struct collector_options *options, int socket_fd);

#endif
