/* The removal of a private directory: at once when it is empty, else by a cleaner. */
#ifndef PYEXEC_KEEPER_CLEANING_H
#define PYEXEC_KEEPER_CLEANING_H

#include <sys/types.h>

#include "keeper/events.h"
#include "wire/guest_link.h"

struct keeper;

struct cleaning {
    struct keeper *keeper;
    struct event_source exit; /* pidfd of the cleaner; -1: none at work */
    char name[SPAWN_DIRECTORY_SIZE];
    uid_t uid;
    int attempts;
    void (*finished)(void *owner);
    void *owner;
};

#define CLEANING_NONE                                                                                                  \
    { .exit.fd = -1 }

/* Removes the private directory `name`, whose files belong to `uid`. Returns 0 when that is done (or will never be,
 * which is logged: the next start tries again), or 1 when a cleaner is at work; finished(owner) is called when it has
 * ended. The structure stays where it is until then. */
int cleaning_start(struct cleaning *cleaning, struct keeper *keeper, const char *name, uid_t uid,
                   void (*finished)(void *owner), void *owner);

/* What earlier keepers have left, one after the other, in the background. */
void cleaning_start_stale(struct keeper *keeper);

#endif
