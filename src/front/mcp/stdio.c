#include "front/mcp/stdio.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "front/allocate.h"
#include "front/mcp/dispatch.h"
#include "front/mcp/reply.h"
#include "front/request_id.h"
#include "front/request_log.h"

#define READ_BYTES (64u << 10)

/* What a pipe takes without waiting once it takes anything. The descriptor stays as it is: O_NONBLOCK would hold for
 * whoever shares it, and to open it anew is not possible for a socket. */
#define WRITE_BYTES 4096u

/* Of what waits for a client: progress is left out above the first, nothing more is read above the second. */
#define PROGRESS_MARK (64u << 10)
#define PAUSE_MARK (32u << 20)

/* There is one client, and so there is one session. */
#define SESSION "stdio"

struct stdio_call {
    struct mcp_call call;
    struct mcp_stdio *stdio;
    char id[REQUEST_ID_MADE_LEN + 1];
    uint64_t began_us;
    size_t request_bytes;
};

/* ---- out ---- */

static size_t waiting_len(const struct mcp_stdio *stdio) {
    return stdio->out.len - stdio->written;
}

static void end_if_done(struct mcp_stdio *stdio) {
    if (stdio->at_end && stdio->n_calls == 0 && waiting_len(stdio) == 0) {
        event_loop_stop(stdio->loop);
    }
}

static int is_writable(int fd) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    return poll(&poll_fd, 1, 0) > 0;
}

static void watch_output(struct mcp_stdio *stdio, int on) {
    if (stdio->out_watch.fd >= 0 && on != stdio->out_is_watched) {
        stdio->out_is_watched = on;
        event_loop_rewatch(stdio->loop, &stdio->out_watch, on ? EPOLLOUT : 0);
    }
}

static void flush_output(struct mcp_stdio *stdio) {
    while (waiting_len(stdio) > 0 && is_writable(stdio->out_fd)) {
        const size_t len = waiting_len(stdio) < WRITE_BYTES ? waiting_len(stdio) : WRITE_BYTES;
        ssize_t n = write(stdio->out_fd, stdio->out.bytes + stdio->written, len);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            log_debug("nobody reads the output any more: %m");
            event_loop_stop(stdio->loop);
            return;
        }
        stdio->written += n > 0 ? (size_t)n : 0;
    }
    if (waiting_len(stdio) == 0) {
        stdio->written = stdio->out.len = 0;
        if (stdio->out.capacity > PROGRESS_MARK) {
            byte_buffer_free(&stdio->out);
        }
    }
    watch_output(stdio, waiting_len(stdio) > 0);
}

/* One line. Line ends within it can only stand between tokens. */
static void say(struct mcp_stdio *stdio, const struct byte_buffer *message) {
    const size_t start = stdio->out.len;
    if (byte_buffer_append(&stdio->out, message->bytes, message->len) < 0 ||
        byte_buffer_append(&stdio->out, "\n", 1) < 0) {
        stdio->out.len = start;
        log_error("no memory for an answer of %zu bytes", message->len);
        return;
    }
    for (size_t i = start; i + 1 < stdio->out.len; i++) {
        if (stdio->out.bytes[i] == '\n' || stdio->out.bytes[i] == '\r') {
            stdio->out.bytes[i] = ' ';
        }
    }
    flush_output(stdio);
}

/* ---- calls ---- */

static void go_on_reading(struct mcp_stdio *stdio);

static void log_call(const struct stdio_call *own, const struct answer *answer) {
    static const struct trace_context no_trace;
    const struct request_log_entry entry = {
        .id = own->id,
        .trace = &no_trace,
        .method = "STDIO",
        .path = "run_python",
        .outcome = answer->error ? answer->error : "success",
        .status = answer->status,
        .run = answer->has_run ? &answer->run : NULL,
        .total_us = clock_now_us() - own->began_us,
        .request_bytes = own->request_bytes,
        .response_bytes = answer->text.len,
    };
    request_log_write(&entry);
}

static void on_begin(void *context) {
    (void)context;
}

static void on_message(void *context, const struct byte_buffer *message) {
    struct stdio_call *own = context;
    if (waiting_len(own->stdio) < PROGRESS_MARK) {
        say(own->stdio, message);
    }
}

static void on_answer(void *context, struct answer *answer) {
    struct stdio_call *own = context;
    struct mcp_stdio *stdio = own->stdio;
    if (answer) {
        log_call(own, answer);
        if (!own->call.cancelled) { /* a cancelled request has no response */
            say(stdio, &answer->text);
        }
        answer_free(answer);
    }
    stdio->n_calls--;
    free(own);
    go_on_reading(stdio);
    end_if_done(stdio);
}

static const struct mcp_call_events call_events = {
    .on_begin = on_begin, .on_message = on_message, .on_answer = on_answer};

/* ---- in ---- */

static void handle_line(struct mcp_stdio *stdio, const char *line, size_t len) {
    struct stdio_call *own = allocate_or_exit(sizeof *own);
    struct mcp_handled handled;
    own->stdio = stdio;
    own->began_us = clock_now_us();
    own->request_bytes = len;
    own->call = (struct mcp_call){.events = &call_events, .context = own};
    request_id_make(own->id);
    const struct mcp_peer peer = {.account = stdio->account, .session = SESSION, .id = own->id};
    stdio->n_calls++;
    int error = mcp_handle(stdio->service, &peer, line, len, &own->call, &handled);
    if (!error && handled.deed == MCP_RUNNING) {
        return;
    }
    stdio->n_calls--;
    if (error) {
        log_error("%s: no memory for a message of %zu bytes", own->id, len);
    } else if (handled.deed == MCP_ANSWERED) {
        if (handled.asked_for_run) {
            log_call(own, &handled.answer);
        }
        say(stdio, &handled.answer.text);
        answer_free(&handled.answer);
    }
    free(own);
}

static void refuse_long_line(struct mcp_stdio *stdio) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    if (mcp_reply_error(NULL, MCP_INVALID_REQUEST, "The message is larger than max_body_bytes.", &text) == 0) {
        say(stdio, &text);
    }
}

static void take_line(struct mcp_stdio *stdio, const char *line, size_t len) {
    len -= len > 0 && line[len - 1] == '\r';
    if (stdio->skips) {
        stdio->skips = 0;
    } else if (len > stdio->service->means->settings->max_body_bytes) {
        refuse_long_line(stdio);
    } else if (len > 0) {
        handle_line(stdio, line, len);
    }
}

/* Takes the whole lines, and keeps what is behind them. */
static void take_lines(struct mcp_stdio *stdio) {
    struct byte_buffer *in = &stdio->in;
    size_t start = 0;
    const char *end;
    while (in->len > stdio->scanned &&
           (end = memchr(in->bytes + stdio->scanned, '\n', in->len - stdio->scanned)) != NULL) {
        const size_t len = (size_t)(end - in->bytes) - start;
        take_line(stdio, in->bytes + start, len);
        start += len + 1;
        stdio->scanned = start;
    }
    memmove(in->bytes, in->bytes + start, in->len - start);
    in->len -= start;
    stdio->scanned = in->len;
    if (in->len > stdio->service->means->settings->max_body_bytes) {
        if (!stdio->skips) {
            refuse_long_line(stdio);
        }
        stdio->skips = 1;
    }
    if (stdio->skips || in->len == 0) {
        byte_buffer_free(in);
        stdio->scanned = 0;
    }
}

static int may_read(const struct mcp_stdio *stdio) {
    const struct memory_budget *budget = stdio->service->means->budget;
    return !stdio->at_end && waiting_len(stdio) < PAUSE_MARK && budget->used < budget->most;
}

static void on_grace_end(void *context) {
    struct mcp_stdio *stdio = context;
    log_warning("the input is at its end; %u calls are given up", stdio->n_calls);
    event_loop_stop(stdio->loop);
}

void mcp_stdio_finish(struct mcp_stdio *stdio) {
    if (stdio->at_end) {
        return;
    }
    stdio->at_end = 1;
    event_loop_unwatch(stdio->loop, &stdio->in_watch);
    event_loop_stop_timer(stdio->loop, &stdio->read_on);
    event_loop_set_timer(stdio->loop, &stdio->grace, stdio->service->means->settings->drain_timeout_ms * 1000u);
    end_if_done(stdio);
}

/* Where nothing can be watched a timer asks again. */
static void go_on_reading(struct mcp_stdio *stdio) {
    if (!may_read(stdio)) {
        return;
    }
    if (stdio->in_watch.fd < 0) {
        event_loop_set_timer(stdio->loop, &stdio->read_on, 0);
    } else if (stdio->paused) {
        event_loop_rewatch(stdio->loop, &stdio->in_watch, EPOLLIN);
    }
    stdio->paused = 0;
}

static void read_some(struct mcp_stdio *stdio) {
    if (!may_read(stdio)) {
        stdio->paused = 1;
        if (stdio->in_watch.fd >= 0) {
            event_loop_rewatch(stdio->loop, &stdio->in_watch, 0);
        }
        return;
    }
    if (byte_buffer_reserve(&stdio->in, READ_BYTES) < 0) {
        log_error("no memory for the input");
        event_loop_stop(stdio->loop);
        return;
    }
    ssize_t n = read(stdio->in_fd, stdio->in.bytes + stdio->in.len, READ_BYTES);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n > 0) {
        stdio->in.len += (size_t)n;
        take_lines(stdio);
    } else if (stdio->in.len > 0) { /* a last line without an end */
        (void)byte_buffer_append(&stdio->in, "\n", 1);
        take_lines(stdio);
    }
    if (n <= 0) {
        mcp_stdio_finish(stdio);
    }
}

static void on_readable(void *context, uint32_t events) {
    (void)events;
    read_some(context);
}

static void on_read_on(void *context) {
    struct mcp_stdio *stdio = context;
    read_some(stdio);
    go_on_reading(stdio);
}

static void on_writable(void *context, uint32_t events) {
    struct mcp_stdio *stdio = context;
    (void)events;
    flush_output(stdio);
    go_on_reading(stdio);
    end_if_done(stdio);
}

/* Adds a watch, unless it is nothing that can be watched, such as a file. */
static int watch_if_possible(struct event_loop *loop, struct watch *watch, int fd, uint32_t events) {
    int error = event_loop_watch(loop, watch, fd, events);
    return error == -EPERM ? 0 : error;
}

int mcp_stdio_start(struct mcp_stdio *stdio, struct mcp_service *service, struct account *account, int in_fd,
                    int out_fd) {
    struct event_loop *loop = service->means->loop;
    *stdio = (struct mcp_stdio){
        .loop = loop,
        .service = service,
        .account = account,
        .in_fd = in_fd,
        .out_fd = out_fd,
        .in_watch = {.fd = -1, .on_event = on_readable, .context = stdio},
        .out_watch = {.fd = -1, .on_event = on_writable, .context = stdio},
        .read_on = {.on_due = on_read_on, .context = stdio},
        .grace = {.on_due = on_grace_end, .context = stdio},
    };
    int error = watch_if_possible(loop, &stdio->in_watch, in_fd, EPOLLIN);
    error = error ? error : watch_if_possible(loop, &stdio->out_watch, out_fd, 0);
    if (!error) {
        go_on_reading(stdio);
    }
    return error;
}
