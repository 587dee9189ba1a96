#include "client/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/terminal_text.h"
#include "front/byte_buffer.h"

/* PIPE_BUF: what a pipe that can be written to takes without waiting. */
#define WRITE_STEP 4096u

void screen_start(struct screen *screen, struct signals *signals, int wants_clock) {
    *screen = (struct screen){
        .out = {.fd = STDOUT_FILENO, .is_terminal = isatty(STDOUT_FILENO), .last = '\n'},
        .err = {.fd = STDERR_FILENO, .is_terminal = isatty(STDERR_FILENO), .last = '\n'},
        .signals = signals,
    };
    const char *terminal = getenv("TERM");
    screen->clock_wanted = wants_clock && screen->err.is_terminal && terminal && strcmp(terminal, "dumb") != 0;
}

static int write_bytes(struct screen *screen, int fd, const char *bytes, size_t len) {
    while (len > 0) {
        struct pollfd wait[2] = {{.fd = fd, .events = POLLOUT}, {.fd = screen->signals->fd, .events = POLLIN}};
        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            return -errno;
        }
        if (signals_check(screen->signals)) {
            return -EINTR;
        }
        if (!wait[0].revents) {
            continue;
        }
        ssize_t n = write(fd, bytes, len < WRITE_STEP ? len : WRITE_STEP);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return -errno;
        }
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static void hide_clock(struct screen *screen) {
    static const char erase[] = "\r\033[K";
    if (screen->clock_shown) {
        (void)!write(screen->err.fd, erase, sizeof erase - 1); /* also after Ctrl-C, when write_bytes() has given up */
        screen->clock_shown = 0;
    }
}

int screen_write(struct screen *screen, struct sink *sink, const char *text, size_t len) {
    struct byte_buffer harmless = {0};
    int error = 0;
    if (len == 0) {
        return 0;
    }
    if (sink->is_terminal) {
        hide_clock(screen);
        error = terminal_text_append(&harmless, text, len);
        error = error ? error : write_bytes(screen, sink->fd, harmless.bytes, harmless.len);
    } else {
        error = write_bytes(screen, sink->fd, text, len);
    }
    sink->last = text[len - 1];
    byte_buffer_free(&harmless);
    return error;
}

void screen_say(struct screen *screen, const char *format, ...) {
    char line[1280] = "pyexec: ";
    const size_t prefix = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line + prefix, sizeof line - prefix - 1, format, arguments);
    va_end(arguments);
    size_t len = prefix + (n < 0 ? 0 : (size_t)n);
    len = len < sizeof line - 2 ? len : sizeof line - 2;
    line[len] = '\n';
    if (screen->err.last != '\n') {
        (void)screen_write(screen, &screen->err, "\n", 1);
    }
    (void)screen_write(screen, &screen->err, line, len + 1);
}

void screen_set_clock(struct screen *screen, const char *text) {
    hide_clock(screen);
    screen->clock_text = text;
    screen->clock_since_us = clock_now_us();
}

void screen_tick(struct screen *screen) {
    const double seconds = (double)(clock_now_us() - screen->clock_since_us) / 1e6;
    char line[128];
    if (!screen->clock_wanted || !screen->clock_text || screen->err.last != '\n' ||
        (screen->out.is_terminal && screen->out.last != '\n')) {
        return;
    }
    int n = snprintf(line, sizeof line, "\r\033[K%s %.1f s", screen->clock_text, seconds);
    if (n > 0 && write_bytes(screen, screen->err.fd, line, (size_t)n) == 0) {
        screen->clock_shown = 1;
    }
}
