/* `pyexec run`: sends a script, shows what it writes as it is written, saves what comes back, says how it ended. */
#ifndef PYEXEC_CLIENT_RUN_H
#define PYEXEC_CLIENT_RUN_H

#include "client/options.h"
#include "client/session.h"

/* Returns what pyexec ends with; for 64 and more of our own a line on standard error says why. */
int run_command(const struct options *options, struct session *session);

#endif
