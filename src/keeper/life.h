/* The keeper's beginning and end as others see them: when it can serve, and how it stops to.
 *
 *     STARTING ──the pool is ready──▶ SERVING ──SIGUSR2──▶ retiring ──front has finished──▶ end
 *         │                             └──SIGTERM──▶ leaving ──drain_delay──┐
 *         └──SIGTERM──────────────────────────────────────────────────────────┴──▶ draining ──at most drain_timeout──▶
 * end
 *
 * Retiring is the end of a keeper whose successor serves already, from the same listening socket: nobody is refused,
 * and whatever has come is finished, however long it may take by its limits. */
#ifndef PYEXEC_KEEPER_LIFE_H
#define PYEXEC_KEEPER_LIFE_H

#include <stdint.h>

struct keeper;

/* Front has just been started: tells it to accept, if it may by now. */
void life_front_started(struct keeper *keeper);

/* To be asked in each round. Once there are sandboxes of every kind: tells the launcher, and a front that had to wait
 * for it to accept. */
void life_check_ready(struct keeper *keeper);

/* SIGTERM: after drain_delay, or at once when it comes again, new runs are refused and what runs has drain_timeout
 * left; once more ends at once. */
void life_leave(struct keeper *keeper);

/* SIGUSR2. */
void life_retire(struct keeper *keeper);

/* Whether front, once it ends, has done so because it was told to. */
int life_is_ending(const struct keeper *keeper);

/* In each round: ends the keeper when it is time. Returns when to look again at the latest, UINT64_MAX for no wish. */
uint64_t life_check_end(struct keeper *keeper, uint64_t now_us);

#endif
