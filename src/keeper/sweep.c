#include "keeper/sweep.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

/* To ask for a user's priority is the one call that tells, on every kernel and to everybody; kill(-1, 0) says 0 on most
 * even when there was nobody whom it could signal. */
int sweep_anyone_left(uid_t uid) {
    errno = 0;
    (void)getpriority(PRIO_USER, uid);
    return errno == 0 ? 1 : errno == ESRCH ? 0 : -errno;
}

int sweep_uid(uid_t own_uid, uid_t uid, int proc_fd, uint64_t tag) {
    const pid_t parent = getppid();
    int error = become(own_uid, uid);
    if (error) {
        return error;
    }
    (void)kill(-1, SIGKILL);
    become_root_again(parent);
    int left = sweep_anyone_left(uid);
    if (left < 0) {
        left = members_kill(proc_fd, tag);
    }
    return left < 0 ? left : left > 0;
}
