/* Standard output and standard error, and the clock that runs on a terminal meanwhile. */
#ifndef PYEXEC_CLIENT_SCREEN_H
#define PYEXEC_CLIENT_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include "client/exit_status.h"
#include "client/signals.h"

struct sink {
    int fd;
    int is_terminal;
    char last; /* byte that was written; '\n' before the first */
};

struct screen {
    struct sink out, err;
    struct signals *signals; /* borrowed */
    const char *clock_text;  /* static; NULL: no clock */
    uint64_t clock_since_us;
    int clock_wanted; /* standard error is a terminal, and nobody said no */
    int clock_shown;
};

void screen_start(struct screen *screen, struct signals *signals, int wants_clock);

/* Writes text of strangers: on a terminal with all that it would obey made harmless, elsewhere as it is. A reader that
 * does not read holds it up until a signal comes. Returns 0, -EPIPE, -EINTR (a signal came) or another -errno. */
int screen_write(struct screen *screen, struct sink *sink, const char *text, size_t len);

/* A line on standard error that begins with "pyexec: ". */
void screen_say(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* From now on the clock shows this text and the time since now; NULL: none. */
void screen_set_clock(struct screen *screen, const char *text);

/* Draws the clock, unless a line of the script's is not at its end. */
void screen_tick(struct screen *screen);

#endif
