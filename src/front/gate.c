#include "front/gate.h"

#include <errno.h>
#include <stdio.h>

#define US_PER_S 1000000u
#define CHALLENGE "Bearer realm=\"pyexecd\""

/* A run uses at least this much, so that less than it left is nothing left. */
#define LEAST_CPU_US 1000.0

static uint64_t whole_seconds(uint64_t us) {
    return (us + US_PER_S - 1) / US_PER_S;
}

static void refuse_unknown(const struct http_judgement *head, struct problem *problem) {
    problem_set(problem, 401, "unauthorized",
                head->key ? "The API key is not one of this service's." : "This service wants an API key.");
    problem->challenge = head->key ? CHALLENGE ", error=\"invalid_token\"" : CHALLENGE;
    problem_suggest(problem, "Send the header 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'");
    problem_suggest(problem, "Ask the operator of the service for a key");
}

static int refuse_rate(struct problem *problem, uint64_t wait_us, const char *what) {
    problem_set(problem, 429, "rate_limited", "%s", what);
    problem->retry_after = (unsigned)whole_seconds(wait_us);
    problem_suggest(problem, "Send the request again in %u s, as Retry-After says", problem->retry_after);
    return -EPERM;
}

/* Counts a request to run something. */
static int judge_rate(struct account *account, uint64_t now_us, struct rate_note *note, struct problem *problem) {
    char what[160];
    uint64_t cpu_wait_us = rate_bucket_wait_us(&account->cpu, LEAST_CPU_US, now_us);
    if (cpu_wait_us > 0) {
        uint64_t limit = account->caps.cpu_us_per_minute / US_PER_S;
        *note = (struct rate_note){1, limit, 0, whole_seconds(cpu_wait_us), "cpu seconds"};
        (void)snprintf(what, sizeof what, "The CPU time of this key is used up: it has %llu seconds a minute.",
                       (unsigned long long)limit);
        return refuse_rate(problem, cpu_wait_us, what);
    }
    if (account->caps.requests_per_minute == KEY_NO_CAP) {
        return 0;
    }
    int taken = rate_bucket_take(&account->requests, 1, now_us);
    uint64_t limit = account->caps.requests_per_minute;
    uint64_t full_us = rate_bucket_wait_us(&account->requests, (double)limit, now_us);
    *note = (struct rate_note){1, limit, (uint64_t)rate_bucket_left(&account->requests, now_us), whole_seconds(full_us),
                               NULL};
    if (taken) {
        return 0;
    }
    (void)snprintf(what, sizeof what, "The requests of this key are used up: it has %llu a minute.",
                   (unsigned long long)limit);
    return refuse_rate(problem, rate_bucket_wait_us(&account->requests, 1, now_us), what);
}

static int refuse_forbidden(struct problem *problem, const char *message) {
    problem_set(problem, 403, "forbidden", "%s", message);
    problem_suggest(problem, "Use a key that may, or ask the operator of the service");
    return -EPERM;
}

int gate_judge(struct gate *gate, const struct http_judgement *head, const struct sockaddr *address, uint64_t now_us,
               struct gate_pass *ret_pass, struct problem *ret_problem) {
    *ret_pass = (struct gate_pass){0};
    if (!gate->keys.required) {
        ret_pass->account = accounts_of_address(&gate->accounts, address);
        return 0;
    }
    struct account *owner = head->key ? keys_find(&gate->keys, head->key, head->key_len) : NULL;
    ret_pass->account = owner ? account_hold(owner) : NULL;
    switch (head->route) {
    case ROUTE_HEALTH:
    case ROUTE_LIVE:
    case ROUTE_READY:
    case ROUTE_OPENAPI:
    case ROUTE_PLAYGROUND:
    case ROUTE_OPTIONS:
        return 0;
    case ROUTE_EXECUTE:
    case ROUTE_METRICS:
    case ROUTE_PACKAGES:
    case ROUTE_LIMITS:
    case ROUTE_MCP:
        break;
    }
    if (!owner) {
        refuse_unknown(head, ret_problem);
        return -EPERM;
    }
    if (head->route == ROUTE_METRICS) {
        return owner->caps.metrics == 1
                   ? 0
                   : refuse_forbidden(ret_problem, "This key may not read the metrics, which name other keys.");
    }
    if (head->route != ROUTE_EXECUTE) {
        return 0;
    }
    return gate_judge_run(gate, owner, now_us, &ret_pass->note, ret_problem);
}

int gate_judge_run(const struct gate *gate, struct account *account, uint64_t now_us, struct rate_note *ret_note,
                   struct problem *ret_problem) {
    *ret_note = (struct rate_note){0};
    if (!gate->keys.required) {
        return 0;
    }
    if (account->caps.running == 0) {
        return refuse_forbidden(ret_problem, "This key may not run scripts.");
    }
    return judge_rate(account, now_us, ret_note, ret_problem);
}

/* Never below what every run may ask, which the keeper holds for certain. */
static uint64_t memory_cap(const struct account *account, const struct settings *settings) {
    uint64_t cap = account->caps.max_memory_bytes;
    return cap > settings->min_memory_bytes ? cap : settings->min_memory_bytes;
}

void gate_lower_defaults(const struct account *account, struct settings *settings) {
    uint64_t memory = memory_cap(account, settings);
    if (settings->default_timeout_ms > account->caps.max_timeout_ms) {
        settings->default_timeout_ms = account->caps.max_timeout_ms;
    }
    if (settings->default_memory_bytes > memory) {
        settings->default_memory_bytes = memory;
    }
}

void gate_lower_limits(const struct account *account, struct settings *settings) {
    uint64_t memory = memory_cap(account, settings);
    gate_lower_defaults(account, settings);
    if (settings->max_timeout_ms > account->caps.max_timeout_ms) {
        settings->max_timeout_ms = account->caps.max_timeout_ms;
    }
    if (settings->max_memory_bytes > memory) {
        settings->max_memory_bytes = memory;
    }
}

int gate_judge_input(const struct account *account, const struct settings *settings, const struct run_input *input,
                     struct problem *ret_problem) {
    char message[160];
    if (input->timeout_ms > account->caps.max_timeout_ms) {
        (void)snprintf(message, sizeof message, "This key permits a timeout of at most %llu seconds.",
                       (unsigned long long)(account->caps.max_timeout_ms / 1000));
        return refuse_forbidden(ret_problem, message);
    }
    if (input->memory_bytes > memory_cap(account, settings)) {
        (void)snprintf(message, sizeof message, "This key permits a memory_mb of at most %llu.",
                       (unsigned long long)(memory_cap(account, settings) >> 20));
        return refuse_forbidden(ret_problem, message);
    }
    return 0;
}

void gate_end(struct gate *gate) {
    keys_free(&gate->keys, &gate->accounts);
}
