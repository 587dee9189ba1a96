#include "keeper/habitat.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "jail/clone.h"
#include "jail/tree.h"
#include "keeper/habitat_builder.h"
#include "keeper/process.h"
#include "keeper/slot.h"
#include "keeper/state.h"
#include "wire/packet.h"

static const char *const kind_names[GUEST_KINDS] = {[GUEST_LEAN] = "lean", [GUEST_DATA] = "data"};

void habitat_kill(struct habitat *habitat) {
    if (habitat->state == HABITAT_DEAD) {
        return;
    }
    habitat->state = HABITAT_DEAD;
    struct keeper *keeper = habitat->keeper;
    events_close(keeper->epoll_fd, &habitat->builder);
    events_close(keeper->epoll_fd, &habitat->maker);
    events_close(keeper->epoll_fd, &habitat->guest);
    /* With the init goes everything in its pid namespace, the sandboxes included. */
    struct event_source *processes[] = {&habitat->builder_exit, &habitat->init_exit, &habitat->maker_exit,
                                        &habitat->guest_exit};
    for (size_t i = 0; i < sizeof processes / sizeof processes[0]; i++) {
        if (processes[i]->fd >= 0) {
            (void)process_signal(processes[i]->fd, SIGKILL);
        }
    }
    slots_habitat_died(keeper, habitat, 0);
    keeper_habitat_gone(keeper, habitat);
    keeper_status_changed(keeper);
}

static void habitat_broke(struct habitat *habitat, const char *what) {
    if (habitat->state == HABITAT_DEAD) {
        return;
    }
    struct keeper *keeper = habitat->keeper;
    log_warning("%s guest: %s; starting another", kind_names[habitat->kind], what);
    if (habitat->state == HABITAT_BUILDING || habitat->state == HABITAT_WARMING) {
        keeper_guest_failed(keeper, habitat->kind);
    }
    habitat_kill(habitat);
}

/* Reaps one of the habitat's processes. Returns 1 when it has ended. */
static int reap_into(struct habitat *habitat, struct event_source *exit_source, struct process_end *ret_end) {
    int ended = process_reap(exit_source->fd, ret_end);
    if (ended == 0) {
        return 0;
    }
    events_close(habitat->keeper->epoll_fd, exit_source);
    return 1;
}

static int reap(struct habitat *habitat, struct event_source *exit_source) {
    struct process_end end;
    return reap_into(habitat, exit_source, &end);
}

static void on_init_exit(void *owner) {
    struct habitat *habitat = owner;
    if (reap(habitat, &habitat->init_exit)) {
        habitat_broke(habitat, "its init has ended");
    }
}

static void on_maker_exit(void *owner) {
    struct habitat *habitat = owner;
    if (reap(habitat, &habitat->maker_exit)) {
        habitat_broke(habitat, "its namespace maker has ended");
    }
}

/* Without its guest a habitat makes no more sandboxes; those that it has made do not need it. */
static void lose_guest(struct habitat *habitat, const char *why) {
    if (habitat->state != HABITAT_READY && habitat->state != HABITAT_RETIRED) {
        habitat_broke(habitat, why);
        return;
    }
    struct keeper *keeper = habitat->keeper;
    log_warning("%s guest: %s; starting another", kind_names[habitat->kind], why);
    events_close(keeper->epoll_fd, &habitat->guest);
    if (habitat->guest_exit.fd >= 0) {
        (void)process_signal(habitat->guest_exit.fd, SIGKILL);
    }
    habitat->state = HABITAT_RETIRED;
    keeper_habitat_gone(keeper, habitat);
    habitat->sandboxes++; /* so that it stays for the next line */
    slots_habitat_died(keeper, habitat, 1);
    habitat->sandboxes--;
    habitat_retire(habitat);
}

/* What has been made is lost, and goes with the guest and its habitat; what runs goes on. */
static const char no_descriptors[] = "no descriptor is left to take its answer by";

static void on_guest_exit(void *owner) {
    struct habitat *habitat = owner;
    struct process_end end = {0};
    if (!reap_into(habitat, &habitat->guest_exit, &end)) {
        return;
    }
    if (end.exited && end.exit_code == GUEST_EXIT_UNWILLING) {
        keeper_guest_unwilling(habitat->keeper, habitat->kind);
    }
    if (habitat->guest.fd >= 0) {
        lose_guest(habitat, "it has ended");
    }
}

static void on_maker_message(void *owner) {
    struct habitat *habitat = owner;
    struct namespace_reply reply;
    int fds[1] = {-1};
    size_t n_fds = 0;
    ssize_t n = packet_receive(habitat->maker.fd, &reply, sizeof reply, fds, 1, &n_fds);
    if (n == -EAGAIN) {
        return;
    }
    if (n == -EMFILE) {
        lose_guest(habitat, no_descriptors);
        return;
    }
    if (n != (ssize_t)sizeof reply || (n_fds == 0 && !reply.error)) {
        packet_close_fds(fds, n_fds);
        habitat_broke(habitat, "its namespace maker has gone");
        return;
    }
    reply.step[sizeof reply.step - 1] = '\0';
    slot_namespaces_made(habitat->keeper, reply.sandbox_id, n_fds ? fds[0] : -1, reply.error, reply.step);
}

static void on_guest_message(void *owner) {
    struct habitat *habitat = owner;
    union {
        struct guest_message_head head;
        struct guest_hello hello;
        struct guest_spawned spawned;
    } message;
    int fds[1] = {-1};
    size_t n_fds = 0;
    ssize_t n = packet_receive(habitat->guest.fd, &message, sizeof message, fds, 1, &n_fds);
    if (n == -EAGAIN) {
        return;
    }
    if (n == -EMFILE) {
        lose_guest(habitat, no_descriptors);
        return;
    }
    if (n == (ssize_t)sizeof message.hello && message.head.type == GUEST_HELLO && habitat->state == HABITAT_WARMING) {
        habitat->state = HABITAT_READY;
        habitat->ready_us = clock_now_us();
        message.hello.python_version[sizeof message.hello.python_version - 1] = '\0';
        log_info("%s guest is warm after %llu ms (Python %s)", kind_names[habitat->kind],
                 (unsigned long long)(habitat->ready_us - habitat->started_us) / 1000, message.hello.python_version);
        keeper_guest_ready(habitat->keeper, habitat, message.hello.python_version, n_fds > 0 ? fds[0] : -1);
        return;
    }
    if (n == (ssize_t)sizeof message.spawned && message.head.type == GUEST_SPAWNED &&
        (n_fds == 1) == (message.spawned.error == 0) && habitat->state >= HABITAT_READY) {
        slot_sandbox_forked(habitat->keeper, message.spawned.sandbox_id, n_fds ? fds[0] : -1, message.spawned.error);
        return;
    }
    packet_close_fds(fds, n_fds);
    lose_guest(habitat, n == 0 || n == -ECONNRESET ? "it has closed its socket" : "it sent a message out of turn");
}

static int write_maps(struct habitat *habitat) {
    struct keeper *keeper = habitat->keeper;
    char pid_text[16];
    cleanup_close int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    pid_t pid = process_pid(habitat->builder_exit.fd);
    if (proc_fd < 0 || pid < 0) {
        return proc_fd < 0 ? -errno : (int)pid;
    }
    (void)snprintf(pid_text, sizeof pid_text, "%ld", (long)pid);
    if (keeper->one_id) {
        return jail_write_id_maps(proc_fd, pid_text, 0, geteuid(), getegid(), 0, 0);
    }
    uint32_t root = keeper->first_id + KEEPER_ID_GUEST;
    return jail_write_id_maps(proc_fd, pid_text, 0, root, root, keeper->first_id + KEEPER_ID_SLOTS,
                              (uint32_t)keeper->n_slots);
}

static int watch(struct habitat *habitat, struct event_source *source, int fd, void (*handle)(void *owner)) {
    *source = (struct event_source){.fd = fd, .handle = handle, .owner = habitat};
    return events_watch(habitat->keeper->epoll_fd, source);
}

static void on_builder_message(void *owner) {
    struct habitat *habitat = owner;
    struct builder_message message;
    int fds[BUILDER_FDS];
    size_t n_fds = 0;
    ssize_t n = packet_receive(habitat->builder.fd, &message, sizeof message, fds, BUILDER_FDS, &n_fds);
    if (n == -EAGAIN) {
        return;
    }
    int error = n == (ssize_t)sizeof message ? 0 : -EPROTO;
    if (!error && message.stage == BUILDER_NEEDS_MAPS) {
        error = write_maps(habitat);
        if (error) {
            log_error("%s guest: id maps: %s", kind_names[habitat->kind], strerror(-error));
        } else {
            struct builder_message answer = {.stage = BUILDER_GO_ON};
            error = packet_send(habitat->builder.fd, &answer, sizeof answer, NULL, 0);
        }
    } else if (!error && message.stage == BUILDER_DONE && n_fds == 1 && habitat->maker.fd < 0) {
        habitat->state = HABITAT_WARMING;
        events_close(habitat->keeper->epoll_fd, &habitat->builder);
        error = watch(habitat, &habitat->guest_exit, fds[0], on_guest_exit);
    } else if (!error && message.stage == BUILDER_DONE && n_fds == BUILDER_FDS && habitat->maker.fd >= 0) {
        habitat->state = HABITAT_WARMING;
        events_close(habitat->keeper->epoll_fd, &habitat->builder);
        int init_error = watch(habitat, &habitat->init_exit, fds[BUILDER_FD_INIT], on_init_exit);
        int maker_error = watch(habitat, &habitat->maker_exit, fds[BUILDER_FD_MAKER], on_maker_exit);
        int guest_error = watch(habitat, &habitat->guest_exit, fds[BUILDER_FD_GUEST], on_guest_exit);
        error = init_error ? init_error : maker_error ? maker_error : guest_error;
    } else if (!error && message.stage == BUILDER_FAILED) {
        message.step[sizeof message.step - 1] = '\0';
        log_error("%s guest: %s: %s", kind_names[habitat->kind], message.step, strerror(-message.error));
        error = -ECANCELED;
    } else {
        packet_close_fds(fds, n_fds);
        error = -EPROTO;
    }
    if (error) {
        habitat_broke(habitat, "its habitat could not be built");
    }
}

static void on_builder_exit(void *owner) {
    struct habitat *habitat = owner;
    if (reap(habitat, &habitat->builder_exit) && habitat->state == HABITAT_BUILDING) {
        on_builder_message(habitat); /* its last word may still be there */
        if (habitat->state == HABITAT_BUILDING) {
            habitat_broke(habitat, "its builder has ended");
        }
    }
}

struct habitat *habitat_start(struct keeper *keeper, enum guest_kind kind) {
    int builder_sockets[2] = {-1, -1}, maker_sockets[2] = {-1, -1}, guest_sockets[2] = {-1, -1};
    struct habitat *habitat = calloc(1, sizeof *habitat);
    const int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
    const int namespaces = keeper->tier == ISOLATION_NAMESPACES;
    if (!habitat || socketpair(AF_UNIX, type, 0, builder_sockets) < 0 ||
        (namespaces && socketpair(AF_UNIX, type, 0, maker_sockets) < 0) ||
        socketpair(AF_UNIX, type, 0, guest_sockets) < 0) {
        goto failed;
    }
    *habitat = (struct habitat){.keeper = keeper, .kind = kind, .state = HABITAT_BUILDING};
    habitat->started_us = clock_now_us();
    habitat->builder.fd = habitat->builder_exit.fd = habitat->init_exit.fd = habitat->maker_exit.fd =
        habitat->guest_exit.fd = habitat->maker.fd = habitat->guest.fd = habitat->cleaning.exit.fd = -1;
    char guest_tmp[sizeof keeper->dirs.path + SPAWN_DIRECTORY_SIZE] = "";
    if (!namespaces) {
        int fd = private_dirs_make(&keeper->dirs, 0, 0, 0, habitat->directory);
        if (fd < 0) {
            errno = -fd;
            goto failed;
        }
        close_fd(&fd);
        (void)snprintf(guest_tmp, sizeof guest_tmp, "%s/%s", keeper->dirs.path, habitat->directory);
    }

    int pidfd = -1;
    pid_t pid = jail_clone(0, &pidfd);
    if (pid == 0) {
        const struct builder_options options = {
            .keeper_fd = builder_sockets[1],
            .maker_fd = maker_sockets[1],
            .guest_fd = guest_sockets[1],
            .guest_program = keeper->guest_program,
            .guest_kind = kind_names[kind],
            .n_slots = (uint32_t)keeper->n_slots,
            .use_user_namespace = keeper->use_user_namespace,
            .one_id = keeper->one_id,
            .namespaces = namespaces,
            .no_memory_group = !cgroups_has(&keeper->cgroups, CGROUP_MEMORY),
            .site_packages = keeper->site_packages.outside,
            .site_packages_inside = keeper->site_packages.inside,
            .modules = keeper->settings->preload,
            .tier = isolation_name(keeper->tier),
            .prepared_root = keeper->prepared_root ? keeper->settings->sandbox_root : NULL,
            .private_base = keeper->dirs.path,
            .guest_tmp = guest_tmp,
            .preload = keeper->preload,
        };
        habitat_builder_run(&options);
    }
    close_fd(&builder_sockets[1]);
    close_fd(&maker_sockets[1]);
    close_fd(&guest_sockets[1]);
    if (pid < 0) {
        errno = (int)-pid;
        goto failed;
    }
    habitat->next = keeper->habitats;
    keeper->habitats = habitat;
    /* The keeper never waits for any of them. */
    (void)io_set_nonblocking(builder_sockets[0], 1);
    (void)io_set_nonblocking(guest_sockets[0], 1);
    int error = watch(habitat, &habitat->builder_exit, pidfd, on_builder_exit);
    error = watch(habitat, &habitat->builder, builder_sockets[0], on_builder_message) ? -errno : error;
    if (namespaces) {
        (void)io_set_nonblocking(maker_sockets[0], 1);
        error = watch(habitat, &habitat->maker, maker_sockets[0], on_maker_message) ? -errno : error;
    }
    error = watch(habitat, &habitat->guest, guest_sockets[0], on_guest_message) ? -errno : error;
    if (error) {
        habitat_broke(habitat, "it could not be watched");
    }
    return habitat;

failed:
    packet_close_fds(builder_sockets, 2);
    packet_close_fds(maker_sockets, 2);
    packet_close_fds(guest_sockets, 2);
    free(habitat);
    return NULL;
}

int habitat_request_namespaces(struct habitat *habitat, const struct namespace_request *request) {
    int error = packet_send(habitat->maker.fd, request, sizeof *request, NULL, 0);
    if (error) {
        habitat_broke(habitat, "its namespace maker takes no request");
    }
    return error;
}

int habitat_request_sandbox(struct habitat *habitat, const struct keeper_spawn *spawn, const int *fds, size_t n_fds) {
    int error = packet_send(habitat->guest.fd, spawn, sizeof *spawn, fds, n_fds);
    if (error) {
        lose_guest(habitat, "it takes no request");
    }
    return error;
}

void habitat_retire(struct habitat *habitat) {
    if (habitat->state == HABITAT_READY) {
        habitat->state = HABITAT_RETIRED;
    }
    if (habitat->state == HABITAT_RETIRED && habitat->sandboxes == 0) {
        habitat_kill(habitat);
    }
}

static void on_cleaned(void *owner) {
    struct habitat *habitat = owner;
    habitat->directory[0] = '\0'; /* habitats_collect() does the rest */
}

/* Without namespaces the guest has a private directory of its own, for what modules write when they are imported. */
static int is_clean(struct habitat *habitat) {
    if (!habitat->directory[0]) {
        return 1;
    }
    if (habitat->cleaning.exit.fd < 0 &&
        cleaning_start(&habitat->cleaning, habitat->keeper, habitat->directory, 0, on_cleaned, habitat) == 0) {
        on_cleaned(habitat);
    }
    return !habitat->directory[0];
}

void habitats_collect(struct keeper *keeper) {
    for (struct habitat **link = &keeper->habitats; *link;) {
        struct habitat *habitat = *link;
        int all_reaped = habitat->builder_exit.fd < 0 && habitat->init_exit.fd < 0 && habitat->maker_exit.fd < 0 &&
                         habitat->guest_exit.fd < 0;
        if (habitat->state == HABITAT_DEAD && habitat->sandboxes == 0 && all_reaped && is_clean(habitat)) {
            *link = habitat->next;
            free(habitat);
        } else {
            link = &habitat->next;
        }
    }
}

int habitats_have_waitable(const struct keeper *keeper) {
    for (const struct habitat *habitat = keeper->habitats; habitat; habitat = habitat->next) {
        const int pidfds[] = {habitat->builder_exit.fd, habitat->init_exit.fd, habitat->maker_exit.fd,
                              habitat->guest_exit.fd, habitat->cleaning.exit.fd};
        for (size_t i = 0; i < sizeof pidfds / sizeof pidfds[0]; i++) {
            if (pidfds[i] >= 0 && process_is_waitable(pidfds[i])) {
                return 1;
            }
        }
    }
    return 0;
}
