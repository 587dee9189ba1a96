/* Messages between keeper and guest, over the packet socket FIXED_FD_KEEPER, and from a new sandbox to the keeper.
 *
 * All of fixed size. The guest reads nothing else from anyone. */
#ifndef PYEXEC_WIRE_GUEST_LINK_H
#define PYEXEC_WIRE_GUEST_LINK_H

#include <stdint.h>

enum guest_message_type {
    /* guest to keeper: even */
    GUEST_HELLO = 2, /* warm: SPAWN may be sent; from a data guest 1 descriptor, see packages.h, from a lean one none */
    GUEST_SPAWNED = 4, /* answer to each SPAWN, in order; 1 descriptor (a pidfd) when error is 0, else none */
    /* keeper to guest: odd */
    KEEPER_SPAWN = 3, /* make one sandbox; SPAWN_FDS + n_cgroup_fds descriptors */
};

/* What a guest exits with when it cannot do what the operator wants of it, after a line in the log: another one could
 * not either. */
#define GUEST_EXIT_UNWILLING 78

struct guest_message_head {
    uint32_t type; /* enum guest_message_type */
    uint32_t size; /* of the whole message, head included */
};

struct guest_hello {
    struct guest_message_head head;
    char python_version[16]; /* "3.11.2", NUL-ended */
};

/* The descriptors of KEEPER_SPAWN, in this order; all become the new sandbox's own and are closed in the guest. */
enum spawn_fd {
    SPAWN_FD_PLACE = 0,   /* pidfd of the init that holds the sandbox's namespaces; without them its directory */
    SPAWN_FD_CONTROL = 1, /* SOCK_STREAM: one run_request comes in */
    SPAWN_FD_STDOUT = 2,  /* write end of a pipe */
    SPAWN_FD_STDERR = 3,
    SPAWN_FD_RESULT = 4, /* the sealed memfd of run_result.h */
    SPAWN_FD_REPORT = 5, /* SOCK_SEQPACKET: struct sandbox_report */
    SPAWN_FDS = 6,       /* then n_cgroup_fds files of control groups to join */
};

#define SPAWN_MAX_CGROUP_FDS 4

/* Without namespaces: bytes of a private directory's name, NUL included. */
#define SPAWN_DIRECTORY_SIZE 40

struct keeper_spawn {
    struct guest_message_head head;
    uint64_t sandbox_id;
    uint32_t uid, gid; /* of the slot, as seen in the guest's user namespace */
    uint32_t n_cgroup_fds;
    uint32_t niceness;    /* 0 .. 19 */
    uint32_t hold_memory; /* 1: start a memory holder, if that can be done */
    uint32_t reserved;
    uint64_t max_processes;
    uint64_t max_open_files;
    uint64_t max_file_bytes;
    uint64_t max_cpu_ms;
    uint64_t tag;                         /* struct jail_options */
    char directory[SPAWN_DIRECTORY_SIZE]; /* without namespaces: its name beneath the guest's --private-base */
};

struct guest_spawned {
    struct guest_message_head head;
    uint64_t sandbox_id;
    int32_t error; /* 0 or -errno: the fork failed */
    int32_t pid;   /* as the guest sees it; for logs only */
};

/* What a new sandbox sends to SPAWN_FD_REPORT before it reads anything from anyone: at most one REPORT_ASKS, then one
 * of the others, then it closes it. */
enum report_type {
    REPORT_READY = 0,  /* every layer is on; 1 descriptor if asked for, a pidfd of the memory holder */
    REPORT_FAILED = 1, /* step and error are set */
    REPORT_ASKS = 2,   /* 1 descriptor: where its filter asks for each new process */
};

struct sandbox_report {
    uint32_t type; /* enum report_type */
    uint32_t step; /* the enum jail_step (src/jail/steps.h) that failed, or 0 */
    int32_t error; /* -errno, or 0 */
};

#endif
