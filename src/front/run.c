#include "front/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "front/allocate.h"

struct run *run_new(const struct run_means *means, struct run_input *input, const char *id,
                    const struct run_waiter *waiter) {
    struct run *run = allocate_or_exit(sizeof *run);
    run->means = means;
    run->input = *input;
    *input = (struct run_input){0};
    budget_add(means->budget, run->input.request.capacity);
    (void)snprintf(run->id, sizeof run->id, "%s", id);
    run->waiter = *waiter;
    run->control_fd = run->result_fd = -1;
    run->control_watch.fd = -1;
    run->out_pipe.fd = run->err_pipe.fd = -1;
    capture_start(&run->out, means->settings->max_output_bytes);
    capture_start(&run->err, means->settings->max_output_bytes);
    run->submitted_us = clock_now_us();
    return run;
}

static void close_attempt(struct run *run) {
    event_loop_unwatch(run->means->loop, &run->control_watch);
    close_fd(&run->control_fd);
    close_fd(&run->result_fd);
    output_pipe_close(&run->out_pipe);
    output_pipe_close(&run->err_pipe);
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
    output_pipe_start(&run->out_pipe, means->loop, take_fd(&sandbox->fds[READY_FD_STDOUT]), &run->out);
    output_pipe_start(&run->err_pipe, means->loop, take_fd(&sandbox->fds[READY_FD_STDERR]), &run->err);
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

int run_answer(struct run *run, struct answer *ret_answer) {
    const struct settings *settings = run->means->settings;
    struct run_record record;
    int error = record_read(run->result_fd, settings->max_result_bytes, &record);
    if (error) {
        return error;
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
        .queue_us = run->started_us - run->submitted_us,
    };
    error = answer_run(&facts, ret_answer);
    record_free(&record);
    return error;
}
