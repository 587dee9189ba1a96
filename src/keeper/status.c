#include "keeper/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "jail/layers.h"
#include "jail/seccomp_table.h"
#include "keeper/state.h"

static void add(struct front_status *status, int in_force, const char *name, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));

static void add(struct front_status *status, int in_force, const char *name, const char *detail, ...) {
    if (status->n_layers >= STATUS_MAX_LAYERS) {
        return;
    }
    struct layer_status *layer = &status->layers[status->n_layers++];
    va_list arguments;
    layer->state = in_force ? LAYER_IN_FORCE : LAYER_MISSING;
    (void)snprintf(layer->name, sizeof layer->name, "%s", name);
    va_start(arguments, detail);
    (void)vsnprintf(layer->detail, sizeof layer->detail, detail, arguments);
    va_end(arguments);
}

static void add_cgroup(struct keeper *keeper, enum cgroup_controller controller, const char *name,
                       const char *instead) {
    if (cgroups_has(&keeper->cgroups, controller)) {
        add(&keeper->status, 1, name, "one group for each sandbox, version %u",
            cgroups_version_of(&keeper->cgroups, controller));
    } else {
        const int error = keeper->cgroups.errors[controller];
        add(&keeper->status, 0, name, "%s; instead: %s", error == -ENOENT ? "none is mounted" : strerror(-error),
            instead);
    }
}

static void describe_namespaces(struct keeper *keeper) {
    struct front_status *status = &keeper->status;
    if (keeper->use_user_namespace) {
        add(status, 1, "user namespace", "%s",
            keeper->one_id ? "one for each sandbox" : "root in it is nobody outside");
    } else {
        add(status, 0, "user namespace", "this host gives none (user.max_user_namespaces)");
    }
    add(status, 1, "namespaces", "pid and mount for each sandbox; ipc, uts, net, cgroup for each guest");
    add(status, 1, "root", "a minimal read-only tree; a private tmpfs on /tmp");
    if (keeper->one_id) {
        add(status, 0, "own user", "an ordinary user has no other ids to give; started as root each slot has its own");
    } else {
        add(status, 1, "own user", "each slot has its own user id");
    }
}

static void describe_without_namespaces(struct keeper *keeper) {
    struct front_status *status = &keeper->status;
    if (keeper->settings->isolation == ISOLATION_AUTO) {
        add(status, 0, "namespaces", "this host refuses them; docker run --privileged would permit them");
    } else {
        add(status, 0, "namespaces", "another tier was asked for (--isolation)");
    }
    if (keeper->prepared_root) {
        add(status, 1, "root", "a prepared tree without /proc and /sys; a private directory as /tmp");
    } else {
        add(status, 0, "root", "%s", keeper->tree_note);
    }
    if (keeper->one_id) {
        add(status, 0, "own user", "an ordinary user has no other ids to give; instead: Landlock, supervised forks");
    } else {
        add(status, 1, "own user", "each slot has its own user id; all of its processes end at once");
    }
}

/* Of the table that sandboxes get here; 0: out of memory. */
static size_t reachable_calls(const struct keeper *keeper) {
    const struct seccomp_lacks lacks = {
        .namespaces = keeper->tier != ISOLATION_NAMESPACES,
        .user_ids = keeper->one_id && keeper->tier != ISOLATION_NAMESPACES,
        .memory_group = !cgroups_has(&keeper->cgroups, CGROUP_MEMORY),
    };
    size_t n_rows = 0;
    cleanup_free struct seccomp_row *rows = seccomp_sandbox_variant(&lacks, &n_rows);
    return rows ? seccomp_reachable_calls(rows, n_rows) : 0;
}

void status_describe(struct keeper *keeper) {
    struct front_status *status = &keeper->status;
    status->head.type = FRONT_STATUS;
    status->head.size = sizeof *status;
    status->n_layers = 0;
    memset(status->layers, 0, sizeof status->layers);
    (void)snprintf(status->tier, sizeof status->tier, "%s", isolation_name(keeper->tier));
    if (keeper->tier == ISOLATION_NAMESPACES) {
        describe_namespaces(keeper);
    } else {
        describe_without_namespaces(keeper);
    }
    add(status, 1, "capabilities", "none, and no_new_privs");
    int abi = keeper->tier == ISOLATION_SECCOMP ? 0 : jail_landlock_abi();
    if (abi > 0) {
        add(status, 1, "landlock", "ABI %d", abi);
    } else {
        add(status, 0, "landlock", "%s",
            keeper->tier == ISOLATION_SECCOMP ? "not in this tier" : "this kernel has none");
    }
    add(status, 1, "seccomp", "default deny; %zu system calls reachable", reachable_calls(keeper));
    add(status, 1, "rlimits", "processes, open files, file size, CPU time, no core files");
    add_cgroup(keeper, CGROUP_MEMORY, "memory cgroup", "a watch every 20 ms");
    const int supervised = keeper->one_id && keeper->tier != ISOLATION_NAMESPACES;
    add_cgroup(keeper, CGROUP_PIDS, "pids cgroup", supervised ? "each fork is counted" : "RLIMIT_NPROC");
    add_cgroup(keeper, CGROUP_CPUACCT, "cpuacct cgroup", "RLIMIT_CPU and a watch");
    add_cgroup(keeper, CGROUP_CPU, "cpu cgroup", "lowest priority");
    keeper_status_changed(keeper);
}
