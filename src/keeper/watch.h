/* The keeper's eye on running sandboxes, for what the kernel does not hold by itself: CPU time of a whole sandbox, and,
 * where there is no memory cgroup, its memory. */
#ifndef PYEXEC_KEEPER_WATCH_H
#define PYEXEC_KEEPER_WATCH_H

#include <stdint.h>
#include <sys/types.h>

struct keeper;

/* Looks at every running sandbox that is due and ends those over a limit. Returns the time of the next look, UINT64_MAX
 * when nothing runs. */
uint64_t watch_check(struct keeper *keeper, uint64_t now_us);

/* Resident memory of one process, shared pages included, or 0 when it cannot be told. */
uint64_t watch_resident_bytes(pid_t pid);

/* What a process has touched since it was forked: a page for each fault that the kernel has served. That is what it
 * holds of its own as long as it has given nothing back, as a sandbox that is just ready; later it is an upper bound. 0
 * when it cannot be told. */
uint64_t watch_touched_bytes(pid_t pid);

#endif
