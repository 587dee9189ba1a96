/* A forked child of the guest becomes a sandbox. This file holds the order and nothing else. */
#include "jail/enter.h"

#include "base/cleanup.h"
#include "jail/layers.h"

int jail_enter(const struct jail_options *options, enum jail_step *ret_step) {
    const int namespaces = options->tier == ISOLATION_NAMESPACES;
    int join_fds[JAIL_MAX_CGROUP_FDS];
    for (size_t i = 0; i < options->n_cgroup_fds; i++) {
        join_fds[i] = options->cgroup_fds[i];
    }
    cleanup_close int place_fd = -1;
    cleanup_close int listener_fd = -1;
    int error;

#define LAYER(step, call)                                                                                              \
    error = (call);                                                                                                    \
    if (error) {                                                                                                       \
        *ret_step = (step);                                                                                            \
        return error;                                                                                                  \
    }

    LAYER(JAIL_STEP_CGROUP, jail_join_cgroups(join_fds, options->n_cgroup_fds))
    LAYER(JAIL_STEP_DESCRIPTORS, jail_arrange_descriptors(options, &place_fd))
    if (namespaces) {
        LAYER(JAIL_STEP_NAMESPACES, jail_join_namespaces(place_fd))
    }
    LAYER(JAIL_STEP_RLIMITS, jail_set_rlimits(options))
    LAYER(JAIL_STEP_CAPABILITIES, jail_drop_bounding_set())
    if (!options->keep_identity) {
        LAYER(JAIL_STEP_IDENTITY, jail_set_identity(options->uid, options->gid))
    }
    if (!namespaces) {
        LAYER(JAIL_STEP_DIRECTORY, jail_enter_directory(place_fd)) /* which is open to its owner only */
    }
    LAYER(JAIL_STEP_CAPABILITIES, jail_drop_capabilities())
    LAYER(JAIL_STEP_NO_NEW_PRIVS, jail_set_no_new_privs(!namespaces))
    if (namespaces) {
        LAYER(JAIL_STEP_LANDLOCK, jail_landlock_sandbox())
    } else if (options->tier == ISOLATION_LANDLOCK) {
        LAYER(JAIL_STEP_LANDLOCK,
              jail_landlock_directory(place_fd, options->prepared_root, options->readable, options->site_packages))
    }
    close_fd(&place_fd);
    if (options->asking) {
        LAYER(JAIL_STEP_SECCOMP, jail_install_filter(options->asking, &listener_fd))
        LAYER(JAIL_STEP_SECCOMP, options->hand_over(listener_fd)) /* the last descriptor that can be sent */
        close_fd(&listener_fd);
    }
    LAYER(JAIL_STEP_SECCOMP, jail_install_filter(options->filter, NULL))

#undef LAYER
    return 0;
}
