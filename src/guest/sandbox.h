/* The life of a forked child: layers on, rehearsal, report, one request, its run, the end. */
#ifndef PYEXEC_GUEST_SANDBOX_H
#define PYEXEC_GUEST_SANDBOX_H

#include "guest/warm.h"
#include "jail/enter.h"

/* Call it at once after the fork: PyOS_AfterFork_Child() is called within. Takes all descriptors in *options.
 * `private_directory` is, without namespaces, the absolute path that /tmp stands for; else NULL. `hold_memory`: start a
 * memory holder and send its pidfd with the report. Never returns. */
_Noreturn void sandbox_live(const struct jail_options *options, const char *private_directory,
                            const struct runner *runner, enum guest_kind kind, int hold_memory);

/* Sends the keeper the descriptor on which the filter asks: for jail_options.hand_over. Returns 0 or -errno. */
int sandbox_hand_over(int listener_fd);

#endif
