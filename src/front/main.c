/* pyexec-front: the process that reads the network.
 *
 *     client ──HTTP──▶ front ──script──▶ sandbox           front ◀──output, result── sandbox
 *                      front ──START, CANCEL──▶ keeper      front ◀──READY, VERDICT, STATUS, DRAINING── keeper
 *
 * It is started by the keeper with FIXED_FD_KEEPER and FIXED_FD_LISTEN open and all settings as arguments, sets itself
 * up, enters its jail, and accepts its first connection only then, and when the keeper says so. It trusts the keeper,
 * and nobody else: not the client, not a byte that comes out of a sandbox. Clients' data goes this way, each arrow one
 * module:
 *
 *     listener → connection → exchange (http_head, decode) → admission → run → (sandbox) → output_pipe, record →
 *     outcome → answer → exchange
 */
#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "front/admission.h"
#include "front/host_memory.h"
#include "front/http_server.h"
#include "front/keeper_link.h"
#include "front/listener.h"
#include "front/packages.h"
#include "jail/front_jail.h"
#include "wire/fixed_fds.h"

/* What all clients together may make front hold; one largest body fits in any case. */
#define BUDGET_BYTES (256u << 20)
#define BUDGET_BODIES 4u

/* Descriptors besides connections and sandboxes: standard streams, sockets, epolls, those that linger. */
#define OTHER_FDS 256u
#define FEWEST_CONNECTIONS 16u

/* Log lines that the sink did not take are tried again after this time. */
#define LOG_RETRY_MS 50

/* Blocks above this go back to the system when freed, whatever was freed before. */
#define MMAP_THRESHOLD (256 << 10)

struct front {
    struct settings settings;
    struct event_loop *loop;
    struct keeper_link keeper;
    struct memory_budget budget;
    struct metrics metrics;
    struct run_means run_means;
    struct gate gate;
    struct admission admission;
    struct http_server server;
    struct listener listener;
    struct byte_buffer packages;
};

/* As many connections as the settings say, or as there are descriptors for. */
static unsigned allowed_connections(const struct settings *settings) {
    struct rlimit limit;
    uint64_t for_sandboxes = READY_FDS * 2 * settings->max_running;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return (unsigned)settings->max_connections;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    uint64_t others = OTHER_FDS + for_sandboxes;
    uint64_t left = limit.rlim_cur > others + FEWEST_CONNECTIONS ? limit.rlim_cur - others : FEWEST_CONNECTIONS;
    if (left >= settings->max_connections) {
        return (unsigned)settings->max_connections;
    }
    log_warning("max_connections is lowered from %llu to %llu: the limit of open files is %llu",
                (unsigned long long)settings->max_connections, (unsigned long long)left,
                (unsigned long long)limit.rlim_cur);
    return (unsigned)left;
}

/* ---- the keeper's messages ---- */

static void on_ready(void *context, const struct front_ready *ready, const int fds[READY_FDS]) {
    struct front *front = context;
    admission_sandbox_ready(&front->admission, ready, fds);
}

static void on_verdict(void *context, const struct front_verdict *verdict) {
    struct front *front = context;
    admission_sandbox_ended(&front->admission, verdict);
}

static void on_status(void *context, const struct front_status *status) {
    struct front *front = context;
    admission_status_changed(&front->admission, status);
}

static void on_leaving(void *context) {
    struct front *front = context;
    http_server_leave(&front->server);
}

/* New connections are still accepted: who asks must hear "draining", not a timeout. */
static void on_draining(void *context) {
    struct front *front = context;
    log_info("draining: %u runs to finish", front->admission.n_running);
    http_server_drain(&front->server);
    admission_drain(&front->admission);
}

/* What the settings make of the budget for all clients' requests. */
static void set_budget(struct front *front) {
    uint64_t bodies = BUDGET_BODIES * front->settings.max_body_bytes;
    front->budget.most = bodies > BUDGET_BYTES ? bodies : BUDGET_BYTES;
}

/* Who may use the service: a file that the launcher has read and found right. Nothing changes when it fails. */
static int load_keys(struct front *front, int keys_fd) {
    char error[512] = "";
    if (!*front->settings.api_keys_file) {
        keys_free(&front->gate.keys, &front->gate.accounts);
        if (!front->server.on_loopback) {
            log_warning("no API keys are set: whoever can reach %s may run scripts (see api_keys_file)",
                        front->settings.listen);
        }
        return 0;
    }
    int failed = keys_load(&front->gate.keys, &front->gate.accounts, keys_fd, clock_now_us(), error, sizeof error);
    if (failed) {
        log_error("%s: %s", front->settings.api_keys_file, *error ? error : strerror(-failed));
        return failed;
    }
    log_info("%zu API keys are known%s", front->gate.keys.n_rows,
             front->gate.keys.n_rows > 0 ? "" : ": nobody may run anything");
    return 0;
}

/* In place: everybody looks at them where they are, and what must not change under a run it has a copy of. */
static void on_settings(void *context, const struct settings *settings, int keys_fd) {
    struct front *front = context;
    cleanup_close int fd = keys_fd;
    front->settings = *settings;
    log_start("front", (enum log_level)settings->log_level);
    set_budget(front);
    front->listener.max_connections = allowed_connections(settings);
    (void)load_keys(front, fd);
}

static void on_packages(void *context, int packages_fd) {
    struct front *front = context;
    cleanup_close int fd = packages_fd;
    int error = packages_read(fd, &front->packages);
    if (error) {
        log_warning("what scripts can import is not shown: %s", strerror(-error));
    }
}

static void on_accept(void *context) {
    struct front *front = context;
    int error = listener_accept(&front->listener);
    if (error) {
        log_error("cannot accept connections: %s", strerror(-error));
        exit(EX_OSERR);
    }
}

/* Another front has the same listening socket: what is in its queue is the other's. */
static void on_retire(void *context) {
    struct front *front = context;
    log_info("another version accepts now; %u connections to finish", front->server.n_connections);
    listener_end(&front->listener);
    http_server_retire(&front->server);
}

static int has_finished(const struct front *front) {
    const struct http_server *server = &front->server;
    int at_rest = front->admission.n_running == 0 && http_server_is_quiet(server);
    return at_rest && (front->admission.draining || (server->retiring && server->n_connections == 0));
}

/* What the log's sink did not take is tried again soon. */
static int sooner(int wish_ms, int other_ms) {
    return wish_ms < 0 || other_ms < wish_ms ? other_ms : wish_ms;
}

static int before_wait(void *context) {
    struct front *front = context;
    int wish_ms = http_server_work(&front->server);
    if (log_flush()) {
        wish_ms = sooner(wish_ms, LOG_RETRY_MS);
    }
    if (has_finished(front)) {
        event_loop_stop(front->loop);
    }
    return wish_ms;
}

/* ---- start ---- */

/* What the memory limits of all that runs at one time may come to; 0: no matter. */
static uint64_t allowed_memory(const struct settings *settings) {
    uint64_t percent = settings->memory_overcommit_percent;
    uint64_t there = percent > 0 ? host_memory_bytes("") : 0;
    if (there == 0) {
        return 0;
    }
    uint64_t most = there / 100 * percent;
    log_info("memory limits of what runs may come to %llu MiB, %llu %% of the %llu MiB there are",
             (unsigned long long)(most >> 20), (unsigned long long)percent, (unsigned long long)(there >> 20));
    return most;
}

/* What would need a file or a random source later, when the jail has neither. */
static void prepare_libraries(void) {
    size_t seed = 1;
    (void)!getrandom(&seed, sizeof seed, 0);
    json_object_seed(seed);
    tzset();
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    (void)mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD);
    (void)signal(SIGPIPE, SIG_IGN);
}

static int enter_jail(const struct settings *settings) {
    enum jail_step step = JAIL_STEP_NONE;
    int error = jail_enter_front((uint32_t)settings->uid_base, (uint32_t)settings->uid_base, &step);
    if (error) {
        log_error("cannot enter the jail: %s: %s", jail_step_name(step), strerror(-error));
    }
    return error;
}

static int set_up(struct front *front) {
    struct keeper_events events = {
        .on_ready = on_ready,
        .on_verdict = on_verdict,
        .on_status = on_status,
        .on_leaving = on_leaving,
        .on_draining = on_draining,
        .on_accept = on_accept,
        .on_retire = on_retire,
        .on_settings = on_settings,
        .on_packages = on_packages,
        .context = front,
    };
    set_budget(front);
    int error = event_loop_new(&front->loop);
    if (error) {
        return error;
    }
    front->run_means = (struct run_means){.loop = front->loop,
                                          .keeper = &front->keeper,
                                          .settings = &front->settings,
                                          .budget = &front->budget,
                                          .metrics = &front->metrics};
    admission_start(&front->admission, &front->run_means, &front->gate.accounts, allowed_memory(&front->settings));
    error = http_server_start(&front->server, front->loop, &front->run_means, &front->admission, &front->gate);
    if (error) {
        return error;
    }
    front->server.packages = &front->packages;
    front->server.mcp = (struct mcp_service){
        .means = &front->run_means, .admission = &front->admission, .gate = &front->gate, .packages = &front->packages};
    listener_start(&front->listener, front->loop, &front->server, FIXED_FD_LISTEN,
                   allowed_connections(&front->settings));
    uint64_t seed = 1;
    (void)!getrandom(&seed, sizeof seed, 0);
    idempotency_start(&front->server.idempotency, &front->settings, &front->gate.accounts, seed);
    event_loop_set_before_wait(front->loop, before_wait, front);
    return keeper_link_start(&front->keeper, front->loop, FIXED_FD_KEEPER, &events);
}

int main(int argc, char **argv) {
    static struct front front;
    static char *no_environment[] = {NULL};
    char complaint[256];
    log_start("front", LOG_LEVEL_INFO);
    if (settings_read(argc, argv, no_environment, &front.settings, complaint, sizeof complaint) < 0) {
        log_error("%s", complaint);
        return EX_USAGE;
    }
    log_set_format((enum log_format)front.settings.log_format);
    log_start("front", (enum log_level)front.settings.log_level);
    prepare_libraries();
    int error = set_up(&front);
    if (error) {
        log_error("cannot start: %s", strerror(-error));
        return EX_OSERR;
    }
    if (load_keys(&front, FIXED_FD_KEYS) < 0) {
        return EX_CONFIG;
    }
    if (enter_jail(&front.settings) < 0) {
        return EX_SOFTWARE;
    }
    error = event_loop_run(front.loop);
    if (error) {
        log_error("cannot go on: %s", strerror(-error));
        return EX_OSERR;
    }
    listener_end(&front.listener);
    http_server_end(&front.server);
    idempotency_end(&front.server.idempotency);
    admission_end(&front.admission);
    gate_end(&front.gate);
    byte_buffer_free(&front.packages);
    event_loop_free(front.loop);
    log_info("drained");
    return EXIT_SUCCESS;
}
