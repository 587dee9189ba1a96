#include "front/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "front/allocate.h"

static struct health_facts health_facts(const struct http_server *server) {
    const struct admission *admission = server->admission;
    return (struct health_facts){
        .status = admission->has_status ? &admission->status : NULL,
        .ready = admission->n_idle,
        .busy = admission->n_running,
        .queued = admission->queue.n,
        .most_busy = (unsigned)server->settings->max_running,
        .most_queued = (unsigned)server->settings->max_queue,
        .draining = server->draining || server->leaving,
    };
}

int page_health(const struct http_server *server, int brief, struct answer *ret_answer) {
    struct health_facts facts = health_facts(server);
    facts.brief = brief;
    return answer_health(&facts, ret_answer);
}

int page_ready(const struct http_server *server, struct answer *ret_answer) {
    const struct health_facts facts = health_facts(server);
    return answer_ready(&facts, ret_answer);
}

/* The names of the file of keys with their counts; the array is the caller's to free. */
static struct named_counts *named_counts(const struct accounts *accounts, size_t *ret_n) {
    size_t n = 0;
    for (const struct account *account = accounts->first; account; account = account->next) {
        n += (size_t)account_is_named(account);
    }
    struct named_counts *names = allocate_or_exit((n + 1) * sizeof *names);
    *ret_n = n;
    for (const struct account *account = accounts->first; account; account = account->next) {
        if (account_is_named(account)) {
            names[--n] = (struct named_counts){account->name, &account->counts};
        }
    }
    return names;
}

int page_metrics(const struct http_server *server, struct answer *ret_answer) {
    const struct admission *admission = server->admission;
    struct metrics_facts facts = {
        .status = admission->has_status ? &admission->status : NULL,
        .running = admission->n_running,
        .queued = admission->queue.n,
        .connections = server->n_connections,
        .memory_running = admission->memory_running,
        .memory_most = admission->memory_most,
        .budget_used = server->budget->used,
        .budget_most = server->budget->most,
        .idempotency_keys = server->idempotency.n,
        .idempotency_bytes = server->idempotency.bytes,
        .replays = server->idempotency.replays,
    };
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        facts.front_cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
                             (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
        facts.front_peak_bytes = (uint64_t)usage.ru_maxrss * 1024u;
    }
    admission_count_idle(admission, facts.ready);
    cleanup_free struct named_counts *names = named_counts(&server->gate->accounts, &facts.n_names);
    facts.names = names;
    struct answer answer = {.status = 200, .type = METRICS_TYPE};
    int error = metrics_write(server->run_means->metrics, &facts, &answer.text);
    if (error) {
        answer_free(&answer);
        return error;
    }
    *ret_answer = answer;
    return 0;
}

int page_packages(const struct http_server *server, struct answer *ret_answer, struct problem *ret_problem) {
    if (server->packages->len == 0) {
        problem_set(ret_problem, 503, "overloaded", "The packages are not known yet: the service has just started.");
        ret_problem->retry_after = 1;
        problem_suggest(ret_problem, "Send the request again in 1 s, as Retry-After says");
        return -EAGAIN;
    }
    struct answer answer = {.status = 200, .type = "application/json"};
    int error = byte_buffer_append(&answer.text, server->packages->bytes, server->packages->len);
    if (error) {
        return error;
    }
    *ret_answer = answer;
    return 0;
}
