/* A service of our own for one command: the same pyexecd, on a Unix socket that has no name, so that nobody but whom
 * its descriptor was given to can connect. */
#ifndef PYEXEC_CLIENT_LOCAL_SERVICE_H
#define PYEXEC_CLIENT_LOCAL_SERVICE_H

#include <sys/types.h>

#include "client/address.h"
#include "client/exit_status.h"
#include "client/signals.h"

struct local_service {
    pid_t pid;  /* 0: none */
    int pidfd;  /* readable when it has ended */
    int socket; /* O_PATH, for connecting */
    int log;    /* what it logs */
};

/* Starts pyexecd, found beside this program or on PATH, and gives the address to connect to; connections wait until it
 * serves. It ends with this process, whatever ends that. Returns 0, or -1 with *failure. */
int local_service_start(struct local_service *ret_service, struct address *ret_address, struct failure *failure);

/* Ends it (runs that are still on too) and waits for its end; a signal that comes meanwhile makes it quick. Does
 * nothing to one that was never started: all zeros. */
void local_service_end(struct local_service *service, struct signals *signals);

/* When it has ended by itself, or does within so many milliseconds: *failure says why, by the last line of its log.
 * Returns 1, or 0 while it lives. */
int local_service_has_failed(struct local_service *service, int milliseconds, struct failure *failure);

#endif
