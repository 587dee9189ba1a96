#include "jail/clone.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t jail_clone(unsigned long flags, int *ret_pidfd) {
    /* Where glibc keeps the thread id: the child's copy has to be written by the kernel, or pthread_kill() and its kin
     * on the main thread fail there with ESRCH. Needs CONFIG_CHECKPOINT_RESTORE; without it the copy stays stale, which
     * only those calls notice. */
    int *tid_address = NULL;
    if (prctl(PR_GET_TID_ADDRESS, &tid_address) == 0 && tid_address) {
        flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    }
    int pidfd = -1;
    flags |= CLONE_PIDFD | SIGCHLD;
#if defined(__x86_64__)
    long pid = syscall(SYS_clone, flags, NULL, &pidfd, tid_address, 0UL);
#elif defined(__aarch64__)
    long pid = syscall(SYS_clone, flags, NULL, &pidfd, 0UL, tid_address);
#else
#error "clone(2)'s argument order is not known for this architecture"
#endif
    if (pid < 0) {
        return -errno;
    }
    if (pid > 0) {
        *ret_pidfd = pidfd;
    }
    return (pid_t)pid;
}
