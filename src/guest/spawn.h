/* The guest's loop: one child for each KEEPER_SPAWN. */
#ifndef PYEXEC_GUEST_SPAWN_H
#define PYEXEC_GUEST_SPAWN_H

#include <linux/filter.h>

#include "guest/options.h"
#include "guest/warm.h"

struct spawner {
    int keeper_fd;
    struct guest_options options;
    const struct runner *runner;
    const struct sock_fprog *filter; /* of jail_sandbox_filter() */
    const struct sock_fprog *asking; /* of jail_asking_filter(), or NULL */
    int packages_fd;                 /* of warm_take_packages(); goes to the keeper with the first message */
};

/* Says hello, then serves until the keeper closes its end. Returns 0 then, or -errno when the keeper sent what is no
 * message of its or the socket broke. Never returns in a child. */
int spawn_serve(struct spawner *spawner);

#endif
