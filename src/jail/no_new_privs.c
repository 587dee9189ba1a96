#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>

#include "jail/layers.h"

int jail_set_no_new_privs(int dumpable) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -errno;
    }
    /* A change of user clears the parent-death signal, so it comes after the identity. */
    if (prctl(PR_SET_DUMPABLE, dumpable != 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
        return -errno;
    }
    return 0;
}
