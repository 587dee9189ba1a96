/* What the keeper knows: one structure, made once, handed to every part of it. */
#ifndef PYEXEC_KEEPER_STATE_H
#define PYEXEC_KEEPER_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "keeper/cgroup.h"
#include "keeper/cleaning.h"
#include "keeper/events.h"
#include "keeper/front_process.h"
#include "keeper/habitat.h"
#include "keeper/keeper.h"
#include "keeper/launcher_link.h"
#include "keeper/private_dirs.h"
#include "keeper/site_packages.h"
#include "keeper/slot.h"
#include "keeper/tier.h"
#include "wire/front_link.h"

/* Offsets into the block of user ids: front; what is root in a guest's user namespace, and without namespaces the
 * keeper's own while it kills a sandbox's processes (sweep.h); one for each slot; the collectors' own. */
enum keeper_id { KEEPER_ID_FRONT = 0, KEEPER_ID_GUEST = 1, KEEPER_ID_SLOTS = 2 };
#define KEEPER_ID_COLLECTOR(keeper) (KEEPER_ID_SLOTS + (uint32_t)(keeper)->n_slots)
#define KEEPER_IDS(n_slots) (KEEPER_ID_SLOTS + (uint32_t)(n_slots) + 1u)

struct keeper {
    const struct settings *settings; /* those in force */
    struct settings own_settings;
    int packages_fd;              /* owned; of wire/packages.h; -1 before the first data guest is warm */
    int keys_fd;                  /* owned; of base/key_file.h; -1: there are no API keys */
    struct permission permission; /* what front may ask for */
    struct event_source launcher; /* socket; -1: none */
    int epoll_fd;
    const struct keeper_client *client;
    int guest_program; /* owned, as the next */
    int front_program; /* the client's */
    struct event_source signals;

    enum isolation tier;
    int one_id;                 /* 1: an ordinary user, with no other id to give */
    int use_user_namespace;     /* 0 only for a root whose host has none */
    int id_claims[TIER_CLAIMS]; /* keep the block of ids from other services on this machine */
    uint32_t first_id;          /* of the block of user ids */

    /* Without namespaces: */
    int prepared_root;  /* 1: guests live in the prepared tree */
    char tree_note[96]; /* why they do not */
    int proc_fd;        /* of /proc */
    char preload[256];  /* the library that gives /tmp its meaning */
    struct private_dirs dirs;
    struct cleaning stale;

    struct site_packages site_packages;
    struct cgroups cgroups;
    struct habitat *habitats;              /* all of them */
    struct habitat *current[GUEST_KINDS];  /* the one that makes sandboxes; NULL: none yet */
    struct habitat *arriving[GUEST_KINDS]; /* being built or warmed; NULL: none */
    uint64_t start_again_us[GUEST_KINDS];  /* not before this time */
    uint32_t failures[GUEST_KINDS];        /* in a row, before a guest was ready */
    struct slot *slots;
    size_t n_slots;
    size_t pool_size[GUEST_KINDS]; /* ready sandboxes to keep */
    uint64_t spawn_again_us;       /* a failed sandbox makes the next one wait */
    uint64_t last_start_us;        /* when the last run began */
    int oom_fd;                    /* of cgroup_open_oom_events(), or < 0: the machine's count has to do */
    uint64_t oom_kills;            /* host_oom.h: as many were noted */
    uint64_t oom_look_us;          /* and when it is time to note them again */
    uint64_t refill_again_us;      /* the pool's refill is put off until then; 0: it is not */
    uint32_t spawn_failures;       /* in a row */
    uint64_t before_first_sandbox;
    uint64_t last_sandbox; /* number of the last sandbox made; the first one's is anything */

    struct front_process front;
    struct front_status status; /* as last sent */
    int status_dirty;

    int served;     /* 1 once a sandbox has been ready */
    int told_ready; /* 1 once the launcher knows that it can serve */
    int retiring;   /* 1: SIGUSR2 has come */
    uint64_t retire_deadline_us;
    int leaving; /* 1: SIGTERM has come, and drain_delay is not over yet */
    uint64_t leave_deadline_us;
    int draining; /* 1: new runs are refused, after SIGTERM, or since what retires takes too long */
    uint64_t drain_deadline_us;
    int exit_status; /* -1: go on; else the keeper ends with it */
};

/* Ends the keeper after this round of events, with a line in the log that says why. */
void keeper_give_up(struct keeper *keeper, int exit_status);

/* Called by habitats. */
void keeper_guest_ready(struct keeper *keeper, struct habitat *habitat, const char *python_version, int packages_fd);
void keeper_habitat_gone(struct keeper *keeper, const struct habitat *habitat);
void keeper_guest_failed(struct keeper *keeper, enum guest_kind kind);
void keeper_guest_unwilling(struct keeper *keeper, enum guest_kind kind);

/* Front is told before the next wait. */
void keeper_status_changed(struct keeper *keeper);

#endif
