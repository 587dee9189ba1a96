/* Reading the settings anew, on SIGHUP.
 *
 * A child does it, so that nothing in the file can hurt the launcher and no slow disk can hold it up. Whatever goes
 * wrong is in the log, and the settings in force stay.
 *
 * The result is one packet: the settings. What else is read with them, and front cannot read for itself, travels with
 * it as descriptors, from here to the launcher, to the keeper (launcher_link.h), to front (FRONT_SETTINGS). */
#ifndef PYEXEC_LAUNCHER_RELOAD_H
#define PYEXEC_LAUNCHER_RELOAD_H

#include <sys/types.h>

#include "base/settings.h"

struct reload {
    pid_t pid;     /* of the child; 0: none at work */
    int result_fd; /* owned */
    int again;     /* asked for once more while one was at work */
};

#define RELOAD_NONE                                                                                                    \
    { .result_fd = -1 }

/* Starts to read. The settings in force and the sources are borrowed for the call. When one is at work already, another
 * follows it. Logs what it cannot do. */
void reload_start(struct reload *reload, const struct settings *current, const struct settings_sources *sources);

/* The child has ended with this wait status. Returns 1 with the settings from now on in *ret_settings and the API keys
 * in *ret_keys_fd (of base/key_file.h, owned by the caller; -1: there are none), or 0 when those in force stay. */
int reload_finish(struct reload *reload, int wait_status, struct settings *ret_settings, int *ret_keys_fd);

#endif
