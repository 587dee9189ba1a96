/* pyexec-guest: the zygote. A warm CPython inside a jail that forks one sandbox for each request.
 *
 *   keeper ──exec──▶ guest (this program, in its jail; warm; runs no user's code)
 *     │ KEEPER_SPAWN      │ fork
 *     ▼                   ▼
 *   socket, fd 3       sandbox (sandbox.c): layers on, rehearsal, report; then one request, one run, exit
 *
 * The guest trusts the keeper and reads nothing but its fixed-size messages. A sandbox's fate never reaches it: the
 * child is the keeper's, shares no descriptor with the guest, and has its own copy of all memory. */
#include "guest/warm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "guest/huge_pages.h"
#include "guest/memory_holder.h"
#include "guest/options.h"
#include "guest/prefault.h"
#include "guest/result_map.h"
#include "guest/run.h"
#include "guest/spawn.h"
#include "jail/enter.h"
#include "wire/fixed_fds.h"
#include "wire/guest_link.h"

/* The guest's own rehearsals: enough for the interpreter to specialise the bytecode of the common paths. */
#define WARM_REHEARSALS 12

/* Scripts inherit what the guest was started with: no signal may come to them blocked or ignored. */
static void reset_signals(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* refused for SIGKILL, SIGSTOP and the C library's own */
    }
}

static int rehearse(const struct runner *runner, enum guest_kind kind) {
    int error = result_map_attach(-1);
    if (error) {
        return error;
    }
    for (int i = 0; i < WARM_REHEARSALS; i++) {
        if (run_rehearsal(runner, kind, true) < 0) {
            return -EPROTO;
        }
    }
    return run_failing_rehearsal(runner) < 0 ? -EPROTO : 0;
}

struct trial {
    const struct runner *runner;
    enum guest_kind kind;
};

static void run_trial(const void *context) {
    const struct trial *trial = context;
    warm_after_fork_child();
    if (result_map_attach(-1) == 0) {
        (void)run_rehearsal(trial->runner, trial->kind, false);
    }
}

static void learn_pages(const struct runner *runner, enum guest_kind kind) {
    const struct trial trial = {runner, kind};
    warm_before_fork();
    int n_pages = prefault_learn(run_trial, &trial);
    warm_after_fork_parent();
    if (n_pages < 0) {
        errno = -n_pages;
        log_warning("sandboxes will start slower, the pages they write are not known: %m");
    } else {
        log_debug("a sandbox gets %d pages at its start", n_pages);
    }
}

int main(int argc, char **argv) {
    struct guest_options options;
    log_start("guest", LOG_LEVEL_INFO);
    if (guest_options_read(argc, argv, &options) < 0) {
        (void)fputs(GUEST_USAGE, stderr);
        return EX_USAGE;
    }
    log_set_format(options.log_as_json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
    const enum guest_kind kind = options.kind;
    (void)prctl(PR_SET_NAME, "pyexec-guest");
    (void)close_range(FIXED_FD_KEEPER + 1, ~0U, 0);
    reset_signals();
    memory_holder_prepare();
    const uint64_t text_kib = huge_pages_move_text();

    struct spawner spawner = {.keeper_fd = FIXED_FD_KEEPER, .options = options, .packages_fd = -1};
    const struct seccomp_lacks lacks = {
        .namespaces = options.tier != ISOLATION_NAMESPACES,
        .user_ids = options.one_id,
        .memory_group = options.no_memory_group,
    };
    int error = jail_sandbox_filter(&lacks, &spawner.filter);
    if (!error && options.one_id) {
        error = jail_asking_filter(&spawner.asking);
    }
    if (error) {
        errno = -error;
        log_error("cannot compile the table of system calls: %m");
        return EX_OSERR;
    }
    struct runner runner;
    prefault_watch();
    error = warm_start(&options, &runner);
    if (error) {
        return error == -ENOPKG ? GUEST_EXIT_UNWILLING : EX_SOFTWARE;
    }
    error = rehearse(&runner, kind);
    if (error) {
        errno = -error;
        log_error("the rehearsal failed: %m");
        return EX_SOFTWARE;
    }
    if (warm_settle(FIXED_FD_KEEPER) < 0) {
        return EX_SOFTWARE;
    }
    const uint64_t heap_kib = prefault_collapse();
    log_debug("in huge pages: %llu KiB of code, %llu KiB of data", (unsigned long long)text_kib,
              (unsigned long long)heap_kib);
    spawner.packages_fd = warm_take_packages();
    learn_pages(&runner, kind);
    spawner.runner = &runner;
    error = spawn_serve(&spawner);
    if (error) {
        errno = -error;
        log_error("the keeper's socket: %m");
        return EX_PROTOCOL;
    }
    /* Without Py_Finalize(): exit handlers of imported modules have nothing to do here. */
    _exit(0);
}
