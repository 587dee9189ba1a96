#include "guest/left_behind.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* No kernel has thread ids above it (PID_MAX_LIMIT). */
#define MOST_THREAD_IDS (4 * 1024 * 1024)

#define MOST_DESCRIPTORS 1024

int left_behind_threads(int thorough) {
    /* The kernel grants this, which does nothing, to a process of one thread only. */
    if (unshare(CLONE_THREAD) == 0) {
        return 0;
    }
    if (errno == EINVAL || !thorough) {
        return errno == EINVAL;
    }
    /* Container engines refuse the call to everyone. */
    const pid_t process = getpid();
    for (pid_t id = 1; id <= MOST_THREAD_IDS; id++) {
        if (id != process && syscall(SYS_tgkill, process, id, 0) == 0) {
            return 1;
        }
    }
    return 0;
}

int left_behind_descriptor(int last) {
    for (int fd = last + 1; fd < MOST_DESCRIPTORS; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            return fd;
        }
    }
    return -1;
}
