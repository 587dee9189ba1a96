#include "front/admission.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/allocate.h"
#include "front/run_list.h"

#define RETRY_AFTER_OVERLOAD_S 1
#define RETRY_AFTER_DRAINING_S 5

/* Sandboxes that died before they had the script; one more than that is no coincidence. */
#define MAX_ATTEMPTS 3u

/* The keeper's timer ends a run; this only catches a verdict that never comes. */
#define VERDICT_PATIENCE_US (30u * 1000000u)

struct idle_sandbox {
    struct sandbox sandbox;
    struct idle_sandbox *next;
};

/* A run that needs more memory than is free lets others pass it for this part of the time it may wait; after that the
 * memory that becomes free is kept for it. */
#define PATIENCE_PART 2u

/* ---- telling the waiter ---- */

/* Of a run that was submitted and is in no list any more. */
static void free_run(struct admission *admission, struct run *run) {
    account_release(admission->accounts, run->account);
    run_free(run);
}

static void end_with_problem(struct run *run, const struct problem *problem) {
    struct run_waiter waiter = run->waiter;
    free_run(run->admission, run);
    if (waiter.on_end) {
        waiter.on_end(waiter.context, NULL, problem);
    }
}

static void internal_problem(struct problem *problem) {
    problem_set(problem, 500, "internal_error",
                "The service failed to run the script. This is not the script's fault.");
    problem_suggest(problem, "Send the request again; if it fails again, tell the operator of the service the id");
}

static void overload_problem(struct problem *problem, const char *reason) {
    problem_set(problem, 503, "overloaded", "The service is busy: %s.", reason);
    problem->retry_after = RETRY_AFTER_OVERLOAD_S;
    problem_suggest(problem, "Send the request again in a moment, as Retry-After says");
}

void admission_draining_problem(struct problem *ret_problem) {
    problem_set(ret_problem, 503, "draining", "The service is ending and takes no new requests.");
    ret_problem->retry_after = RETRY_AFTER_DRAINING_S;
    ret_problem->close = 1;
    problem_suggest(ret_problem, "Send the request again in a few seconds, as Retry-After says");
}

static void end_with_answer(struct run *run) {
    struct answer answer;
    struct run_waiter waiter = run->waiter;
    if (waiter.on_end && run_answer(run, &answer) < 0) {
        struct problem problem;
        log_error("%s: no memory for the answer", run->id);
        internal_problem(&problem);
        end_with_problem(run, &problem);
        return;
    }
    free_run(run->admission, run);
    if (waiter.on_end) {
        waiter.on_end(waiter.context, &answer, NULL);
    }
}

/* ---- sandboxes ---- */

/* Whether a sandbox with the data packages loaded is worth waiting for. */
static int data_is_coming(const struct admission *admission) {
    return admission->has_status && admission->status.guest_ready[GUEST_DATA] &&
           admission->status.pool_size[GUEST_DATA] > 0;
}

/* The kind to take for a run that wants `wants`, or -1 when it has to wait. */
static int choose_kind(const struct admission *admission, enum guest_kind wants) {
    if (admission->idle[wants]) {
        return (int)wants;
    }
    if (wants == GUEST_LEAN && admission->idle[GUEST_DATA] && admission->queue.n_of_kind[GUEST_DATA] == 0) {
        return GUEST_DATA;
    }
    if (wants == GUEST_DATA && admission->idle[GUEST_LEAN] && !data_is_coming(admission)) {
        return GUEST_LEAN;
    }
    return -1;
}

static void on_verdict_overdue(void *context) {
    struct run *run = context;
    struct run_waiter waiter = run->waiter;
    log_error("%s: no verdict came for sandbox %llu", run->id, (unsigned long long)run->sandbox.id);
    keeper_link_send_cancel(run->means->keeper, run->sandbox.id);
    run_forget(run);
    if (waiter.on_end) {
        struct problem problem;
        internal_problem(&problem);
        waiter.on_end(waiter.context, NULL, &problem);
    }
}

static void start_run(struct admission *admission, struct run *run, int kind) {
    struct idle_sandbox *idle = admission->idle[kind];
    admission->idle[kind] = idle->next;
    admission->n_idle--;
    run_list_append(&admission->running, run);
    admission->n_running++;
    admission->memory_running += run->input.memory_bytes;
    fair_queue_started(&admission->queue, run->account);
    run->deadline = (struct timer){.place = run->deadline.place, .on_due = on_verdict_overdue, .context = run};
    event_loop_set_timer(admission->means->loop, &run->deadline, run->input.timeout_ms * 1000u + VERDICT_PATIENCE_US);
    run_start(run, &idle->sandbox);
    free(idle);
}

/* Its sandbox is over, whatever becomes of it now. */
static void leave_running(struct admission *admission, struct run *run) {
    run_list_remove(&admission->running, run);
    admission->n_running--;
    admission->memory_running -= run->input.memory_bytes;
    fair_queue_ended(run->account);
    event_loop_stop_timer(admission->means->loop, &run->deadline);
}

/* Whether there is memory for it. What nothing else runs beside may run in any case: waiting would not help it. */
static int fits(const struct admission *admission, const struct run *run) {
    return admission->memory_most == 0 || admission->n_running == 0 ||
           admission->memory_running + run->input.memory_bytes <= admission->memory_most;
}

static int is_at_its_cap(const struct run *run) {
    return run->account->n_running >= run->account->caps.running;
}

/* The kind of sandbox to start the run in now, or -1. */
static int how_to_start(const struct admission *admission, struct run *run) {
    if (admission->n_running >= admission->means->settings->max_running || is_at_its_cap(run)) {
        return -1;
    }
    int kind = choose_kind(admission, run->input.wants);
    if (kind >= 0 && !fits(admission, run)) {
        run->was_short_of_memory = 1;
        return -1;
    }
    return kind;
}

static int may_start(void *context, struct run *run) {
    return how_to_start(context, run);
}

/* It has waited for memory for as long as others could pass it. */
static int has_lost_patience(const struct admission *admission, const struct run *run) {
    uint64_t patience_us = admission->means->settings->queue_timeout_ms * 1000u / PATIENCE_PART;
    return run->was_short_of_memory && !is_at_its_cap(run) && clock_now_us() - run->submitted_us >= patience_us;
}

static int is_kept_for(void *context, struct run *run) {
    return has_lost_patience(context, run) ? 0 : -1;
}

static int may_start_at_last(void *context, struct run *run) {
    return has_lost_patience(context, run) ? how_to_start(context, run) : -1;
}

/* The run to start next and how, or NULL. */
static struct run *next_run(struct admission *admission, int *ret_kind) {
    int how;
    if (!fair_queue_next(&admission->queue, is_kept_for, admission, &how)) {
        return fair_queue_next(&admission->queue, may_start, admission, ret_kind);
    }
    return fair_queue_next(&admission->queue, may_start_at_last, admission, ret_kind);
}

/* Starts whatever can start, in the order of turns. */
static void start_waiting_runs(struct admission *admission) {
    int kind = -1;
    struct run *run;
    while ((run = next_run(admission, &kind))) {
        fair_queue_remove(&admission->queue, run);
        start_run(admission, run, kind);
    }
}

/* ---- requests ---- */

static void on_queue_timeout(void *context) {
    struct run *run = context;
    struct problem problem;
    struct admission *admission = run->admission;
    if (is_at_its_cap(run)) {
        problem_set(&problem, 429, "rate_limited",
                    "This key has %llu runs at one time, and none of them came to its end.",
                    (unsigned long long)run->account->caps.running);
        problem.retry_after = RETRY_AFTER_OVERLOAD_S;
        problem_suggest(&problem, "Send fewer requests at one time");
    } else {
        overload_problem(&problem,
                         fits(admission, run) ? "no sandbox became free in time" : "no memory became free in time");
    }
    fair_queue_remove(&admission->queue, run);
    end_with_problem(run, &problem);
    start_waiting_runs(admission); /* memory may have been kept for it */
}

static void queue_run(struct admission *admission, struct run *run, int first) {
    uint64_t limit_us = admission->means->settings->queue_timeout_ms * 1000u;
    uint64_t waited_us = clock_now_us() - run->submitted_us;
    fair_queue_add(&admission->queue, run, first);
    run->deadline = (struct timer){.place = run->deadline.place, .on_due = on_queue_timeout, .context = run};
    event_loop_set_timer(admission->means->loop, &run->deadline, limit_us > waited_us ? limit_us - waited_us : 0);
}

/* Makes room in a full queue for a run of an account with fewer runs in it than another: the other's youngest has to
 * go, or one client could keep everybody else out by filling the queue. Returns 1 when there is room. */
static int make_room(struct admission *admission, const struct account *account) {
    if (admission->queue.n < admission->means->settings->max_queue) {
        return 1;
    }
    struct run *last = fair_queue_longest(&admission->queue, account->n_queued + 1);
    struct problem problem;
    if (!last) {
        return 0;
    }
    fair_queue_remove(&admission->queue, last);
    overload_problem(&problem, "most of the requests that are waiting are yours");
    end_with_problem(last, &problem);
    return 1;
}

int admission_submit(struct admission *admission, struct account *account, struct run *run,
                     struct problem *ret_problem) {
    run->admission = admission;
    run->account = account_hold(account);
    if (admission->draining) {
        admission_draining_problem(ret_problem);
        free_run(admission, run);
        return -EBUSY;
    }
    /* Whoever could start does so when that becomes so: nobody who could go instead is overtaken here. */
    int how;
    int stands_behind = account->queue[run->input.wants].first ||
                        fair_queue_next(&admission->queue, is_kept_for, admission, &how) != NULL;
    int kind = stands_behind ? -1 : how_to_start(admission, run);
    if (kind >= 0) {
        start_run(admission, run, kind);
        return 0;
    }
    if (!make_room(admission, account)) {
        overload_problem(ret_problem, "too many requests are waiting already");
        free_run(admission, run);
        return -EBUSY;
    }
    queue_run(admission, run, 0);
    return 0;
}

void admission_abandon(struct admission *admission, struct run *run) {
    run_forget(run);
    if (run->state == RUN_RUNNING) {
        keeper_link_send_cancel(admission->means->keeper, run->sandbox.id);
        return;
    }
    fair_queue_remove(&admission->queue, run);
    free_run(admission, run);
    start_waiting_runs(admission); /* memory may have been kept for it */
}

/* ---- the keeper's messages ---- */

void admission_sandbox_ready(struct admission *admission, const struct front_ready *ready, const int fds[READY_FDS]) {
    if (ready->kind >= GUEST_KINDS || ready->sandbox_id == 0) {
        log_error("the keeper announced a sandbox that cannot be; front ends");
        exit(EXIT_FAILURE);
    }
    struct idle_sandbox *idle = allocate_or_exit(sizeof *idle);
    idle->sandbox.id = ready->sandbox_id;
    idle->sandbox.kind = (enum guest_kind)ready->kind;
    memcpy(idle->sandbox.fds, fds, sizeof idle->sandbox.fds);
    idle->next = admission->idle[ready->kind];
    admission->idle[ready->kind] = idle;
    admission->n_idle++;
    metrics_count_start(admission->means->metrics, ready);
    start_waiting_runs(admission);
}

static int drop_idle(struct admission *admission, uint64_t sandbox_id) {
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        for (struct idle_sandbox **link = &admission->idle[kind]; *link; link = &(*link)->next) {
            struct idle_sandbox *idle = *link;
            if (idle->sandbox.id == sandbox_id) {
                *link = idle->next;
                admission->n_idle--;
                sandbox_close(&idle->sandbox);
                free(idle);
                return 1;
            }
        }
    }
    return 0;
}

static void retry(struct admission *admission, struct run *run) {
    if (run->attempts < MAX_ATTEMPTS && !admission->draining) {
        log_info("%s: sandbox %llu died before it had the script; another is taken", run->id,
                 (unsigned long long)run->sandbox.id);
        run->state = RUN_NEW;
        queue_run(admission, run, 1);
        return;
    }
    struct problem problem;
    if (admission->draining) {
        admission_draining_problem(&problem);
    } else {
        internal_problem(&problem);
    }
    end_with_problem(run, &problem);
}

void admission_sandbox_ended(struct admission *admission, const struct front_verdict *verdict) {
    struct metrics *metrics = admission->means->metrics;
    if (drop_idle(admission, verdict->sandbox_id)) {
        metrics->unused_ended++;
        return;
    }
    struct run *run = admission->running.first;
    while (run && run->sandbox.id != verdict->sandbox_id) {
        run = run->next;
    }
    if (!run) {
        log_warning("a verdict came for sandbox %llu, which front does not know",
                    (unsigned long long)verdict->sandbox_id);
        return;
    }
    leave_running(admission, run);
    metrics_count_run(metrics, account_counts(run->account, metrics), verdict, run->started_us - run->submitted_us);
    rate_bucket_charge(&run->account->cpu, (double)verdict->cpu_us, clock_now_us());
    if (run_end(run, verdict)) {
        metrics->output_bytes[RUN_STDOUT] += run->out.total;
        metrics->output_bytes[RUN_STDERR] += run->err.total;
        end_with_answer(run);
    } else {
        retry(admission, run);
    }
    start_waiting_runs(admission);
}

void admission_count_idle(const struct admission *admission, unsigned ret_counts[GUEST_KINDS]) {
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        ret_counts[kind] = 0;
        for (const struct idle_sandbox *idle = admission->idle[kind]; idle; idle = idle->next) {
            ret_counts[kind]++;
        }
    }
}

void admission_status_changed(struct admission *admission, const struct front_status *status) {
    admission->status = *status;
    admission->has_status = 1;
    start_waiting_runs(admission);
}

void admission_drain(struct admission *admission) {
    struct problem problem;
    admission->draining = 1;
    admission_draining_problem(&problem);
    struct run *run;
    while ((run = fair_queue_longest(&admission->queue, 0))) {
        fair_queue_remove(&admission->queue, run);
        end_with_problem(run, &problem);
    }
}

/* ---- life ---- */

void admission_start(struct admission *admission, const struct run_means *means, struct accounts *accounts,
                     uint64_t memory_most) {
    *admission = (struct admission){.means = means, .accounts = accounts, .memory_most = memory_most};
}

void admission_end(struct admission *admission) {
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        while (admission->idle[kind]) {
            struct idle_sandbox *idle = admission->idle[kind];
            admission->idle[kind] = idle->next;
            sandbox_close(&idle->sandbox);
            free(idle);
        }
    }
}
