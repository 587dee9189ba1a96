#include "client/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "client/answer.h"
#include "client/events.h"
#include "client/request.h"
#include "client/save.h"
#include "client/show.h"
#include "front/base64.h"

/* All events together: what they tell twice (output and artifacts are in the last one, too), and heartbeats. */
#define STREAM_MAX_BYTES (384ull << 20)

/* The longest run that any service permits: max_timeout cannot be set to more. */
#define LONGEST_RUN_S 86400u

#define NO_MEMORY "out of memory"

struct run {
    const struct options *options;
    struct session *session;
    struct transfer transfer;
    struct events events;
    struct byte_buffer answer_text; /* the last event's data, or the body that is no stream */
    struct saving saving;
    unsigned long long n_received;
    int has_shown;  /* something of this run's output is on the screen: it cannot be sent again */
    int has_answer; /* answer_text is whole */
    struct failure output_failure;
};

static struct screen *screen_of(struct run *run) {
    return &run->session->screen;
}

static int show(struct run *run, struct sink *sink, const char *text, size_t len, struct failure *failure) {
    int error = screen_write(screen_of(run), sink, text, len);
    run->has_shown |= len > 0;
    return show_failed(run->session, error, failure);
}

/* {"text": "..."} of an event about output. */
static int show_output(struct run *run, struct sink *sink, const struct json_span *data, struct failure *failure) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    struct json_span name, value;
    struct json_walk walk;
    if (data->kind != JSON_TEXT_OBJECT) {
        return fail(failure, EXIT_STATUS_GARBAGE, "an event about output is not as docs/api.md says");
    }
    json_walk_start(&walk, data);
    while (json_walk_member(&walk, &name, &value)) {
        if (json_text_equals(&name, "text") && value.kind == JSON_TEXT_STRING &&
            json_text_append(&text, &value, NULL) < 0) {
            return fail(failure, EXIT_STATUS_FAILED, NO_MEMORY);
        }
    }
    return show(run, sink, text.len > 0 ? text.bytes : "", text.len, failure);
}

/* {"event":"stdout","data":{...}} */
static int show_event_as_json(struct run *run, const char *name, const struct json_span *data,
                              struct failure *failure) {
    cleanup_byte_buffer struct byte_buffer line = {0};
    if (byte_buffer_append_text(&line, "{\"event\":\"") < 0 || byte_buffer_append_text(&line, name) < 0 ||
        byte_buffer_append_text(&line, "\",\"data\":") < 0 || byte_buffer_append(&line, data->text, data->len) < 0 ||
        byte_buffer_append_text(&line, "}\n") < 0) {
        return fail(failure, EXIT_STATUS_FAILED, NO_MEMORY);
    }
    return show(run, &screen_of(run)->out, line.bytes, line.len, failure);
}

static int on_event(void *context, const char *name, const char *text, size_t len) {
    static const char *const known[] = {"stdout", "stderr", "artifact", "done"};
    struct run *run = context;
    struct failure *failure = &run->output_failure;
    struct json_span data;
    struct json_fault fault;
    size_t which = 0;
    while (which < sizeof known / sizeof known[0] && strcmp(name, known[which]) != 0) {
        which++;
    }
    if (which == sizeof known / sizeof known[0]) {
        return 0; /* of a version to come */
    }
    if (json_text_check(text, len, JSON_TEXT_MAX_DEPTH, &data, &fault) < 0) {
        return fail(failure, EXIT_STATUS_GARBAGE, "an event that is not JSON: %s", fault.reason);
    }
    if (run->options->json && run->options->stream && show_event_as_json(run, name, &data, failure) < 0) {
        return -1;
    }
    if (strcmp(name, "done") == 0) {
        run->answer_text.len = 0;
        if (byte_buffer_append(&run->answer_text, data.text, data.len) < 0) {
            return fail(failure, EXIT_STATUS_FAILED, NO_MEMORY);
        }
        run->has_answer = 1;
        return TRANSFER_ENOUGH;
    }
    if (run->options->json || strcmp(name, "artifact") == 0) {
        return 0;
    }
    return show_output(run, name[3] == 'o' ? &screen_of(run)->out : &screen_of(run)->err, &data, failure);
}

static int on_body(void *context, const char *bytes, size_t len, struct failure *failure) {
    struct run *run = context;
    run->n_received += len;
    if (run->n_received > STREAM_MAX_BYTES) {
        return fail(failure, EXIT_STATUS_GARBAGE, "the answer has no end: over %llu MiB came", STREAM_MAX_BYTES >> 20);
    }
    if (run->transfer.is_events && run->transfer.status == 200) {
        int result = events_feed(&run->events, bytes, len);
        if (result == -EMSGSIZE) {
            return fail(failure, EXIT_STATUS_GARBAGE, "an event is larger than any answer");
        }
        if (result == -ENOMEM) {
            return fail(failure, EXIT_STATUS_FAILED, NO_MEMORY);
        }
        if (result < 0) {
            *failure = run->output_failure;
        }
        return result;
    }
    if (run->answer_text.len + len > EVENT_MAX_BYTES) {
        return fail(failure, EXIT_STATUS_GARBAGE, "the answer is larger than any answer");
    }
    return byte_buffer_append(&run->answer_text, bytes, len) < 0 ? fail(failure, EXIT_STATUS_FAILED, NO_MEMORY) : 0;
}

static int attempt(void *context, struct failure *failure, enum session_verdict *ret_verdict) {
    struct run *run = context;
    const int wants_clock = !run->options->no_progress;
    events_end(&run->events);
    run->events = (struct events){.on_event = on_event, .context = run, .max_bytes = EVENT_MAX_BYTES};
    run->answer_text.len = 0;
    run->n_received = 0;
    run->has_answer = 0;
    run->output_failure = (struct failure){0};
    screen_set_clock(screen_of(run), wants_clock ? "running" : NULL);
    int failed = transfer_perform(&run->transfer, failure);
    screen_set_clock(screen_of(run), NULL);
    const struct transfer *transfer = &run->transfer;
    if (!failed && transfer->is_events && transfer->status == 200 && !run->has_answer) {
        failed = fail(failure, EXIT_STATUS_UNREACHABLE, "the connection ended before the run did%s%s",
                      *transfer->request_id ? "; its id is " : "", transfer->request_id);
    }
    if (failed) {
        const int is_lost = failure->status == EXIT_STATUS_UNREACHABLE && !run->has_shown;
        *ret_verdict = is_lost ? SESSION_LOST : SESSION_DONE;
        return failed;
    }
    *ret_verdict = transfer->status == 503 || transfer->status == 429 ? SESSION_BUSY : SESSION_DONE;
    return 0;
}

/* ---- after the run ---- */

/* A result as text: strings as they are, nothing for null, else its JSON. */
static int show_result(struct run *run, const struct answer *answer, struct failure *failure) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    struct sink *out = &screen_of(run)->out;
    struct json_text_notes notes = {0};
    if (answer->result.kind == JSON_TEXT_NULL || run->options->banner) {
        return 0; /* with the banner the service has put it behind the output already */
    }
    if (out->last != '\n' && show(run, out, "\n", 1, failure) < 0) {
        return -1;
    }
    int error = 0;
    if (answer->result.kind == JSON_TEXT_STRING) {
        error = json_text_append(&text, &answer->result, &notes);
    }
    if (answer->result.kind != JSON_TEXT_STRING || notes.lone_surrogate) {
        text.len = 0; /* a lone surrogate has no bytes: then JSON says it */
        error = error ? error : byte_buffer_append(&text, answer->result.text, answer->result.len);
    }
    if (error || byte_buffer_append_text(&text, "\n") < 0) {
        return fail(failure, EXIT_STATUS_FAILED, NO_MEMORY);
    }
    return show(run, out, text.bytes, text.len, failure);
}

/* The traceback, or else the message; then the suggestions. Nothing for sys.exit(n), as python3 itself says nothing. */
static int show_error(struct run *run, const struct answer *answer) {
    const struct json_span *what =
        answer->traceback.text && answer->traceback.len > 2 ? &answer->traceback : &answer->message;
    struct screen *screen = screen_of(run);
    if (answer->error_type.text && json_text_equals(&answer->error_type, "SystemExit")) {
        return 0;
    }
    const int tells_both = what == &answer->traceback && !json_text_equals(&answer->error, "runtime_error");
    show_line(screen, "", what);
    if (tells_both) {
        show_line(screen, "", &answer->message);
    }
    if (answer->suggestions.text) {
        struct json_walk walk;
        struct json_span suggestion;
        json_walk_start(&walk, &answer->suggestions);
        while (json_walk_element(&walk, &suggestion)) {
            show_line(screen, "hint: ", &suggestion);
        }
    }
    return 0;
}

struct artifact {
    struct json_span path, content;
};

static struct artifact artifact_of(const struct json_span *element) {
    struct artifact artifact = {0};
    struct json_walk walk;
    struct json_span name, value;
    if (element->kind != JSON_TEXT_OBJECT) {
        return artifact;
    }
    json_walk_start(&walk, element);
    while (json_walk_member(&walk, &name, &value)) {
        if (value.kind == JSON_TEXT_STRING && json_text_equals(&name, "path")) {
            artifact.path = value;
        } else if (value.kind == JSON_TEXT_STRING && json_text_equals(&name, "base64")) {
            artifact.content = value;
        }
    }
    return artifact;
}

static int save_one(struct run *run, const struct artifact *artifact, struct failure *failure) {
    cleanup_byte_buffer struct byte_buffer path = {0}, content = {0};
    if (!artifact->path.text || !artifact->content.text) {
        return fail(failure, EXIT_STATUS_GARBAGE, "an artifact without path or content");
    }
    if (json_text_append(&path, &artifact->path, NULL) < 0 ||
        json_text_append(&content, &artifact->content, NULL) < 0) {
        return fail(failure, EXIT_STATUS_FAILED, NO_MEMORY);
    }
    size_t len = 0, fault;
    if (content.len > 0 && base64_decode(content.bytes, content.len, &len, &fault) < 0) {
        return fail(failure, EXIT_STATUS_GARBAGE, "an artifact that is not base64");
    }
    return save_artifact(&run->saving, path.len > 0 ? path.bytes : "", path.len, content.len > 0 ? content.bytes : "",
                         len, failure);
}

/* Saves all that can be saved. Returns 0, or the status of the last one that could not. */
static int save_all(struct run *run, const struct json_span *artifacts) {
    struct json_walk walk;
    struct json_span element;
    struct failure failure = {0};
    unsigned n = 0;
    json_walk_start(&walk, artifacts);
    while (json_walk_element(&walk, &element)) {
        const struct artifact artifact = artifact_of(&element);
        if (run->saving.directory < 0) {
            n++;
        } else if (save_one(run, &artifact, &failure) < 0) {
            screen_say(screen_of(run), "%s", failure.text);
        }
    }
    if (n > 0 && !run->options->json) {
        screen_say(screen_of(run), "%u %s came back; --output=DIR saves %s", n, n == 1 ? "file" : "files",
                   n == 1 ? "it" : "them");
    }
    return failure.status;
}

static void say_what_was_cut(struct run *run, const struct answer *answer) {
    struct json_walk walk;
    struct json_span element;
    if (answer->truncated.text && !run->options->json) {
        json_walk_start(&walk, &answer->truncated);
        while (json_walk_element(&walk, &element)) {
            show_line(screen_of(run), "pyexec: over the service's limit, a part is missing: ", &element);
        }
    }
    if (answer->skipped.text && !run->options->json) {
        json_walk_start(&walk, &answer->skipped);
        while (json_walk_element(&walk, &element)) {
            show_line(screen_of(run), "pyexec: not handed back: ", &element);
        }
    }
}

static int finish(struct run *run, struct failure *failure) {
    const struct options *options = run->options;
    struct answer answer;
    const char *fault;
    if (answer_read(run->answer_text.len > 0 ? run->answer_text.bytes : "", run->answer_text.len, &answer, &fault) <
        0) {
        return fail(failure, EXIT_STATUS_GARBAGE, "what answers with status %ld does not speak as docs/api.md says: %s",
                    run->transfer.status, fault);
    }
    if (options->json && !(options->stream && run->has_answer)) {
        if (show(run, &screen_of(run)->out, answer.whole.text, answer.whole.len, failure) < 0 ||
            show(run, &screen_of(run)->out, "\n", 1, failure) < 0) {
            return -1;
        }
    }
    if (!options->json && (answer.success ? show_result(run, &answer, failure) : show_error(run, &answer)) < 0) {
        return -1;
    }
    say_what_was_cut(run, &answer);
    const int not_saved = answer.artifacts.text ? save_all(run, &answer.artifacts) : 0;
    const int status = answer_exit_status(&answer, run->transfer.status);
    return status ? status : not_saved;
}

/* ---- before the run ---- */

static int make_idempotency_key(char *ret_key, size_t size) {
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return -errno;
    }
    for (size_t i = 0; i < sizeof random && 2 * i + 2 < size; i++) {
        (void)snprintf(ret_key + 2 * i, 3, "%02x", random[i]);
    }
    return 0;
}

/* The service counts from its own start of the run; what waits in its queue has its own deadline there. */
static unsigned long long deadline_of(const struct options *options) {
    const double timeout = options->timeout ? strtod(options->timeout, NULL) : LONGEST_RUN_S;
    return (unsigned long long)(timeout > 0 && timeout < LONGEST_RUN_S ? timeout + 1 : LONGEST_RUN_S) +
           options->patience_s;
}

static int perform(struct run *run, struct failure *failure) {
    const struct options *options = run->options;
    cleanup_byte_buffer struct byte_buffer body = {0};
    char own_key[40];
    const char *key = options->idempotency_key;
    if (request_build(options, &body, failure) < 0) {
        return -1;
    }
    if (key && strcmp(key, "auto") == 0) {
        if (make_idempotency_key(own_key, sizeof own_key) < 0) {
            return fail(failure, EXIT_STATUS_FAILED, "no random numbers");
        }
        key = own_key;
    }
    if (options->output) {
        run->saving.directory = save_open_directory(options->output, failure);
        if (run->saving.directory < 0) {
            return -1;
        }
    }
    if (session_start(run->session, failure) < 0) {
        return -1;
    }
    run->transfer = session_request(run->session, "/execute", &body);
    run->transfer.idempotency_key = key;
    run->transfer.deadline_s = deadline_of(options);
    run->transfer.on_body = on_body;
    run->transfer.context = run;
    int failed = session_persist(run->session, &run->transfer, key != NULL, attempt, run, failure);
    return failed || run->session->signals.seen ? -1 : finish(run, failure);
}

int run_command(const struct options *options, struct session *session) {
    struct run run = {
        .options = options,
        .session = session,
        .saving = {.directory = -1, .force = options->force, .hidden = options->hidden},
    };
    struct failure failure = {0};
    int status = perform(&run, &failure);
    events_end(&run.events);
    byte_buffer_free(&run.answer_text);
    close_fd(&run.saving.directory);
    return show_end(session, status, &failure);
}
