/* The processes of a sandbox without namespaces, found by their label: the resource limit that src/jail/rlimits.c sets,
 * which every child inherits and none can change. */
#ifndef PYEXEC_KEEPER_MEMBERS_H
#define PYEXEC_KEEPER_MEMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Calls visit(context, pid) for each process that lives (a zombie does not) and bears the label. A process that is
 * forked meanwhile may be missed, but not its parent. `proc_fd` is a descriptor of /proc. Returns their number or
 * -errno. */
int members_visit(int proc_fd, uint64_t tag, void (*visit)(void *context, pid_t pid), void *context);

/* Kills each of them once. Returns how many there were, or -errno. */
int members_kill(int proc_fd, uint64_t tag);

/* Their threads, all together, or -errno. */
int members_count_threads(int proc_fd, uint64_t tag);

/* The label in the text of /proc/PID/limits, or 0 when there is none. */
uint64_t members_tag_of(const char *limits);

#endif
