/* The launcher's life: keepers, one after the other, and the signals of the operator.
 *
 *     SIGTERM, SIGINT   the keeper drains, then everything ends; a second one ends at once
 *     SIGHUP            the settings are read anew (reload.h); from the kernel, whose terminal has gone, like SIGTERM
 *     SIGUSR2           this process becomes the program as it is on disk now (take_over.h); the new keeper starts
 * beside the old one, which ends, having finished what it had, once the new one can run scripts
 */
#ifndef PYEXEC_LAUNCHER_SERVICE_H
#define PYEXEC_LAUNCHER_SERVICE_H

#include <signal.h>
#include <sys/types.h>

#include "base/settings.h"
#include "keeper/keeper.h"

struct service {
    const struct settings_sources *sources;
    struct settings settings;      /* as the operator wrote them, reloads included */
    char bound[SETTINGS_TEXT_MAX]; /* the address that is listened on */
    struct keeper_client client;
    int program_dir;  /* borrowed */
    pid_t old_keeper; /* of the version before, which serves until ours can; 0: none */
};

/* Blocks the signals that service_run() waits for. To be called before anything is started. */
void service_block_signals(void);

/* Serves until the end. Returns the exit status of the process. */
int service_run(struct service *service);

#endif
