/* The front process and the messages to and from it. Front is taken for hostile: a message outside the table of
 * wire/front_link.h, or at the wrong time, ends it. */
#ifndef PYEXEC_KEEPER_FRONT_PROCESS_H
#define PYEXEC_KEEPER_FRONT_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "keeper/events.h"
#include "wire/front_link.h"

struct keeper;

struct front_process {
    struct event_source exit; /* pidfd */
    struct event_source link; /* socket */
    uint64_t started_us;
    uint64_t start_again_us; /* not before this time */
    uint32_t failures;       /* short lives in a row */
    uint32_t silent_ticks;   /* since a PING that is not answered yet, and one more; 0: none is on its way */
};

/* Starts front with the listening socket. Returns 0 or -errno. */
int front_start(struct keeper *keeper);

/* Ends it at once. What it had is lost; another is started unless the keeper drains. */
void front_kill(struct keeper *keeper, const char *why);

/* Sends one message; nothing happens while there is no front. A front that does not read is killed. Returns 0, or
 * -errno when it was not sent. */
int front_send(struct keeper *keeper, const void *message, const int *fds, size_t n_fds);

/* Sends the list of what scripts can import, once there is one. */
void front_send_packages(struct keeper *keeper);

/* Asks front whether its events are handled, and ends it when it has not said so for a number of calls: a front that
 * hangs would be a service that hangs. Call at regular intervals; it counts them and not the time, which also passes
 * while the keeper itself is stopped. */
void front_check_alive(struct keeper *keeper);

int front_is_running(const struct keeper *keeper);

#endif
