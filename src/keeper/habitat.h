/* Habitats: where a guest and its sandboxes live. One for each kind of guest, and while one is being replaced a second.
 */
#ifndef PYEXEC_KEEPER_HABITAT_H
#define PYEXEC_KEEPER_HABITAT_H

#include <stddef.h>
#include <stdint.h>

#include "keeper/cleaning.h"
#include "keeper/events.h"
#include "keeper/namespace_maker.h"
#include "wire/guest_kind.h"
#include "wire/guest_link.h"

struct keeper;

enum habitat_state {
    HABITAT_BUILDING, /* the builder is at work */
    HABITAT_WARMING,  /* the guest imports */
    HABITAT_READY,    /* takes requests */
    HABITAT_RETIRED,  /* makes no more sandboxes; goes with its last one */
    HABITAT_DEAD,     /* killed; waits for its processes to be reaped */
};

struct habitat {
    struct keeper *keeper;
    enum guest_kind kind;
    enum habitat_state state;
    struct event_source builder;      /* socket */
    struct event_source builder_exit; /* pidfd, as the next three */
    struct event_source init_exit;
    struct event_source maker_exit;
    struct event_source guest_exit;
    struct event_source maker; /* socket */
    struct event_source guest; /* socket */
    uint64_t started_us;
    uint64_t ready_us;
    uint64_t sandboxes_made;
    size_t sandboxes;                     /* slots that refer to it */
    char directory[SPAWN_DIRECTORY_SIZE]; /* without namespaces: the guest's own private one; "": none */
    struct cleaning cleaning;
    struct habitat *next;
};

/* Starts building a habitat. Returns it (owned by the keeper's list) or NULL with errno set. */
struct habitat *habitat_start(struct keeper *keeper, enum guest_kind kind);

/* Asks for the namespaces of one sandbox, or for the sandbox itself (descriptors as in enum spawn_fd, borrowed).
 * Returns 0 or -errno; then the habitat is being killed. */
int habitat_request_namespaces(struct habitat *habitat, const struct namespace_request *request);
int habitat_request_sandbox(struct habitat *habitat, const struct keeper_spawn *spawn, const int *fds, size_t n_fds);

/* Makes no more sandboxes in it; it ends when its last one has. */
void habitat_retire(struct habitat *habitat);

/* Ends everything in it now. */
void habitat_kill(struct habitat *habitat);

/* Frees those of the keeper's habitats that have wholly ended. */
void habitats_collect(struct keeper *keeper);

/* Whether a process of a habitat has ended and is about to be reaped by it: 1 or 0. */
int habitats_have_waitable(const struct keeper *keeper);

#endif
