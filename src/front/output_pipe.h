/* Reads one output stream of a sandbox into a capture.
 *
 * print() makes one small write a line. Reading each at once costs a system call and a wake-up for every line, so once
 * a stream is busy the reader naps a moment after a small read and then takes what has gathered. It begins with a nap,
 * too: what a short run writes fits into the pipe and is read once, when the run has ended. That end never waits for a
 * nap: output_pipe_finish() reads what is there.
 *
 * A streamed run's output is wanted at once: then there is no first nap, and reading can be paused, which holds up the
 * writer once the pipe is full. */
#ifndef PYEXEC_FRONT_OUTPUT_PIPE_H
#define PYEXEC_FRONT_OUTPUT_PIPE_H

#include "front/capture.h"
#include "front/event_loop.h"

/* Who is told of bytes beside the capture; on_bytes may be NULL. */
struct output_listener {
    void (*on_bytes)(void *context, const char *bytes, size_t len);
    void *context;
};

struct output_pipe {
    struct event_loop *loop;
    struct capture *capture;
    struct output_listener listener;
    struct watch watch;
    struct timer nap;
    int fd; /* owned; -1 once closed */
    unsigned small_reads;
    unsigned reads_without_nap; /* the writer was held up by the last nap: read on for so many reads */
    int has_napped;
    int paused;
};

/* Starts to read. Takes the descriptor. `pipe` and `capture` must stay where they are until the pipe is closed.
 * `listener` is copied; NULL is nobody. */
void output_pipe_start(struct output_pipe *pipe, struct event_loop *loop, int fd, struct capture *capture,
                       const struct output_listener *listener);

/* Stops reading, or goes on; also from within on_bytes(). A pipe that is closed is left alone. */
void output_pipe_set_paused(struct output_pipe *pipe, int paused);

/* Reads what is still in the pipe, then closes it. For when all writers are gone; should one still be there, its output
 * is not waited for. */
void output_pipe_finish(struct output_pipe *pipe);

/* Closes the pipe without reading on. Fine for one that is closed or was never started (all zeros but fd == -1). */
void output_pipe_close(struct output_pipe *pipe);

#endif
