#include "client/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define KEY_MAX_BYTES 512u

/* Longer than this nobody waits for one turn without being asked. */
#define WAIT_MAX_S 60
#define LONGEST_PAUSE_MS (WAIT_MAX_S * 1000L)

/* One that has just been started is asked again quickly, for as long. */
#define LOCAL_PAUSE_MS 100
#define LOCAL_END_MS 2000
#define LOCAL_START_US 120000000u

/* A key with a line end in it would be a header more. */
static int read_key(struct session *session, struct failure *failure) {
    const char *key = getenv("PYEXEC_API_KEY");
    if (!key || !*key) {
        return 0;
    }
    for (const char *c = key; *c; c++) {
        if (*c <= ' ' || *c >= 0x7F) {
            return fail(failure, EXIT_STATUS_USAGE, "PYEXEC_API_KEY has a character in it that no key has");
        }
    }
    if (strlen(key) > KEY_MAX_BYTES) {
        return fail(failure, EXIT_STATUS_USAGE, "PYEXEC_API_KEY is longer than any key");
    }
    session->key = key;
    return 0;
}

int session_open(struct session *session, const struct options *options) {
    *session = (struct session){.options = options};
    int error = signals_start(&session->signals);
    screen_start(&session->screen, &session->signals, !options->no_progress);
    return error;
}

int session_start(struct session *session, struct failure *failure) {
    const struct options *options = session->options;
    const char *url = options->local ? NULL : options->url ? options->url : getenv("PYEXEC_URL");
    if (!url || !*url) {
        return local_service_start(&session->local, &session->address, failure);
    }
    if (read_key(session, failure) < 0 || address_read(url, &session->address, failure) < 0) {
        return -1;
    }
    if (session->key && session->address.is_open) {
        screen_say(&session->screen, "the key goes unencrypted to %s", session->address.base);
    }
    return 0;
}

void session_end(struct session *session) {
    screen_set_clock(&session->screen, NULL);
    local_service_end(&session->local, &session->signals);
}

struct transfer session_request(struct session *session, const char *path, const struct byte_buffer *body) {
    return (struct transfer){
        .address = &session->address,
        .path = path,
        .body = body ? body->bytes : NULL,
        .body_len = body ? body->len : 0,
        .key = session->key,
        .certificates = session->options->certificates,
        .patience_s = session->options->patience_s,
        .screen = &session->screen,
        .watched_fd = session->local.pid > 0 ? session->local.pidfd : -1,
    };
}

/* How long to wait before the next attempt, or -1: no more of them. */
static long pause_before(const struct session *session, const struct transfer *transfer, unsigned n_tried,
                         uint64_t started_us) {
    if (session->local.pid > 0) {
        return clock_now_us() - started_us < LOCAL_START_US ? LOCAL_PAUSE_MS : -1;
    }
    if (n_tried > session->options->retries || transfer->retry_after_s > WAIT_MAX_S) {
        return -1;
    }
    if (transfer->retry_after_s > 0) {
        return transfer->retry_after_s * 1000;
    }
    long pause = 500L << (n_tried < 8 ? n_tried - 1 : 7);
    return pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
}

int session_persist(struct session *session, struct transfer *transfer, int may_repeat,
                    int (*attempt)(void *context, struct failure *failure, enum session_verdict *ret_verdict),
                    void *context, struct failure *failure) {
    const uint64_t started_us = clock_now_us();
    for (unsigned n_tried = 1;; n_tried++) {
        enum session_verdict verdict = SESSION_DONE;
        int result = attempt(context, failure, &verdict);
        /* A process that ends closes its sockets first: the connection may be lost a moment before. */
        if (result < 0 && !session->signals.seen &&
            local_service_has_failed(&session->local, verdict == SESSION_LOST ? LOCAL_END_MS : 0, failure)) {
            return -1;
        }
        const long pause_ms = pause_before(session, transfer, n_tried, started_us);
        if (verdict == SESSION_DONE || (verdict == SESSION_LOST && !may_repeat) || pause_ms < 0) {
            return result;
        }
        const char *clock = session->screen.clock_text;
        screen_set_clock(&session->screen, verdict == SESSION_BUSY ? "waiting for a busy service" : "trying again");
        const uint64_t end = clock_now_us() + (uint64_t)pause_ms * 1000u;
        for (uint64_t now; (now = clock_now_us()) < end;) {
            const uint64_t left_ms = clock_us_to_ms(end - now);
            screen_tick(&session->screen);
            if (signals_wait(&session->signals, left_ms < 100 ? (int)left_ms : 100)) {
                return result;
            }
        }
        screen_set_clock(&session->screen, clock);
    }
}
