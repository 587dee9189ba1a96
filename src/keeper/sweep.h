/* Without namespaces: the end of all that a sandbox has started, whatever it did to get away. */
#ifndef PYEXEC_KEEPER_SWEEP_H
#define PYEXEC_KEEPER_SWEEP_H

#include <stdint.h>
#include <sys/types.h>

/* Kills every process of the user `uid` in one step, which no fork escapes. For a keeper that may change its user id
 * (CAP_SETUID); `own_uid` is an id of nobody's, which keeps the caller itself out of reach. Returns 0 when none is
 * left, 1 when some have still to die or to be reaped (call again), or -errno. Where the kernel does not tell (gVisor)
 * they are looked for by their label `tag` in the /proc behind proc_fd. */
int sweep_uid(uid_t own_uid, uid_t uid, int proc_fd, uint64_t tag);

/* Whether a process has this real user id, zombies included: 1, 0, or -errno when the kernel does not say. */
int sweep_anyone_left(uid_t uid);

#endif
