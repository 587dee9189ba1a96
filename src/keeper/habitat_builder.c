#include "keeper/habitat_builder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "jail/clone.h"
#include "jail/layers.h"
#include "jail/tree.h"
#include "keeper/namespace_maker.h"
#include "wire/fixed_fds.h"
#include "wire/packet.h"
#include "wire/private_tmp.h"

/* Its children take the ids of their slots, and lower their bounding sets. */
#define GUEST_CAPABILITIES (1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_SETPCAP)

static _Noreturn void fail(const struct builder_options *options, const char *step, int error) {
    struct builder_message message = {.stage = BUILDER_FAILED, .error = error};
    (void)snprintf(message.step, sizeof message.step, "%s", step);
    (void)packet_send(options->keeper_fd, &message, sizeof message, NULL, 0);
    _exit(1);
}

static void enter_user_namespace(const struct builder_options *options) {
    if (unshare(CLONE_NEWUSER) < 0) {
        fail(options, "user namespace", -errno);
    }
    struct builder_message message = {.stage = BUILDER_NEEDS_MAPS};
    size_t n_fds = 0;
    int error = packet_send(options->keeper_fd, &message, sizeof message, NULL, 0);
    if (!error) {
        ssize_t n = packet_receive(options->keeper_fd, &message, sizeof message, NULL, 0, &n_fds);
        error = n == (ssize_t)sizeof message && message.stage == BUILDER_GO_ON ? 0 : -ECONNRESET;
    }
    if (!error) {
        error = jail_set_identity(0, 0);
    }
    if (error) {
        fail(options, "identity in the user namespace", error);
    }
}

static _Noreturn void become_guest(const struct builder_options *options) {
    /* Above everything that is put in place below. */
    int socket_fd = fcntl(options->guest_fd, F_DUPFD_CLOEXEC, 64);
    int program = fcntl(options->guest_program, F_DUPFD_CLOEXEC, 64);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (socket_fd < 0 || program < 0 || null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
        dup2(null_fd, STDOUT_FILENO) < 0 || dup2(socket_fd, FIXED_FD_KEEPER) < 0) {
        fail(options, "descriptors of the guest", -errno);
    }
    (void)syscall(SYS_close_range, FIXED_FD_KEEPER + 1U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const char *arguments[24] = {"pyexec-guest", "--kind", options->guest_kind, "--tier", options->tier};
    size_t n = 5;
    char preload[300], tmp[300];
    const char *environment[] = {NULL, NULL, NULL};
    if (log_is_json()) {
        arguments[n++] = "--log-as-json";
    }
    if (*options->site_packages_inside) {
        arguments[n++] = "--site-packages";
        arguments[n++] = options->site_packages_inside;
    }
    if (*options->modules) {
        arguments[n++] = "--modules";
        arguments[n++] = options->modules;
    }
    if (options->no_memory_group) {
        arguments[n++] = "--no-memory-group";
    }
    if (!options->namespaces) {
        arguments[n++] = "--private-base";
        arguments[n++] = options->private_base;
        arguments[n++] = "--preload";
        arguments[n++] = options->preload;
        if (options->one_id) {
            arguments[n++] = "--one-id";
        }
        if (options->prepared_root) {
            arguments[n++] = "--prepared-root";
        }
        (void)snprintf(preload, sizeof preload, "LD_PRELOAD=%s", options->preload);
        (void)snprintf(tmp, sizeof tmp, PYEXEC_TMP_VARIABLE "=%s", options->guest_tmp);
        environment[0] = preload;
        environment[1] = tmp;
    }
    (void)syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    /* The keeper sees the guest's socket close. */
    _exit(127);
}

/* Forks one of the first processes, as a child of the keeper's. Returns its pidfd, or -1 in the child. */
static int fork_for_keeper(const struct builder_options *options, const char *step) {
    int pidfd = -1;
    pid_t pid = jail_clone(CLONE_PARENT, &pidfd);
    if (pid < 0) {
        fail(options, step, (int)pid);
    }
    return pid == 0 ? -1 : pidfd;
}

/* Without namespaces: the guest with as few rights as it can do with. It runs no user's code. */
static _Noreturn void start_guest_alone(const struct builder_options *options) {
    int error = options->prepared_root ? jail_enter_prepared_root(options->prepared_root) : 0;
    if (error) {
        fail(options, "prepared tree", error);
    }
    error = options->one_id ? 0 : jail_limit_capabilities(GUEST_CAPABILITIES);
    if (error) {
        fail(options, "capabilities", error);
    }
    int guest = fork_for_keeper(options, "guest");
    if (guest < 0) {
        become_guest(options);
    }
    struct builder_message message = {.stage = BUILDER_DONE};
    _exit(packet_send(options->keeper_fd, &message, sizeof message, &guest, 1) < 0);
}

_Noreturn void habitat_builder_run(const struct builder_options *options) {
    struct builder_options kept = *options;
    options = &kept;
    (void)prctl(PR_SET_NAME, "pyexec-builder", 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* The keeper's signal mask and handlers are not for its children. */
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);

    /* Nothing of the keeper's goes further than this. */
    int fds_kept[] = {kept.keeper_fd, kept.guest_fd, kept.guest_program, kept.maker_fd};
    int error = io_keep_only(STDERR_FILENO + 1, fds_kept, options->namespaces ? 4 : 3);
    if (error) {
        _exit(1);
    }
    kept.keeper_fd = fds_kept[0];
    kept.guest_fd = fds_kept[1];
    kept.guest_program = fds_kept[2];
    kept.maker_fd = fds_kept[3];

    int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc_fd < 0) {
        fail(options, "/proc", -errno);
    }
    /* When the whole machine or container is out of memory, the largest of ours goes, which is a script that takes it;
     * never the keeper or front. Where no group holds a script's memory the guest comes after all scripts: slot_make.c
     * gives them the highest score. Inherited; where it may not be written the kernel chooses as ever. */
    (void)io_write_text(proc_fd, "self/oom_score_adj", options->namespaces ? "1000" : "800");
    if (!options->namespaces) {
        start_guest_alone(options);
    }
    if (options->use_user_namespace) {
        enter_user_namespace(options);
    }
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP) < 0) {
        fail(options, "namespaces", -errno);
    }
    if (sethostname("sandbox", 7) < 0 || setdomainname("", 0) < 0) {
        fail(options, "host name", -errno);
    }
    const char *path = "";
    error = jail_build_root(options->one_id ? 0 : options->n_slots, options->site_packages, &path);
    if (error) {
        fail(options, path, error);
    }
    /* A change of user has made us undumpable; then the id maps of own user namespaces could not be written, nor could
     * the guest join an init's namespaces by its pidfd. */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) {
        fail(options, "dumpable", -errno);
    }

    int fds[BUILDER_FDS];
    /* The first to be forked is pid 1 of the new pid namespace: with it everything in there ends. */
    fds[BUILDER_FD_INIT] = fork_for_keeper(options, "init");
    if (fds[BUILDER_FD_INIT] < 0) {
        (void)prctl(PR_SET_NAME, "pyexec-init", 0, 0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        (void)signal(SIGCHLD, SIG_IGN);
        namespace_init_run();
    }
    fds[BUILDER_FD_MAKER] = fork_for_keeper(options, "namespace maker");
    if (fds[BUILDER_FD_MAKER] < 0) {
        namespace_maker_run(options->maker_fd, proc_fd);
    }
    fds[BUILDER_FD_GUEST] = fork_for_keeper(options, "guest");
    if (fds[BUILDER_FD_GUEST] < 0) {
        become_guest(options);
    }
    struct builder_message message = {.stage = BUILDER_DONE};
    _exit(packet_send(options->keeper_fd, &message, sizeof message, fds, BUILDER_FDS) < 0);
}
