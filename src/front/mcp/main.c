/* pyexec-mcp: front for one client, on standard input and output (`pyexecd mcp`).
 *
 *     client ──a message a line──▶ mcp ──script──▶ sandbox           mcp ◀──output, result── sandbox
 *
 * The keeper starts it in front's place, and it is jailed as front is: it opens no port, no file and no process. What
 * it does with a message is what front does with one that comes to /mcp. It ends with its input; the service ends with
 * it. */
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "front/keeper_link.h"
#include "front/mcp/stdio.h"
#include "front/packages.h"
#include "jail/front_jail.h"
#include "wire/fixed_fds.h"

/* What all messages together may hold; one largest fits in any case. */
#define BUDGET_BYTES (256u << 20)
#define BUDGET_BODIES 4u

struct mcp_front {
    struct settings settings;
    struct event_loop *loop;
    struct keeper_link keeper;
    struct memory_budget budget;
    struct metrics metrics; /* nobody looks at them */
    struct run_means means;
    struct gate gate; /* without keys: whoever has started us may */
    struct admission admission;
    struct byte_buffer packages;
    struct mcp_service service;
    struct mcp_stdio stdio;
};

/* ---- the keeper's messages ---- */

static void on_ready(void *context, const struct front_ready *ready, const int fds[READY_FDS]) {
    struct mcp_front *front = context;
    admission_sandbox_ready(&front->admission, ready, fds);
}

static void on_verdict(void *context, const struct front_verdict *verdict) {
    struct mcp_front *front = context;
    admission_sandbox_ended(&front->admission, verdict);
}

static void on_status(void *context, const struct front_status *status) {
    struct mcp_front *front = context;
    admission_status_changed(&front->admission, status);
}

static void on_draining(void *context) {
    struct mcp_front *front = context;
    admission_drain(&front->admission);
    mcp_stdio_finish(&front->stdio);
}

/* It has no listening socket, and nothing is reloaded. */
static void on_other(void *context) {
    (void)context;
}

static void on_settings(void *context, const struct settings *settings, int keys_fd) {
    (void)context;
    (void)settings;
    (void)close(keys_fd);
}

static void on_packages(void *context, int packages_fd) {
    struct mcp_front *front = context;
    cleanup_close int fd = packages_fd;
    int error = packages_read(fd, &front->packages);
    if (error) {
        log_warning("what scripts can import is not known: %s", strerror(-error));
    }
}

/* ---- life ---- */

/* What would need a file or a random source later, when the jail has neither. */
static void prepare_libraries(void) {
    size_t seed = 1;
    (void)!getrandom(&seed, sizeof seed, 0);
    json_object_seed(seed);
    tzset();
    (void)signal(SIGPIPE, SIG_IGN);
}

static int set_up(struct mcp_front *front) {
    const struct keeper_events events = {
        .on_ready = on_ready,
        .on_verdict = on_verdict,
        .on_status = on_status,
        .on_draining = on_draining,
        .on_accept = on_other,
        .on_retire = on_other,
        .on_settings = on_settings,
        .on_packages = on_packages,
        .context = front,
    };
    const uint64_t bodies = BUDGET_BODIES * front->settings.max_body_bytes;
    front->budget.most = bodies > BUDGET_BYTES ? bodies : BUDGET_BYTES;
    int error = event_loop_new(&front->loop);
    if (error) {
        return error;
    }
    front->means = (struct run_means){.loop = front->loop,
                                      .keeper = &front->keeper,
                                      .settings = &front->settings,
                                      .budget = &front->budget,
                                      .metrics = &front->metrics};
    admission_start(&front->admission, &front->means, &front->gate.accounts, 0);
    front->service = (struct mcp_service){
        .means = &front->means, .admission = &front->admission, .gate = &front->gate, .packages = &front->packages};
    error = mcp_stdio_start(&front->stdio, &front->service, accounts_of_name(&front->gate.accounts, KEY_NAME_NOBODY),
                            STDIN_FILENO, STDOUT_FILENO);
    return error ? error : keeper_link_start(&front->keeper, front->loop, FIXED_FD_KEEPER, &events);
}

int main(int argc, char **argv) {
    static struct mcp_front front;
    static char *no_environment[] = {NULL};
    char complaint[256];
    enum jail_step step = JAIL_STEP_NONE;
    log_start("mcp", LOG_LEVEL_WARNING);
    if (settings_read(argc, argv, no_environment, &front.settings, complaint, sizeof complaint) < 0) {
        log_error("%s", complaint);
        return EX_USAGE;
    }
    log_set_format((enum log_format)front.settings.log_format);
    log_start("mcp", (enum log_level)front.settings.log_level);
    prepare_libraries();
    int error = set_up(&front);
    if (error) {
        log_error("cannot start: %s", strerror(-error));
        return EX_OSERR;
    }
    const uint32_t id = (uint32_t)front.settings.uid_base;
    error = jail_enter_front(id, id, &step);
    if (error) {
        log_error("cannot enter the jail: %s: %s", jail_step_name(step), strerror(-error));
        return EX_SOFTWARE;
    }
    error = event_loop_run(front.loop);
    if (error) {
        log_error("cannot go on: %s", strerror(-error));
        return EX_OSERR;
    }
    return EXIT_SUCCESS;
}
