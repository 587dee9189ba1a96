/* Without namespaces: the end of all that a sandbox has started, whatever it did to get away. */
#ifndef PYEXEC_KEEPER_SWEEP_H
#define PYEXEC_KEEPER_SWEEP_H

#include <stdint.h>
#include <sys/types.h>

/* Finds out once whether kill(-1, 0) tells that nobody is left (newer kernels do): `idle_uid` is a user id that no
 * process has. The other ids are those of sweep_uid(). */
int sweep_kernel_tells(uid_t own_uid, uid_t idle_uid);

/* Kills every process of the user `uid` in one step, which no fork escapes. For a keeper that may change its user id
 * (CAP_SETUID); `own_uid` is an id of nobody's, which keeps the caller itself out of reach. With `kernel_tells` it is
 * found in the same way whether one is left, else by the label `tag` in /proc. Returns 0 when none is left, 1 when some
 * have still to die (call again), or -errno. */
int sweep_uid(uid_t own_uid, uid_t uid, int kernel_tells, int proc_fd, uint64_t tag);

#endif
