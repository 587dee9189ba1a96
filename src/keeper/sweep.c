#include "keeper/sweep.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/members.h"

/* Real `own_uid`, effective `uid`: signals go to processes of either, and neither can signal us, since they would need
 * our real or saved id to be theirs. The saved id stays 0, for the way back. By system call: libc's function would
 * look for other threads first. */
static int become(uid_t own_uid, uid_t uid) {
    return syscall(SYS_setresuid, own_uid, uid, 0) < 0 ? -errno : 0;
}

/* A keeper that stays somebody else cannot go on; the launcher starts another. A change of user also takes the
 * parent-death signal away: it is set again, and a parent that died meanwhile is noticed. */
static void become_root_again(pid_t parent) {
    if (syscall(SYS_setresuid, 0, 0, 0) < 0 || geteuid() != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
        abort();
    }
    if (getppid() != parent) {
        (void)raise(SIGKILL);
    }
}

int sweep_kernel_tells(uid_t own_uid, uid_t idle_uid) {
    /* Where there is no other process at all, as in a container that has just started, every kernel says ESRCH: there
     * has to be one that may not be signalled. */
    const pid_t parent = getppid();
    const pid_t other = fork();
    if (other == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;) {
            (void)pause();
        }
    }
    if (other < 0) {
        return 0;
    }
    int tells = 0;
    if (become(own_uid, idle_uid) == 0) {
        tells = kill(-1, 0) < 0 && (errno == ESRCH || errno == EPERM);
        become_root_again(parent);
    }
    (void)kill(other, SIGKILL);
    (void)waitpid(other, NULL, 0);
    return tells;
}

int sweep_uid(uid_t own_uid, uid_t uid, int kernel_tells, int proc_fd, uint64_t tag) {
    const pid_t parent = getppid();
    int error = become(own_uid, uid);
    if (error) {
        return error;
    }
    (void)kill(-1, SIGKILL);
    int left = kernel_tells ? kill(-1, 0) == 0 : 0;
    become_root_again(parent);
    if (!kernel_tells) {
        left = members_kill(proc_fd, tag);
    }
    return left < 0 ? left : left > 0;
}
