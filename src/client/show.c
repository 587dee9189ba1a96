#include "client/show.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

void show_line(struct screen *screen, const char *prefix, const struct json_span *value) {
    struct byte_buffer text = {0};
    if (!value->text) {
        return;
    }
    int error = byte_buffer_append_text(&text, screen->err.last == '\n' ? "" : "\n");
    error = error ? error : byte_buffer_append_text(&text, prefix);
    if (!error) {
        error = value->kind == JSON_TEXT_STRING ? json_text_append(&text, value, NULL)
                                                : byte_buffer_append(&text, value->text, value->len);
    }
    if (!error && byte_buffer_append_text(&text, "\n") == 0) {
        (void)screen_write(screen, &screen->err, text.bytes, text.len);
    }
    byte_buffer_free(&text);
}

int show_failed(struct session *session, int error, struct failure *failure) {
    if (!error) {
        return 0;
    }
    if (error == -EPIPE) {
        session->signals.seen = SIGPIPE;
    }
    return fail(failure, EXIT_STATUS_OUTPUT, "standard output: %s", strerror(-error));
}

int show_end(struct session *session, int status, const struct failure *failure) {
    session_end(session);
    if (session->signals.seen) {
        signals_die_of(session->signals.seen);
    }
    if (status < 0) {
        screen_say(&session->screen, "%s", *failure->text ? failure->text : "failed");
        return failure->status ? failure->status : EXIT_STATUS_FAILED;
    }
    return status;
}
