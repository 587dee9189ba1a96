/* One run: the script goes into a sandbox, output and result come out, the verdict ends it.
 *
 *     NEW ──run_start()──▶ RUNNING ──run_end()──▶ ENDED ──run_answer()──▶ an answer
 *                             ▲                     │
 *                             └──run_start()────────┘  the script had surely not begun: another sandbox
 */
#ifndef PYEXEC_FRONT_RUN_H
#define PYEXEC_FRONT_RUN_H

#include "front/answer.h"
#include "front/artifacts.h"
#include "front/keeper_link.h"
#include "front/memory_budget.h"
#include "front/metrics.h"
#include "front/output_pipe.h"

#define REQUEST_ID_MAX 128

/* A sandbox that waits for a script. Its descriptors are owned by whoever holds the struct. */
struct sandbox {
    uint64_t id;
    enum guest_kind kind;
    int fds[READY_FDS];
};

/* What every run needs; outlives them all. */
struct run_means {
    struct event_loop *loop;
    struct keeper_link *keeper;
    const struct settings *settings;
    struct memory_budget *budget;
    struct metrics *metrics;
};

enum run_output { RUN_STDOUT, RUN_STDERR };

/* What a run says while it is on, for who wants to hear it at once. All before on_end(). */
struct run_events {
    void (*on_begin)(void *context); /* it has a sandbox now: from within admission_submit(), or later; once */
    void (*on_output)(void *context, enum run_output which, const char *bytes, size_t len);
    void (*on_artifact)(void *context, const struct artifact *artifact, const struct artifact_source *source);
};

/* Who waits for the end of a run: called once, with an answer (which the callee takes) or with a problem (borrowed). */
struct run_waiter {
    const struct run_events *events; /* NULL: only the end matters */
    void (*on_end)(void *context, struct answer *answer, const struct problem *problem);
    void *context;
};

struct admission;

enum run_state { RUN_NEW, RUN_RUNNING, RUN_ENDED };

struct run {
    const struct run_means *means;
    struct settings settings; /* as they were when it was submitted: a reload changes no limit of a run that is on */
    enum run_state state;
    struct run_input input; /* owned */
    char id[REQUEST_ID_MAX + 1];
    struct run_waiter waiter; /* on_end is NULL once the client has gone */

    struct sandbox sandbox; /* while RUNNING; the descriptors in use are moved out of it */
    int control_fd;         /* owned; half-closed once the request is written */
    int result_fd;          /* owned */
    size_t written;         /* of input.request */
    int write_failed;
    struct watch control_watch;
    struct output_pipe out_pipe, err_pipe;
    struct capture out, err;
    struct artifacts artifacts;
    struct timer artifacts_look; /* only with events */
    int paused;
    struct front_verdict verdict;
    uint64_t submitted_us, started_us;
    unsigned attempts;

    /* The admission's: its lists and its timer for queue and verdict. */
    struct admission *admission;
    struct account *account; /* held while submitted */
    struct run *before, *next;
    int was_short_of_memory; /* it could have started but for that */
    struct timer deadline;
};

/* Takes *input. Never fails. */
struct run *run_new(const struct run_means *means, struct run_input *input, const char *id,
                    const struct run_waiter *waiter);

/* Closes and frees all. NULL is fine. The run must not be in a list any more. */
void run_free(struct run *run);

/* Tells the keeper, then hands the script to the sandbox; takes its descriptors. */
void run_start(struct run *run, struct sandbox *sandbox);

/* Holds up what the run says, or lets it go on. Its end is not held up. */
void run_set_paused(struct run *run, int paused);

/* Nobody wants the answer any more: stops reading. The verdict is still to come. */
void run_forget(struct run *run);

/* The sandbox is over. Reads the rest of the output. Returns 1, or 0 when the kernel says that the script had surely
 * not begun, so that it may be started elsewhere: everything of the attempt is then closed. */
int run_end(struct run *run, const struct front_verdict *verdict);

/* After run_end(): what the run comes to. Returns 0 or -ENOMEM. */
int run_answer(struct run *run, struct answer *ret_answer);

/* Closes a sandbox that was not used. */
void sandbox_close(struct sandbox *sandbox);

#endif
