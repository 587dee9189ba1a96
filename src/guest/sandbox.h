/* The life of a forked child: layers on, rehearsal, report, one request, its run, the end. */
#ifndef PYEXEC_GUEST_SANDBOX_H
#define PYEXEC_GUEST_SANDBOX_H

#include "guest/warm.h"
#include "jail/enter.h"

/* Call it at once after the fork: PyOS_AfterFork_Child() is called within. Takes all descriptors in *options. Never
 * returns. */
_Noreturn void sandbox_live(const struct jail_options *options, const struct runner *runner, enum guest_kind kind);

#endif
