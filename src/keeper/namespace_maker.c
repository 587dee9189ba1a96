#include "keeper/namespace_maker.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/clone.h"
#include "jail/layers.h"
#include "jail/tree.h"
#include "wire/packet.h"

_Noreturn void namespace_init_run(void) {
    (void)syscall(SYS_close_range, 0U, ~0U, 0U);
    (void)jail_drop_bounding_set();
    /* A failure here leaves an init with more rights than it needs, all of them inside its own namespaces. */
    (void)jail_drop_capabilities();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (;;) {
        (void)pause();
    }
}

static int prepare_sandbox(const struct namespace_request *request, int proc_fd, const char **ret_step) {
    int error = 0;
    *ret_step = "id map";
    if (request->own_user_namespace) {
        error = jail_write_id_maps(proc_fd, "self", request->uid, 0, 0, 0, 0);
    }
    if (!error) {
        *ret_step = "private directory";
        error = jail_mount_private_tmp(request->uid, request->gid, request->max_disk_bytes, request->max_inodes);
    }
    return error;
}

static _Noreturn void new_init(const struct namespace_request *request, int socket_fd, int proc_fd) {
    (void)prctl(PR_SET_NAME, "pyexec-init", 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)signal(SIGCHLD, SIG_IGN);
    const char *step = "";
    struct namespace_reply reply = {.sandbox_id = request->sandbox_id};
    reply.error = prepare_sandbox(request, proc_fd, &step);
    (void)snprintf(reply.step, sizeof reply.step, "%s", step);
    cleanup_close int own_pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (own_pidfd < 0 || packet_send(socket_fd, &reply, sizeof reply, &own_pidfd, 1) < 0 || reply.error) {
        _exit(1);
    }
    namespace_init_run();
}

_Noreturn void namespace_maker_run(int socket_fd, int proc_fd) {
    (void)prctl(PR_SET_NAME, "pyexec-nsmaker", 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    int kept[] = {socket_fd, proc_fd};
    if (io_keep_only(STDERR_FILENO + 1, kept, 2)) {
        _exit(1);
    }
    socket_fd = kept[0];
    proc_fd = kept[1];
    for (;;) {
        struct namespace_request request;
        size_t n_fds = 0;
        ssize_t n = packet_receive(socket_fd, &request, sizeof request, NULL, 0, &n_fds);
        if (n != (ssize_t)sizeof request) {
            _exit(n == 0 ? 0 : 1);
        }
        unsigned long flags = CLONE_PARENT | CLONE_NEWPID | CLONE_NEWNS;
        if (request.own_user_namespace) {
            flags |= CLONE_NEWUSER;
        }
        int pidfd = -1;
        pid_t pid = jail_clone(flags, &pidfd);
        if (pid == 0) {
            new_init(&request, socket_fd, proc_fd);
        }
        close_fd(&pidfd);
        if (pid < 0) {
            struct namespace_reply reply = {
                .sandbox_id = request.sandbox_id, .error = (int32_t)pid, .step = "new namespaces"};
            if (packet_send(socket_fd, &reply, sizeof reply, NULL, 0) < 0) {
                _exit(1);
            }
        }
    }
}
