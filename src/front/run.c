#include "front/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "front/allocate.h"
#include "front/request_log.h"

/* How long a figure that was shown may wait before a streaming client hears of it. */
#define ARTIFACTS_LOOK_US 200000u

struct run *run_new(const struct run_means *means, struct run_input *input, const char *id,
                    const struct run_waiter *waiter) {
    struct run *run = allocate_or_exit(sizeof *run);
    run->means = means;
    run->settings = *means->settings;
    run->input = *input;
    *input = (struct run_input){0};
    budget_add(means->budget, run->input.request.capacity);
    (void)snprintf(run->id, sizeof run->id, "%s", id);
    run->waiter = *waiter;
    run->control_fd = run->result_fd = -1;
    run->control_watch.fd = -1;
    run->out_pipe.fd = run->err_pipe.fd = -1;
    capture_start(&run->out, run->settings.max_output_bytes);
    capture_start(&run->err, run->settings.max_output_bytes);
    run->submitted_us = clock_now_us();
    return run;
}

static void close_attempt(struct run *run) {
    event_loop_unwatch(run->means->loop, &run->control_watch);
    close_fd(&run->control_fd);
    close_fd(&run->result_fd);
    output_pipe_close(&run->out_pipe);
    output_pipe_close(&run->err_pipe);
    event_loop_stop_timer(run->means->loop, &run->artifacts_look);
}

void run_free(struct run *run) {
    if (!run) {
        return;
    }
    close_attempt(run);
    event_loop_stop_timer(run->means->loop, &run->deadline);
    budget_give_back(run->means->budget, run->input.request.capacity);
    run_input_free(&run->input);
    capture_free(&run->out);
    capture_free(&run->err);
    artifacts_free(&run->artifacts);
    free(run);
}

void sandbox_close(struct sandbox *sandbox) {
    for (int i = 0; i < READY_FDS; i++) {
        close_fd(&sandbox->fds[i]);
    }
}

/* ---- the script in ---- */

/* Writes as much as the socket takes. Returns 1 when there is more to write, else 0. */
static int write_request(struct run *run) {
    const struct byte_buffer *request = &run->input.request;
    while (run->written < request->len) {
        ssize_t n = send(run->control_fd, request->bytes + run->written, request->len - run->written,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return 1;
        }
        if (n < 0) {
            /* The sandbox is dead before it had the whole script, and a verdict will say so. */
            run->write_failed = 1;
            return 0;
        }
        run->written += (size_t)n;
    }
    /* Only half closed: whether the other side had read all of it is asked when the verdict is there. */
    (void)shutdown(run->control_fd, SHUT_WR);
    return 0;
}

static void on_control_writable(void *context, uint32_t events) {
    struct run *run = context;
    (void)events;
    if (!write_request(run)) {
        event_loop_unwatch(run->means->loop, &run->control_watch);
    }
}

/* ---- what a run says while it is on ---- */

static void on_stdout(void *context, const char *bytes, size_t len) {
    struct run *run = context;
    run->waiter.events->on_output(run->waiter.context, RUN_STDOUT, bytes, len);
}

static void on_stderr(void *context, const char *bytes, size_t len) {
    struct run *run = context;
    run->waiter.events->on_output(run->waiter.context, RUN_STDERR, bytes, len);
}

/* Reads what has come to the log of artifacts, and tells of it. */
static int take_artifacts(struct run *run, uint64_t used) {
    const struct artifact_source source = artifact_source_of(&run->result_fd);
    size_t before = run->artifacts.n;
    int error = artifacts_take(&run->artifacts, &run->settings, &source, used);
    for (size_t i = before; !error && run->waiter.events && i < run->artifacts.n; i++) {
        run->waiter.events->on_artifact(run->waiter.context, &run->artifacts.items[i], &source);
    }
    return error;
}

static void on_artifacts_look(void *context) {
    struct run *run = context;
    struct run_result_header header;
    event_loop_set_timer(run->means->loop, &run->artifacts_look, ARTIFACTS_LOOK_US);
    if (!run->paused && pread(run->result_fd, &header, sizeof header, 0) == (ssize_t)sizeof header &&
        header.magic == RUN_RESULT_MAGIC && header.artifacts_used > run->artifacts.next && !run->artifacts.fault) {
        (void)take_artifacts(run, header.artifacts_used);
    }
}

void run_set_paused(struct run *run, int paused) {
    run->paused = paused;
    output_pipe_set_paused(&run->out_pipe, paused);
    output_pipe_set_paused(&run->err_pipe, paused);
}

static void start_output(struct run *run, int stdout_fd, int stderr_fd) {
    struct event_loop *loop = run->means->loop;
    const struct output_listener out = {.on_bytes = on_stdout, .context = run};
    const struct output_listener err = {.on_bytes = on_stderr, .context = run};
    output_pipe_start(&run->out_pipe, loop, stdout_fd, &run->out, run->waiter.events ? &out : NULL);
    output_pipe_start(&run->err_pipe, loop, stderr_fd, &run->err, run->waiter.events ? &err : NULL);
    if (run->waiter.events) {
        run->artifacts_look = (struct timer){.on_due = on_artifacts_look, .context = run};
        event_loop_set_timer(loop, &run->artifacts_look, ARTIFACTS_LOOK_US);
        if (run->attempts == 1) {
            run->waiter.events->on_begin(run->waiter.context);
        }
    }
}

void run_start(struct run *run, struct sandbox *sandbox) {
    const struct run_means *means = run->means;
    run->sandbox = *sandbox;
    run->state = RUN_RUNNING;
    run->attempts++;
    run->written = 0;
    run->write_failed = 0;
    run->started_us = clock_now_us();
    run->control_fd = take_fd(&sandbox->fds[READY_FD_CONTROL]);
    run->result_fd = take_fd(&sandbox->fds[READY_FD_RESULT]);
    keeper_link_send_start(means->keeper, run->sandbox.id, run->input.timeout_ms, run->input.memory_bytes);
    int more = write_request(run);
    start_output(run, take_fd(&sandbox->fds[READY_FD_STDOUT]), take_fd(&sandbox->fds[READY_FD_STDERR]));
    if (more) {
        run->control_watch = (struct watch){.fd = -1, .on_event = on_control_writable, .context = run};
        if (event_loop_watch(means->loop, &run->control_watch, run->control_fd, EPOLLOUT) < 0) {
            run->write_failed = 1;
            keeper_link_send_cancel(means->keeper, run->sandbox.id);
        }
    }
}

void run_forget(struct run *run) {
    run->waiter.on_end = NULL;
    if (run->state == RUN_RUNNING) {
        close_attempt(run);
        capture_free(&run->out);
        capture_free(&run->err);
    }
}

/* ---- the end ---- */

/* A sandbox reads the whole request before it runs any of it. When it dies with bytes of it unread, the kernel resets
 * our end of the socket; no script can bring that about, since by then nothing is left to read. */
static int has_begun(const struct run *run, const struct front_verdict *verdict) {
    char byte;
    if (!verdict->started) {
        return 0;
    }
    if (verdict->cause != VERDICT_EXITED && verdict->cause != VERDICT_SIGNALED && verdict->cause != VERDICT_INTERNAL) {
        return 1; /* a limit, which the next sandbox would meet as well */
    }
    if (run->write_failed || run->written < run->input.request.len) {
        return 0;
    }
    ssize_t n = recv(run->control_fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return !(n < 0 && errno == ECONNRESET);
}

int run_end(struct run *run, const struct front_verdict *verdict) {
    run->state = RUN_ENDED;
    run->verdict = *verdict;
    event_loop_stop_timer(run->means->loop, &run->artifacts_look);
    if (!run->waiter.on_end) {
        return 1;
    }
    int begun = has_begun(run, verdict);
    if (begun) {
        output_pipe_finish(&run->out_pipe);
        output_pipe_finish(&run->err_pipe);
    } else {
        close_attempt(run);
        capture_free(&run->out);
        capture_free(&run->err);
    }
    return begun;
}

/* The operator asks for it. */
static void log_content(const struct run *run) {
    cleanup_byte_buffer struct byte_buffer out = {0};
    cleanup_byte_buffer struct byte_buffer err = {0};
    struct run_request_header header;
    int cut;
    if (run->input.request.len < sizeof header || capture_text(&run->out, &out, &cut) < 0 ||
        capture_text(&run->err, &err, &cut) < 0) {
        return;
    }
    memcpy(&header, run->input.request.bytes, sizeof header);
    const struct content_log_entry entry = {
        .id = run->id,
        .script = run->input.request.bytes + sizeof header,
        .script_len = header.script_len,
        .out = out.bytes,
        .out_len = out.len,
        .err = err.bytes,
        .err_len = err.len,
    };
    request_log_write_content(&entry);
}

int run_answer(struct run *run, struct answer *ret_answer) {
    const struct settings *settings = &run->settings;
    const struct artifact_source source = artifact_source_of(&run->result_fd);
    cleanup_byte_buffer struct byte_buffer stdout_end = {0};
    struct run_record record;
    int error = record_read(run->result_fd, settings->max_result_bytes, &record);
    if (error) {
        return error;
    }
    if (run->verdict.cause == VERDICT_TIMEOUT) {
        error = record_read_last_words(run->result_fd, &record);
    }
    if (record.denied.len > 0) {
        metrics_count_denied(run->means->metrics, record.denied.bytes, record.denied.len);
    }
    if (record.kind == RECORD_INVALID) {
        log_debug("%s: the sandbox left a damaged record: %s", run->id, record.fault);
    }
    struct run_facts facts = {
        .id = run->id,
        .settings = settings,
        .mode = run->input.mode,
        .banner = run->input.banner,
        .verdict = &run->verdict,
        .record = &record,
        .out = &run->out,
        .err = &run->err,
        .artifacts = &run->artifacts,
        .artifact_source = &source,
        .stdout_end = run->waiter.events ? &stdout_end : NULL,
        .queue_us = run->started_us - run->submitted_us,
    };
    if (run->means->settings->log_content) {
        log_content(run);
    }
    if (!error && record.artifacts_used > 0) {
        error = take_artifacts(run, record.artifacts_used);
    }
    if (run->artifacts.fault) {
        log_debug("%s: the sandbox left a damaged log of artifacts: %s", run->id, run->artifacts.fault);
    }
    error = error ? error : answer_run(&facts, ret_answer);
    record_free(&record);
    if (!error && stdout_end.len > 0) {
        run->waiter.events->on_output(run->waiter.context, RUN_STDOUT, stdout_end.bytes, stdout_end.len);
    }
    return error;
}
