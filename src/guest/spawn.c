#include "guest/spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "guest/sandbox.h"
#include "guest/warm.h"
#include "jail/enter.h"
#include "wire/guest_link.h"
#include "wire/packet.h"

_Static_assert(JAIL_MAX_CGROUP_FDS == SPAWN_MAX_CGROUP_FDS, "the wire's and the jail's maximum differ");

static int send_hello(const struct spawner *spawner) {
    struct guest_hello hello = {.head = {.type = GUEST_HELLO, .size = sizeof hello}};
    const char *version = Py_GetVersion(); /* "3.11.2 (main, ...)" */
    size_t length = strcspn(version, " ");
    if (length >= sizeof hello.python_version) {
        length = sizeof hello.python_version - 1;
    }
    memcpy(hello.python_version, version, length);
    return packet_send(spawner->keeper_fd, &hello, sizeof hello, &spawner->packages_fd, spawner->packages_fd >= 0);
}

static void fill_options(const struct spawner *spawner, const struct keeper_spawn *spawn, const int *fds,
                         struct jail_options *ret_options) {
    *ret_options = (struct jail_options){
        .tier = spawner->options.tier,
        .keep_identity = spawner->options.one_id,
        .prepared_root = spawner->options.prepared_root,
        .readable = spawner->options.preload,
        .site_packages = spawner->options.site_packages,
        .uid = spawn->uid,
        .gid = spawn->gid,
        .niceness = spawn->niceness,
        .tag = spawn->tag,
        .max_processes = spawn->max_processes,
        .max_open_files = spawn->max_open_files,
        .max_file_bytes = spawn->max_file_bytes,
        .max_cpu_ms = spawn->max_cpu_ms,
        .place_fd = fds[SPAWN_FD_PLACE],
        .control_fd = fds[SPAWN_FD_CONTROL],
        .stdout_fd = fds[SPAWN_FD_STDOUT],
        .stderr_fd = fds[SPAWN_FD_STDERR],
        .result_fd = fds[SPAWN_FD_RESULT],
        .report_fd = fds[SPAWN_FD_REPORT],
        .n_cgroup_fds = spawn->n_cgroup_fds,
        .filter = spawner->filter,
        .asking = spawner->asking,
        .hand_over = sandbox_hand_over,
    };
    memcpy(ret_options->cgroup_fds, fds + SPAWN_FDS, spawn->n_cgroup_fds * sizeof(int));
}

static int spawn_one(const struct spawner *spawner, const struct keeper_spawn *spawn, int *fds, size_t n_fds) {
    struct jail_options options;
    fill_options(spawner, spawn, fds, &options);

    char directory[PATH_MAX];
    const char *private_directory = NULL;
    if (spawner->options.tier != ISOLATION_NAMESPACES) {
        (void)snprintf(directory, sizeof directory, "%s/%s", spawner->options.private_base, spawn->directory);
        private_directory = directory;
    }
    int pidfd = -1;
    warm_before_fork();
    pid_t pid = jail_fork_sibling(private_directory ? -1 : options.place_fd, &pidfd);
    if (pid == 0) {
        sandbox_live(&options, private_directory, spawner->runner, spawner->options.kind, spawn->hold_memory != 0);
    }
    warm_after_fork_parent();
    packet_close_fds(fds, n_fds);

    struct guest_spawned answer = {
        .head = {.type = GUEST_SPAWNED, .size = sizeof answer},
        .sandbox_id = spawn->sandbox_id,
        .error = pid < 0 ? (int32_t)pid : 0,
        .pid = pid < 0 ? 0 : (int32_t)pid,
    };
    int error = packet_send(spawner->keeper_fd, &answer, sizeof answer, &pidfd, pid < 0 ? 0 : 1);
    packet_close_fds(&pidfd, 1);
    return error;
}

int spawn_serve(struct spawner *spawner) {
    int error = send_hello(spawner);
    close_fd(&spawner->packages_fd);
    while (!error) {
        struct keeper_spawn spawn;
        int fds[SPAWN_FDS + SPAWN_MAX_CGROUP_FDS];
        size_t n_fds = 0;
        ssize_t size =
            packet_receive(spawner->keeper_fd, &spawn, sizeof spawn, fds, SPAWN_FDS + SPAWN_MAX_CGROUP_FDS, &n_fds);
        if (size <= 0) {
            return (int)size;
        }
        if ((size_t)size != sizeof spawn || spawn.head.type != KEEPER_SPAWN || spawn.head.size != sizeof spawn ||
            spawn.niceness > 19 || spawn.n_cgroup_fds > SPAWN_MAX_CGROUP_FDS ||
            n_fds != SPAWN_FDS + spawn.n_cgroup_fds || !memchr(spawn.directory, '\0', sizeof spawn.directory)) {
            packet_close_fds(fds, n_fds);
            return -EPROTO;
        }
        error = spawn_one(spawner, &spawn, fds, n_fds);
    }
    return error;
}
