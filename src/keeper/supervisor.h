/* Without namespaces and with one user id for all sandboxes, no limit of the kernel counts a sandbox's processes, and
 * no kill reaches all of them in one step. So its filter asks the keeper for each new process or thread: no more than
 * permitted, and none once the sandbox is to end, so that what is left can be found and killed. */
#ifndef PYEXEC_KEEPER_SUPERVISOR_H
#define PYEXEC_KEEPER_SUPERVISOR_H

struct slot;

/* Watches the descriptor (taken, but on failure) on which the slot's sandbox asks. Returns 0 or -errno. */
int supervisor_watch(struct slot *slot, int listener_fd);

#endif
