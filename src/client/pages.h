/* `pyexec packages`, `limits` and `health`: one GET each, as a table or as the JSON that came. */
#ifndef PYEXEC_CLIENT_PAGES_H
#define PYEXEC_CLIENT_PAGES_H

#include "client/options.h"
#include "client/session.h"

/* Returns what pyexec ends with; health: 0 when the service can run scripts, 1 when it says that it cannot. */
int pages_command(const struct options *options, struct session *session);

#endif
