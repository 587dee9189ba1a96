/* fork(2) with the flags that glibc's fork() does not offer. */
#ifndef PYEXEC_JAIL_CLONE_H
#define PYEXEC_JAIL_CLONE_H

#include <sys/types.h>

/* Forks with `flags` added (CLONE_PARENT, CLONE_NEWPID, CLONE_NEWNS, ...; not CLONE_VM). The child gets SIGCHLD as exit
 * signal, and glibc's cached thread id is right in it. Returns 0 in the child, the pid in the caller with a pidfd of
 * the child in *ret_pidfd (owned, close-on-exec), or -errno. The caller must be single-threaded. atfork handlers do not
 * run. */
pid_t jail_clone(unsigned long flags, int *ret_pidfd);

#endif
