/* Messages between keeper and front, over the packet socket FIXED_FD_KEEPER.
 *
 * Every message starts with struct front_message_head; its size must be exactly that of its type and the number of its
 * descriptors exactly what is said here. The keeper ends a front that sends anything else; front ends itself when the
 * keeper does (it never happens). */
#ifndef PYEXEC_WIRE_FRONT_LINK_H
#define PYEXEC_WIRE_FRONT_LINK_H

#include <stdint.h>

#include "base/settings.h"
#include "wire/guest_kind.h"

enum front_message_type {
    /* keeper to front: even */
    FRONT_READY = 2,     /* a sandbox waits for a script; 4 descriptors, see enum ready_fd */
    FRONT_VERDICT = 4,   /* a sandbox that was READY is over, whether it was started or not */
    FRONT_STATUS = 6,    /* what /health shows; sent at the start and at each change */
    FRONT_DRAINING = 8,  /* the service ends: refuse new requests, finish those that run, then exit(0) */
    FRONT_SETTINGS = 10, /* the operator has changed settings: these are in force from now on, and the API keys of the
                            one descriptor (base/key_file.h), if api_keys_file is set */
    FRONT_ACCEPT = 12,   /* accept connections from now on */
    FRONT_RETIRE = 14,   /* another front accepts: finish what has come and comes on open connections, then exit(0) */
    FRONT_PACKAGES = 16, /* what scripts can import; 1 descriptor, see wire/packages.h; once a data guest is warm */
    FRONT_LEAVING = 20,  /* the service will end: say so where it is asked whether it is ready, and go on as before */
    FRONT_PING = 18,     /* are your events handled? PONG is the answer; no other comes before it */
    /* front to keeper: odd */
    KEEPER_START = 3,  /* the script of this sandbox is on its way: limits in force, clock running */
    KEEPER_CANCEL = 5, /* end this sandbox: the client has gone; a VERDICT follows */
    KEEPER_PONG = 7,   /* answer to PING */
};

struct front_message_head {
    uint32_t type; /* enum front_message_type */
    uint32_t size; /* of the whole message, head included */
};

/* The descriptors of FRONT_READY, in this order; they become front's own. */
enum ready_fd {
    READY_FD_CONTROL = 0, /* SOCK_STREAM: front writes one run_request, then half-closes; nothing comes back */
    READY_FD_STDOUT = 1,  /* read end of a pipe; EOF only when the last process of the sandbox is gone */
    READY_FD_STDERR = 2,
    READY_FD_RESULT = 3, /* the sealed memfd of run_result.h; read it only after the VERDICT */
    READY_FDS = 4,
};

struct front_ready {
    struct front_message_head head;
    uint64_t sandbox_id; /* never 0, never used twice */
    uint32_t kind;       /* enum guest_kind */
    uint32_t made_us;    /* how long it took to make */
};

struct keeper_start {
    struct front_message_head head;
    uint64_t sandbox_id;
    uint64_t timeout_ms;   /* 1 .. max_timeout_ms */
    uint64_t memory_bytes; /* min_memory_bytes .. max_memory_bytes */
};

struct keeper_cancel {
    struct front_message_head head;
    uint64_t sandbox_id;
};

/* What ended a sandbox, as the kernel and the keeper saw it. */
enum verdict_cause {
    VERDICT_EXITED = 1,   /* exit_code is set */
    VERDICT_SIGNALED = 2, /* signal is set: a signal that was not the keeper's doing */
    VERDICT_TIMEOUT = 3,  /* limit_value: milliseconds */
    VERDICT_MEMORY = 4,   /* limit_value: bytes */
    VERDICT_CPU = 5,      /* limit_value: milliseconds of CPU time */
    VERDICT_PROCESSES = 6,
    VERDICT_DISK = 7, /* limit_value: bytes */
    VERDICT_CANCELLED = 8,
    VERDICT_INTERNAL = 9, /* our own failure: never blamed on the script */
    VERDICT_FILES = 10,   /* limit_value: files and directories */
};

#define VERDICT_CAUSES (VERDICT_FILES + 1)

struct front_verdict {
    struct front_message_head head;
    uint64_t sandbox_id;
    uint32_t cause;    /* enum verdict_cause */
    uint32_t started;  /* 1 when KEEPER_START had been received, else 0 */
    int32_t exit_code; /* VERDICT_EXITED: 0 .. 255, otherwise 0 */
    int32_t signal;    /* VERDICT_SIGNALED: 1 .. 64, otherwise 0 */
    uint64_t limit_value;
    uint64_t wall_us; /* from KEEPER_START's arrival to the end of the script's first process */
    uint64_t cpu_us;  /* of the whole sandbox since KEEPER_START, user and system */
    uint64_t memory_peak_bytes;
};

enum layer_state { LAYER_IN_FORCE = 1, LAYER_MISSING = 2 };

#define STATUS_MAX_LAYERS 16

/* One layer of the isolation. Texts are NUL-ended UTF-8. */
struct layer_status {
    uint32_t state; /* enum layer_state */
    char name[28];
    char detail[96]; /* in force: how ("Landlock ABI 7"); missing: why and what would add it */
};

struct front_status {
    struct front_message_head head;
    char tier[16];                     /* "namespaces", "landlock", "seccomp" */
    char python_version[16];           /* "3.11.2", "" before the first guest is warm */
    uint32_t guest_ready[GUEST_KINDS]; /* 1 when the guest can make sandboxes */
    uint32_t pool_size[GUEST_KINDS];   /* ready sandboxes that are aimed at */
    uint32_t n_layers;
    uint32_t is_first; /* 1: the service has just been started, and no keeper before this one was lost */
    /* Since the keeper began: */
    uint64_t guests_retired[GUEST_KINDS]; /* replaced for their age or use */
    uint64_t guests_died[GUEST_KINDS];    /* by themselves, after they had been ready */
    uint64_t sandboxes_failed;            /* that could not be made */
    struct layer_status layers[STATUS_MAX_LAYERS];
};

struct front_settings {
    struct front_message_head head;
    struct settings settings;
};

/* Room for any message. */
union front_message {
    struct front_settings settings;
    struct front_message_head head;
    struct front_ready ready;
    struct front_verdict verdict;
    struct front_status status;
    struct keeper_start start;
    struct keeper_cancel cancel;
};

/* The exact size of a message type and the number of its descriptors; FRONT_DRAINING, FRONT_ACCEPT, FRONT_RETIRE,
 * FRONT_PACKAGES, FRONT_LEAVING, FRONT_PING and KEEPER_PONG are bare heads. Returns 0, or -EPROTO for an unknown type.
 */
int front_message_shape(uint32_t type, uint32_t *ret_size, uint32_t *ret_n_fds);

#endif
