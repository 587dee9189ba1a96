/* A process beside the sandbox's first one that shares all its memory and does nothing.
 *
 * To take a process' memory down takes the kernel longer than most scripts run, and it tells of the end of the process
 * only afterwards. With a second owner of the memory the first process ends at once; the holder, and the memory with
 * it, is ended after the answer has left.
 *
 * Every layer that is on the caller is on the holder. It has no descriptor. A script can overwrite what the holder
 * runs, and gains one more process of its own, which it may have anyway. */
#ifndef PYEXEC_GUEST_MEMORY_HOLDER_H
#define PYEXEC_GUEST_MEMORY_HOLDER_H

/* Once in the guest, before it forks. */
void memory_holder_prepare(void);

/* Starts it as a child that wait() does not see, after the last layer and before the script, and waits until it has let
 * go of its descriptors. It ends when it is killed, and soon after the caller has ended or executed another program,
 * for which it would keep the old memory. Returns 0 with a pidfd in *ret_pidfd (owned, close-on-exec), or -errno:
 * -ENOSYS where the kernel does not say when the memory is given up. The caller must be single-threaded. */
int memory_holder_start(int *ret_pidfd);

#endif
