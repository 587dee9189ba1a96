/* pyexec-selftest: attacks the sandboxes of this host and says what stopped each attack (`pyexecd selftest`).
 *
 *     keeper ──READY──▶ selftest ──technique──▶ sandbox ──answer──▶ judge ──▶ report, on standard output
 *
 * The keeper starts it in front's place and gives it sandboxes as it gives them to front: the attacks meet the very
 * isolation that a client's script would meet, in the tier in force. Each technique is a run, and its answer is put
 * together by the same modules that answer a client. It needs no network, no file and no privilege, and is jailed as
 * front is; what a sandbox says is as hostile here as there. When it ends, the service ends with its exit status:
 *
 *     0  every technique was stopped by what is meant to stop it, or saw no more than SECURITY.md says of the tier
 *     1  something got through, or a probe broke and shows nothing, or the test was interrupted */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/admission.h"
#include "front/allocate.h"
#include "front/keeper_link.h"
#include "front/selftest/catalogue.h"
#include "front/selftest/embedded.h"
#include "front/selftest/report.h"
#include "jail/front_jail.h"
#include "wire/fixed_fds.h"

/* How many run at once: enough to keep the cores busy while sandboxes are made, and bombs few enough for a small host.
 */
#define ATTACKS_PER_CORE 2
#define MOST_ATTACKS 8u
#define MOST_BOMBS 3u

/* A sandbox that nobody gave us, again: the service's failure, not the technique's. */
#define MAX_TRIES 3u
#define TRY_AGAIN_US 300000u
#define QUEUE_PATIENCE_MS 120000u

#define NEIGHBOUR_PAUSE_US 50000u
#define NEIGHBOUR_TIMEOUT_MS 10000u

struct selftest;

/* One technique and what became of it. */
struct attempt {
    struct selftest *selftest;
    const struct technique *technique;
    struct timer again;
    unsigned tries;
    int done;
};

/* Somebody who says hello while the bombs go off. */
struct neighbour {
    struct technique technique;
    struct timer pause;
    uint64_t asked_us, slowest_us;
    unsigned answers;
    int running, failed;
    struct judgement failure;
};

struct selftest {
    struct settings settings;
    struct event_loop *loop;
    struct keeper_link keeper;
    struct memory_budget budget;
    struct metrics metrics; /* nobody looks at them */
    struct run_means means;
    struct accounts accounts;
    struct account *account; /* all runs are its own */
    struct admission admission;

    struct catalogue catalogue;
    struct host_facts host;
    int json;
    int name_width;
    uint64_t started_us;

    struct attempt *attempts;
    struct finding_row *rows; /* as attempts, then the neighbour's */
    size_t printed;           /* rows */
    size_t next;              /* attempt to start */
    size_t n_done, n_attacks; /* without bombs */
    unsigned running;
    int bombs; /* 1: all others are done */
    struct neighbour neighbour;
    int interrupted;
};

static void go_on(struct selftest *selftest);

/* The keeper says the tier before it gives the first sandbox. */
static int has_namespaces(const struct selftest *selftest) {
    return !selftest->admission.has_status || strcmp(selftest->admission.status.tier, "namespaces") == 0;
}

/* ---- runs ---- */

/* Submits a technique. `on_end` is told, unless -EBUSY is returned. */
static int submit(struct selftest *selftest, const struct technique *technique,
                  void (*on_end)(void *, struct answer *, const struct problem *), void *context) {
    struct run_input input;
    struct problem problem;
    const struct run_waiter waiter = {.on_end = on_end, .context = context};
    if (technique_input(technique, &selftest->settings, &input) < 0) {
        log_error("out of memory");
        exit(EX_OSERR);
    }
    struct run *run = run_new(&selftest->means, &input, technique->name, &waiter);
    return admission_submit(&selftest->admission, selftest->account, run, &problem);
}

static void print_what_is_done(struct selftest *selftest) {
    while (selftest->printed < selftest->catalogue.n && selftest->attempts[selftest->printed].done) {
        const struct finding_row *row = &selftest->rows[selftest->printed++];
        if (!selftest->json) {
            report_print_row(row, selftest->name_width);
        }
    }
    (void)fflush(stdout);
}

static void on_attempt_end(void *context, struct answer *answer, const struct problem *problem) {
    struct attempt *attempt = context;
    struct selftest *selftest = attempt->selftest;
    struct judgement *judgement = &selftest->rows[attempt - selftest->attempts].judgement;
    if (problem && attempt->tries < MAX_TRIES && !selftest->admission.draining) {
        event_loop_set_timer(selftest->loop, &attempt->again, TRY_AGAIN_US);
        return;
    }
    if (answer) {
        judge(attempt->technique->rule, has_namespaces(selftest), answer->status, answer->text.bytes, answer->text.len,
              judgement);
        answer_free(answer);
    } else {
        judgement_set(judgement, FINDING_NONE, "%s", problem->message);
    }
    attempt->done = 1;
    selftest->n_done++;
    selftest->running--;
    print_what_is_done(selftest);
    go_on(selftest);
}

static void try_attempt(void *context) {
    struct attempt *attempt = context;
    attempt->tries++;
    if (submit(attempt->selftest, attempt->technique, on_attempt_end, attempt) < 0) {
        event_loop_set_timer(attempt->selftest->loop, &attempt->again, TRY_AGAIN_US);
    }
}

/* ---- the neighbour ---- */

static void on_hello_end(void *context, struct answer *answer, const struct problem *problem) {
    struct selftest *selftest = context;
    struct neighbour *neighbour = &selftest->neighbour;
    struct judgement judgement;
    if (answer) {
        judge(neighbour->technique.rule, has_namespaces(selftest), answer->status, answer->text.bytes, answer->text.len,
              &judgement);
        answer_free(answer);
    } else {
        judgement_set(&judgement, FINDING_NONE, "%s", problem->message);
    }
    uint64_t took_us = clock_now_us() - neighbour->asked_us;
    neighbour->slowest_us = took_us > neighbour->slowest_us ? took_us : neighbour->slowest_us;
    neighbour->answers++;
    neighbour->running = 0;
    if (judgement.finding != FINDING_STOPPED && !neighbour->failed) {
        neighbour->failed = 1;
        neighbour->failure = judgement;
    }
    event_loop_set_timer(selftest->loop, &neighbour->pause, NEIGHBOUR_PAUSE_US);
}

/* The last hello comes after the last bomb. */
static void say_hello(void *context) {
    struct selftest *selftest = context;
    struct neighbour *neighbour = &selftest->neighbour;
    if (selftest->n_done == selftest->catalogue.n) {
        go_on(selftest);
        return;
    }
    neighbour->asked_us = clock_now_us();
    neighbour->running = 1;
    if (submit(selftest, &neighbour->technique, on_hello_end, selftest) < 0) {
        event_loop_set_timer(selftest->loop, &neighbour->pause, TRY_AGAIN_US);
    }
}

static void judge_neighbour(struct selftest *selftest) {
    const struct neighbour *neighbour = &selftest->neighbour;
    struct judgement *judgement = &selftest->rows[selftest->catalogue.n].judgement;
    if (neighbour->failed) {
        judgement_set(judgement, FINDING_GOT_THROUGH, "a neighbour's hello failed: %.150s", neighbour->failure.said);
    } else if (neighbour->answers == 0) {
        judgement_set(judgement, FINDING_NONE, "the neighbour got no word in");
    } else {
        judgement_set(judgement, FINDING_STOPPED, "%u hellos of a neighbour were answered, the slowest in %.0f ms",
                      neighbour->answers, (double)neighbour->slowest_us / 1000.0);
    }
}

/* ---- the order ---- */

static unsigned between(long value, unsigned least, unsigned most) {
    return value < (long)least ? least : value > (long)most ? most : (unsigned)value;
}

/* Starts as many as may run, first the attacks, then the bombs beside the neighbour; ends the loop behind the last. */
static void go_on(struct selftest *selftest) {
    const unsigned most = selftest->bombs ? between(selftest->host.cores, 2, MOST_BOMBS)
                                          : between(selftest->host.cores * ATTACKS_PER_CORE, 2, MOST_ATTACKS);
    for (; selftest->next < selftest->catalogue.n && selftest->running < most; selftest->next++) {
        struct attempt *attempt = &selftest->attempts[selftest->next];
        if (attempt->technique->bomb == selftest->bombs) {
            selftest->running++;
            try_attempt(attempt);
        }
    }
    if (selftest->running > 0 || selftest->neighbour.running) {
        return;
    }
    if (!selftest->bombs) {
        selftest->bombs = 1;
        selftest->next = 0;
        if (selftest->n_done < selftest->catalogue.n) {
            say_hello(selftest);
        }
        go_on(selftest);
        return;
    }
    event_loop_stop(selftest->loop);
}

/* ---- the keeper's messages ---- */

static void on_ready(void *context, const struct front_ready *ready, const int fds[READY_FDS]) {
    struct selftest *selftest = context;
    admission_sandbox_ready(&selftest->admission, ready, fds);
}

static void on_verdict(void *context, const struct front_verdict *verdict) {
    struct selftest *selftest = context;
    admission_sandbox_ended(&selftest->admission, verdict);
}

static void on_status(void *context, const struct front_status *status) {
    struct selftest *selftest = context;
    admission_status_changed(&selftest->admission, status);
}

static void on_draining(void *context) {
    struct selftest *selftest = context;
    selftest->interrupted = 1;
    event_loop_stop(selftest->loop);
}

/* It has no clients. */
static void on_other(void *context) {
    (void)context;
}

/* The launcher reloads nothing for an attack: its rules hold from the beginning to the end. */
static void on_settings(void *context, const struct settings *settings, int keys_fd) {
    (void)context;
    (void)settings;
    (void)close(keys_fd);
}

/* ---- life ---- */

/* What would need a file or a random source later, when the jail has neither. */
static void prepare(struct selftest *selftest) {
    static char buffer[1 << 16];
    size_t seed = 1;
    (void)!getrandom(&seed, sizeof seed, 0);
    json_object_seed(seed);
    tzset();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    (void)uname(&selftest->host.system);
    selftest->host.user = geteuid();
    selftest->host.cores = sysconf(_SC_NPROCESSORS_ONLN);
}

static void set_up_attempts(struct selftest *selftest) {
    const size_t n = selftest->catalogue.n;
    selftest->attempts = allocate_or_exit(n * sizeof *selftest->attempts);
    selftest->rows = allocate_or_exit((n + 1) * sizeof *selftest->rows);
    for (size_t i = 0; i < n; i++) {
        const struct technique *technique = &selftest->catalogue.techniques[i];
        struct attempt *attempt = &selftest->attempts[i];
        *attempt = (struct attempt){.selftest = selftest, .technique = technique};
        attempt->again = (struct timer){.on_due = try_attempt, .context = attempt};
        selftest->rows[i] = (struct finding_row){.name = technique->name, .family = technique->family};
        judgement_set(&selftest->rows[i].judgement, FINDING_NONE, "it was not tried");
        int width = (int)strlen(technique->name);
        selftest->name_width = width > selftest->name_width ? width : selftest->name_width;
    }
    struct neighbour *neighbour = &selftest->neighbour;
    neighbour->pause = (struct timer){.on_due = say_hello, .context = selftest};
    neighbour->technique = (struct technique){.name = "bombs.a_neighbour_meanwhile",
                                              .family = "bombs",
                                              .prelude = "",
                                              .script = "def main():\n    return 'Hello'\n",
                                              .kwargs = strdup("{}"),
                                              .timeout_ms = NEIGHBOUR_TIMEOUT_MS,
                                              .rule = json_pack("{s:[s]}", "results", "Hello")};
    selftest->rows[n] = (struct finding_row){.name = neighbour->technique.name, .family = neighbour->technique.family};
    if (!neighbour->technique.kwargs || !neighbour->technique.rule) {
        exit(EX_OSERR);
    }
}

static int set_up(struct selftest *selftest) {
    struct keeper_events events = {
        .on_ready = on_ready,
        .on_verdict = on_verdict,
        .on_status = on_status,
        .on_draining = on_draining,
        .on_accept = on_other,
        .on_retire = on_other,
        .on_settings = on_settings,
        .context = selftest,
    };
    int error = catalogue_load(embedded_catalogue, embedded_catalogue_len, &selftest->catalogue);
    if (error) {
        return error;
    }
    set_up_attempts(selftest);
    /* The first sandbox comes when a guest is warm. */
    selftest->settings.queue_timeout_ms = QUEUE_PATIENCE_MS;
    selftest->settings.max_queue = MOST_ATTACKS + 1;
    error = event_loop_new(&selftest->loop);
    if (error) {
        return error;
    }
    selftest->means = (struct run_means){.loop = selftest->loop,
                                         .keeper = &selftest->keeper,
                                         .settings = &selftest->settings,
                                         .budget = &selftest->budget,
                                         .metrics = &selftest->metrics};
    selftest->account = accounts_of_name(&selftest->accounts, KEY_NAME_NOBODY);
    admission_start(&selftest->admission, &selftest->means, &selftest->accounts, 0);
    return keeper_link_start(&selftest->keeper, selftest->loop, FIXED_FD_KEEPER, &events);
}

/* Prints what is left to print. Returns the exit status. */
static int finish(struct selftest *selftest) {
    struct report report = {
        .host = &selftest->host,
        .status = selftest->admission.has_status ? &selftest->admission.status : NULL,
        .left_out = selftest->catalogue.left_out,
        .rows = selftest->rows,
        .n_rows = selftest->catalogue.n + 1,
        .seconds = (double)(clock_now_us() - selftest->started_us) / 1e6,
    };
    if (selftest->interrupted) {
        log_error("interrupted");
        return EXIT_FAILURE;
    }
    judge_neighbour(selftest);
    if (selftest->json) {
        if (report_print_json(&report) < 0) {
            return EXIT_FAILURE;
        }
    } else {
        report_print_row(&selftest->rows[selftest->catalogue.n], selftest->name_width);
        report_print_end(&report);
    }
    if (fflush(stdout) != 0) {
        log_error("the report could not be written");
        return EXIT_FAILURE;
    }
    const size_t fine = report_count(&report, FINDING_STOPPED, NULL) + report_count(&report, FINDING_VISIBLE, NULL);
    return fine == report.n_rows ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    static struct selftest selftest;
    static char *no_environment[] = {NULL};
    char complaint[256];
    enum jail_step step = JAIL_STEP_NONE;
    log_start("selftest", LOG_LEVEL_WARNING);
    if (argc > 1 && strcmp(argv[1], "--json") == 0) {
        selftest.json = 1;
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    if (settings_read(argc, argv, no_environment, &selftest.settings, complaint, sizeof complaint) < 0) {
        log_error("%s", complaint);
        return EX_USAGE;
    }
    log_set_format((enum log_format)selftest.settings.log_format);
    log_start("selftest", (enum log_level)selftest.settings.log_level);
    prepare(&selftest);
    selftest.started_us = clock_now_us();
    int error = set_up(&selftest);
    if (error) {
        log_error("cannot start: %s", strerror(-error));
        return EX_OSERR;
    }
    const uint32_t id = (uint32_t)selftest.settings.uid_base;
    error = jail_enter_front(id, id, &step);
    if (error) {
        log_error("cannot enter the jail: %s: %s", jail_step_name(step), strerror(-error));
        return EX_SOFTWARE;
    }
    go_on(&selftest);
    error = event_loop_run(selftest.loop);
    if (error) {
        log_error("cannot go on: %s", strerror(-error));
        return EX_OSERR;
    }
    return finish(&selftest);
}
