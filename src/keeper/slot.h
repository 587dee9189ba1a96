/* Slots: places for one sandbox each, one after the other. The states are in the order in which a sandbox goes through
 * them; slot_move() in slot.c is the only mover. */
#ifndef PYEXEC_KEEPER_SLOT_H
#define PYEXEC_KEEPER_SLOT_H

#include <stddef.h>
#include <stdint.h>

#include "keeper/cleaning.h"
#include "keeper/events.h"
#include "keeper/process.h"
#include "wire/front_link.h"
#include "wire/guest_kind.h"

struct keeper;
struct habitat;

/* The low bits of a sandbox's id are its slot's index; the rest counts. */
#define SLOT_BITS 12
#define SLOT_MASK ((1u << SLOT_BITS) - 1u)

enum slot_state {
    SLOT_FREE,       /* nothing is there */
    SLOT_NAMESPACES, /* the namespace maker has been asked */
    SLOT_FORKING,    /* the guest has been asked */
    SLOT_JAILING,    /* the sandbox puts on its layers and rehearses */
    SLOT_READY,      /* front has it; no script yet */
    SLOT_RUNNING,    /* the clock runs */
    SLOT_ENDING,     /* killed or over; waits until the kernel has cleared everything away */
    SLOT_CLEANING,   /* judged; waits until its private directory is gone */
    SLOT_STATES,
};

struct slot {
    struct keeper *keeper;
    size_t index;
    enum slot_state state;
    enum guest_kind kind;
    struct habitat *habitat;
    uint64_t sandbox_id; /* the slot's index is in its low bits */

    struct event_source init_exit; /* pidfd */
    struct event_source main_exit; /* pidfd of the sandbox's first process */
    struct event_source report;
    int holder_fd;            /* pidfd of the memory holder; -1: none */
    int front_fds[READY_FDS]; /* until front gets them; -1 afterwards */

    /* Without namespaces: */
    char directory[SPAWN_DIRECTORY_SIZE]; /* name of the private directory; "": none */
    struct event_source asks;             /* where its filter asks for each new process; supervisor.c */
    struct event_source watcher;          /* socket of the watcher, once it runs for long; watch.c */
    struct event_source watcher_exit;     /* pidfd */
    struct cleaning cleaning;
    uint64_t tasks;          /* processes and threads that it may have by now */
    uint64_t count_again_us; /* not before this time */
    int forked;              /* it was permitted a second process or thread */
    int clean_sweeps;        /* looks in a row that found none of its processes */
    int slow_end;            /* said that it does not end */
    uint64_t sweep_again_us; /* 0: no sweep is due */
    uint64_t watched_cpu_us; /* by the watcher */

    int reported_ready;    /* its report has come */
    uint64_t take_down_us; /* judged, and its init is to be killed at this time; 0: not so */
    int known_to_front;
    int started;
    enum verdict_cause cause; /* what the keeper ended it for; 0: it ended itself */
    uint64_t limit_value;
    uint64_t timeout_ms, memory_bytes;
    uint64_t asked_us; /* when the making began */
    uint64_t started_us, deadline_us, ended_us;
    uint64_t cpu_before_us;               /* used by the rehearsal */
    uint64_t rss_before_bytes;            /* resident when it was ready, with what the guest shares with it */
    uint64_t touched_before_bytes;        /* what it has made its own by then */
    uint64_t last_words_us;               /* its time is up, and it is killed now; 0: not yet */
    uint64_t watched_peak_bytes;          /* by the memory watch, where there is no cgroup */
    uint64_t cpu_look_us, memory_look_us; /* when the watch looks next */
    pid_t main_pid;                       /* for the watch; 0: not known */
    int main_ended;
    struct process_end end;
};

/* Makes the table; returns 0 or -errno. Slots are the keeper's. */
int slots_make(struct keeper *keeper, size_t n_slots);
void slots_free(struct keeper *keeper);

/* Slots in a state, of one kind, or of all with kind GUEST_KINDS. */
size_t slots_count(const struct keeper *keeper, enum slot_state state, enum guest_kind kind);

/* Starts making a sandbox in a free slot. Returns 0, or -EAGAIN when there is none or no guest is ready. */
int slot_begin(struct keeper *keeper, enum guest_kind kind);

/* Answers of the namespace maker and the guest; descriptors are taken (-1: none). A sandbox that is no more is ignored.
 */
void slot_namespaces_made(struct keeper *keeper, uint64_t sandbox_id, int init_pidfd, int error, const char *step);
void slot_sandbox_forked(struct keeper *keeper, uint64_t sandbox_id, int main_pidfd, int error);

/* Front's requests. Returns 0, or -EPROTO when there is no such sandbox in front's hands; -EALREADY when it is already
 * started or ending, which is no fault of front's. */
int slot_start(struct keeper *keeper, uint64_t sandbox_id, uint64_t timeout_ms, uint64_t memory_bytes);
int slot_cancel(struct keeper *keeper, uint64_t sandbox_id);

/* Ends a sandbox for `cause`; the first cause counts. */
void slot_kill(struct slot *slot, enum verdict_cause cause, uint64_t limit_value);

/* Handler of the watcher's end. */
void slot_on_watcher_exit(void *owner);

/* Everything front had has gone with it. */
void slots_front_died(struct keeper *keeper);

/* The habitat is dead and so are all sandboxes in it; with guest_only only its guest is, and only those that it had not
 * forked yet are lost. */
void slots_habitat_died(struct keeper *keeper, const struct habitat *habitat, int guest_only);

/* Ends an idle sandbox of a guest that has been replaced, one at a time and only when the new guest's are ready, so
 * that the pool never runs dry for it. Front takes it as one that died before it was used. */
void slots_replace_stale(struct keeper *keeper);

/* Whether a process of a slot has ended and is about to be reaped by its slot: 1 or 0. */
int slots_have_waitable(const struct keeper *keeper);

/* Ends runs whose time is up, and sandboxes that have been in the making for too long; returns the next deadline,
 * UINT64_MAX when there is none. */
uint64_t slots_check_deadlines(struct keeper *keeper, uint64_t now_us);

#endif
