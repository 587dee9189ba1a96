#include "front/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/key_file.h"

static const char *const outcome_words[REQUEST_OUTCOMES] = {
    [REQUEST_SUCCESS] = "success",
    [REQUEST_MISSING_MAIN] = "missing_main",
    [REQUEST_SYNTAX_ERROR] = "syntax_error",
    [REQUEST_RUNTIME_ERROR] = "runtime_error",
    [REQUEST_TIMEOUT] = "timeout",
    [REQUEST_RESOURCE_LIMIT] = "resource_limit",
    [REQUEST_INTERNAL_ERROR] = "internal_error",
    [REQUEST_INVALID_INPUT] = "invalid_input",
    [REQUEST_UNAUTHORIZED] = "unauthorized",
    [REQUEST_FORBIDDEN] = "forbidden",
    [REQUEST_NOT_FOUND] = "not_found",
    [REQUEST_METHOD_NOT_ALLOWED] = "method_not_allowed",
    [REQUEST_RATE_LIMITED] = "rate_limited",
    [REQUEST_OVERLOADED] = "overloaded",
    [REQUEST_DRAINING] = "draining",
    [REQUEST_CLIENT_GONE] = "client_gone",
};

static const char *const cause_words[VERDICT_CAUSES] = {
    [VERDICT_EXITED] = "exited",     [VERDICT_SIGNALED] = "signaled",
    [VERDICT_TIMEOUT] = "timeout",   [VERDICT_MEMORY] = "memory",
    [VERDICT_CPU] = "cpu",           [VERDICT_PROCESSES] = "processes",
    [VERDICT_DISK] = "disk",         [VERDICT_CANCELLED] = "cancelled",
    [VERDICT_INTERNAL] = "internal", [VERDICT_FILES] = "files",
};

/* Their names are the guest's to tell, from what a script saw (src/guest/python/exception_suggestions.py). */
static const char *const denied_words[METRICS_DENIED] = {
    "socket", "kill",   "killpg", "setuid", "setgid",       "setgroups", "chown", "nice",    "setpriority", "ptrace",
    "mount",  "umount", "chroot", "setns",  "memfd_create", "unshare",   "mknod", "sendmsg", "mmap",        "other",
};

static const char *const kind_words[GUEST_KINDS] = {[GUEST_LEAN] = "lean", [GUEST_DATA] = "data"};

/* From what a warm sandbox takes to the longest timeout by default. Microseconds. */
static const uint64_t time_bounds[] = {1000,   2500,    5000,    10000,   25000,    50000,    100000,  250000,
                                       500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};

#define MIB (1024ull * 1024ull)
static const uint64_t memory_bounds[] = {4 * MIB,   8 * MIB,   16 * MIB,  32 * MIB,   64 * MIB,
                                         128 * MIB, 256 * MIB, 512 * MIB, 1024 * MIB, 2048 * MIB};

struct scale {
    const uint64_t *bounds;
    size_t n;
    int is_time;
};

#define SCALE(bounds, is_time)                                                                                         \
    { bounds, sizeof(bounds) / sizeof(bounds)[0], is_time }
static const struct scale times = SCALE(time_bounds, 1), memories = SCALE(memory_bounds, 0);

_Static_assert(sizeof time_bounds / sizeof time_bounds[0] <= HISTOGRAM_MAX_BUCKETS, "histogram too small");

/* ---- counting ---- */

static void observe(struct histogram *histogram, const struct scale *scale, uint64_t value) {
    size_t i = 0;
    while (i < scale->n && value > scale->bounds[i]) {
        i++;
    }
    histogram->counts[i < scale->n ? i : HISTOGRAM_MAX_BUCKETS]++;
    histogram->sum += value;
}

enum request_outcome request_outcome_of(const char *error) {
    if (!error) {
        return REQUEST_SUCCESS;
    }
    int outcome = 0;
    while (outcome < REQUEST_OUTCOMES && strcmp(outcome_words[outcome], error) != 0) {
        outcome++;
    }
    return (enum request_outcome)outcome;
}

void metrics_count_response(struct metrics *metrics, unsigned status) {
    for (size_t i = 0; i < METRICS_STATUSES; i++) {
        if (metrics->responses[i].status == 0 || metrics->responses[i].status == status) {
            metrics->responses[i].status = status;
            metrics->responses[i].count++;
            return;
        }
    }
}

void metrics_count_request(struct metrics *metrics, struct account_counts *counts, enum request_outcome outcome,
                           uint64_t took_us) {
    if (outcome < REQUEST_OUTCOMES) {
        counts->requests[outcome]++;
        observe(&metrics->request, &times, took_us);
    }
}

void metrics_count_start(struct metrics *metrics, const struct front_ready *ready) {
    if (ready->kind < GUEST_KINDS) {
        observe(&metrics->start[ready->kind], &times, ready->made_us);
    }
}

void metrics_count_denied(struct metrics *metrics, const char *name, size_t len) {
    size_t i = 0;
    while (i < METRICS_DENIED - 1 && (strlen(denied_words[i]) != len || memcmp(denied_words[i], name, len) != 0)) {
        i++;
    }
    metrics->denied[i]++;
}

void metrics_count_run(struct metrics *metrics, struct account_counts *counts, const struct front_verdict *verdict,
                       uint64_t queue_us) {
    if (!verdict->started || verdict->cause >= VERDICT_CAUSES) {
        metrics->unused_ended++;
        return;
    }
    metrics->verdicts[verdict->cause]++;
    counts->cpu_us += verdict->cpu_us;
    observe(&metrics->queue, &times, queue_us);
    observe(&metrics->run, &times, verdict->wall_us);
    observe(&metrics->memory, &memories, verdict->memory_peak_bytes);
}

/* ---- the text ---- */

struct writer {
    struct byte_buffer *text;
    int error;
};

static void put(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writer *writer, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (!writer->error) {
        writer->error =
            byte_buffer_append(writer->text, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
    }
}

static void begin(struct writer *writer, const char *name, const char *type, const char *help) {
    put(writer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_one(struct writer *writer, const char *name, const char *type, const char *help, uint64_t value) {
    begin(writer, name, type, help);
    put(writer, "%s %llu\n", name, (unsigned long long)value);
}

/* Whole microseconds as seconds, without a digit lost. */
static void put_seconds(struct writer *writer, uint64_t us) {
    put(writer, " %llu.%06u\n", (unsigned long long)(us / 1000000u), (unsigned)(us % 1000000u));
}

/* The text of a label; the keeper's texts are not ours to trust with the form of the page. */
static const char *label(const char *text, size_t max, char ret_text[64]) {
    size_t n = 0;
    for (; n < max && n < 63 && text[n]; n++) {
        unsigned char c = (unsigned char)text[n];
        ret_text[n] = c < 0x20 || c >= 0x7F || c == '"' || c == '\\' ? '_' : (char)c;
    }
    ret_text[n] = '\0';
    return ret_text;
}

/* `more` is another label with its comma, or "". */
static void put_histogram(struct writer *writer, const char *name, const char *more, const struct histogram *histogram,
                          const struct scale *scale) {
    uint64_t count = 0;
    for (size_t i = 0; i < scale->n; i++) {
        count += histogram->counts[i];
        double bound = scale->is_time ? (double)scale->bounds[i] / 1e6 : (double)scale->bounds[i];
        put(writer, "%s_bucket{%sle=\"%.10g\"} %llu\n", name, more, bound, (unsigned long long)count);
    }
    count += histogram->counts[HISTOGRAM_MAX_BUCKETS];
    put(writer, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, more, (unsigned long long)count);
    char labels[64] = "";
    size_t len = strlen(more);
    if (len > 1 && len < sizeof labels - 2) {
        (void)snprintf(labels, sizeof labels, "{%.*s}", (int)len - 1, more);
    }
    put(writer, "%s_sum%s", name, labels);
    if (scale->is_time) {
        put_seconds(writer, histogram->sum);
    } else {
        put(writer, " %llu\n", (unsigned long long)histogram->sum);
    }
    put(writer, "%s_count%s %llu\n", name, labels, (unsigned long long)count);
}

/* All outcomes, so that the rate of each has a beginning. */
static void put_requests(struct writer *writer, const char *name, const struct account_counts *counts) {
    for (int i = 0; i < REQUEST_OUTCOMES; i++) {
        put(writer, "pyexecd_requests_total{outcome=\"%s\",key=\"%s\"} %llu\n", outcome_words[i], name,
            (unsigned long long)counts->requests[i]);
    }
}

static void put_cpu(struct writer *writer, const char *name, const struct account_counts *counts) {
    put(writer, "pyexecd_run_cpu_seconds_total{key=\"%s\"}", name);
    put_seconds(writer, counts->cpu_us);
}

static void write_requests(struct writer *writer, const struct metrics *metrics, const struct metrics_facts *facts) {
    begin(
        writer, "pyexecd_requests_total", "counter",
        "Requests to run a script, and those that were no request at all, by how they ended and whose key they bore.");
    put_requests(writer, KEY_NAME_NOBODY, &metrics->anonymous);
    for (size_t i = 0; i < facts->n_names; i++) {
        put_requests(writer, facts->names[i].name, facts->names[i].counts);
    }
    begin(writer, "pyexecd_run_cpu_seconds_total", "counter", "CPU time of scripts, by whose key they came with.");
    put_cpu(writer, KEY_NAME_NOBODY, &metrics->anonymous);
    for (size_t i = 0; i < facts->n_names; i++) {
        put_cpu(writer, facts->names[i].name, facts->names[i].counts);
    }
    begin(writer, "pyexecd_http_responses_total", "counter", "Answers to every request, by their HTTP status.");
    for (size_t i = 0; i < METRICS_STATUSES && metrics->responses[i].status > 0; i++) {
        put(writer, "pyexecd_http_responses_total{code=\"%u\"} %llu\n", metrics->responses[i].status,
            (unsigned long long)metrics->responses[i].count);
    }
    begin(writer, "pyexecd_request_duration_seconds", "histogram",
          "Time from a request's head to the end of its answer.");
    put_histogram(writer, "pyexecd_request_duration_seconds", "", &metrics->request, &times);
    begin(writer, "pyexecd_queue_duration_seconds", "histogram", "Time that a run waited for a sandbox.");
    put_histogram(writer, "pyexecd_queue_duration_seconds", "", &metrics->queue, &times);
    begin(writer, "pyexecd_run_duration_seconds", "histogram", "Time that a script ran, as the keeper measured it.");
    put_histogram(writer, "pyexecd_run_duration_seconds", "", &metrics->run, &times);
    begin(writer, "pyexecd_run_memory_peak_bytes", "histogram", "Most memory that a run used at one time.");
    put_histogram(writer, "pyexecd_run_memory_peak_bytes", "", &metrics->memory, &memories);
    put_one(writer, "pyexecd_request_body_bytes_total", "counter", "Bytes of requests' bodies.",
            metrics->request_bytes);
    put_one(writer, "pyexecd_response_body_bytes_total", "counter", "Bytes of answers' bodies.",
            metrics->response_bytes);
    begin(writer, "pyexecd_run_output_bytes_total", "counter",
          "Bytes that scripts wrote, those past the cap included.");
    put(writer, "pyexecd_run_output_bytes_total{stream=\"stdout\"} %llu\n",
        (unsigned long long)metrics->output_bytes[0]);
    put(writer, "pyexecd_run_output_bytes_total{stream=\"stderr\"} %llu\n",
        (unsigned long long)metrics->output_bytes[1]);
}

static void write_sandboxes(struct writer *writer, const struct metrics *metrics, const struct metrics_facts *facts) {
    begin(writer, "pyexecd_sandboxes_ended_total", "counter",
          "Sandboxes that had a script, by what ended them; timeout, memory, cpu, processes, disk and files are kills "
          "for a limit.");
    for (int i = VERDICT_EXITED; i < VERDICT_CAUSES; i++) {
        put(writer, "pyexecd_sandboxes_ended_total{cause=\"%s\"} %llu\n", cause_words[i],
            (unsigned long long)metrics->verdicts[i]);
    }
    begin(writer, "pyexecd_denied_calls_total", "counter",
          "Runs that ended with the error of a call that the sandbox refuses, by the call.");
    for (size_t i = 0; i < METRICS_DENIED; i++) {
        put(writer, "pyexecd_denied_calls_total{call=\"%s\"} %llu\n", denied_words[i],
            (unsigned long long)metrics->denied[i]);
    }
    put_one(writer, "pyexecd_sandboxes_unused_total", "counter", "Ready sandboxes that ended before they had a script.",
            metrics->unused_ended);
    begin(writer, "pyexecd_sandbox_start_duration_seconds", "histogram", "Time to make a sandbox ready.");
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        char more[32];
        (void)snprintf(more, sizeof more, "guest=\"%s\",", kind_words[kind]);
        put_histogram(writer, "pyexecd_sandbox_start_duration_seconds", more, &metrics->start[kind], &times);
    }
    begin(writer, "pyexecd_sandboxes_ready", "gauge", "Sandboxes that wait for a script.");
    for (int kind = 0; kind < GUEST_KINDS; kind++) {
        put(writer, "pyexecd_sandboxes_ready{guest=\"%s\"} %u\n", kind_words[kind], facts->ready[kind]);
    }
    put_one(writer, "pyexecd_runs_running", "gauge", "Scripts that run.", facts->running);
    put_one(writer, "pyexecd_requests_queued", "gauge", "Requests that wait for a sandbox.", facts->queued);
}

static void write_status(struct writer *writer, const struct front_status *status) {
    static const struct {
        const char *name, *type, *help;
    } of_guests[] = {
        {"pyexecd_pool_size", "gauge", "Ready sandboxes that are aimed at."},
        {"pyexecd_guest_ready", "gauge", "Whether the warm interpreter can make sandboxes."},
        {"pyexecd_guests_retired_total", "counter", "Warm interpreters that were replaced for their age or use."},
        {"pyexecd_guests_died_total", "counter", "Warm interpreters that ended by themselves."},
    };
    for (size_t i = 0; i < sizeof of_guests / sizeof of_guests[0]; i++) {
        begin(writer, of_guests[i].name, of_guests[i].type, of_guests[i].help);
        for (int kind = 0; kind < GUEST_KINDS; kind++) {
            const uint64_t values[] = {status->pool_size[kind], status->guest_ready[kind], status->guests_retired[kind],
                                       status->guests_died[kind]};
            put(writer, "%s{guest=\"%s\"} %llu\n", of_guests[i].name, kind_words[kind], (unsigned long long)values[i]);
        }
    }
    put_one(writer, "pyexecd_sandbox_start_failures_total", "counter", "Sandboxes that could not be made.",
            status->sandboxes_failed);
}

static void write_service(struct writer *writer, const struct metrics *metrics, const struct metrics_facts *facts) {
    const struct front_status *status = facts->status;
    char tier[64] = "", python[64] = "";
    if (status) {
        label(status->tier, sizeof status->tier, tier);
        label(status->python_version, sizeof status->python_version, python);
    }
    begin(writer, "pyexecd_build_info", "gauge", "Version of the service, its isolation tier, its Python.");
    put(writer, "pyexecd_build_info{version=\"" PYEXEC_VERSION "\",tier=\"%s\",python=\"%s\"} 1\n", tier, python);
    put_one(writer, "pyexecd_connections", "gauge", "Open connections of clients.", facts->connections);
    put_one(writer, "pyexecd_connections_total", "counter", "Connections of clients.", metrics->connections);
    put_one(writer, "pyexecd_running_memory_limit_bytes", "gauge", "Memory limits of the scripts that run, together.",
            facts->memory_running);
    put_one(writer, "pyexecd_running_memory_limit_max_bytes", "gauge", "What they may come to; 0: it does not matter.",
            facts->memory_most);
    put_one(writer, "pyexecd_client_data_bytes", "gauge", "Bodies and answers that are held for clients.",
            facts->budget_used);
    put_one(writer, "pyexecd_client_data_max_bytes", "gauge", "What they may come to.", facts->budget_most);
    put_one(writer, "pyexecd_idempotency_keys", "gauge", "Requests with an Idempotency-Key that are remembered.",
            facts->idempotency_keys);
    put_one(writer, "pyexecd_idempotency_bytes", "gauge", "Their answers.", facts->idempotency_bytes);
    put_one(writer, "pyexecd_idempotent_replays_total", "counter", "Answers that were given again for such a key.",
            facts->replays);
    put_one(writer, "pyexecd_front_memory_peak_bytes", "gauge",
            "Most resident memory of the process that reads the network.", facts->front_peak_bytes);
    begin(writer, "pyexecd_front_cpu_seconds_total", "counter", "CPU time of the process that reads the network.");
    put(writer, "pyexecd_front_cpu_seconds_total");
    put_seconds(writer, facts->front_cpu_us);
}

int metrics_write(const struct metrics *metrics, const struct metrics_facts *facts, struct byte_buffer *text) {
    struct writer writer = {.text = text};
    write_service(&writer, metrics, facts);
    write_requests(&writer, metrics, facts);
    write_sandboxes(&writer, metrics, facts);
    if (facts->status) {
        write_status(&writer, facts->status);
    }
    return writer.error;
}
