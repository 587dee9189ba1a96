#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/layers.h"

/* First number that nothing of the final arrangement uses. */
enum { FIRST_FREE_FD = JAIL_FD_REPORT + 2, KEPT_PLACE_FD = JAIL_FD_REPORT + 1 };

int jail_arrange_descriptors(const struct jail_options *options, int *ret_place_fd) {
    int stdin_fd = memfd_create("stdin", MFD_CLOEXEC);
    if (stdin_fd < 0) {
        return -errno;
    }
    struct {
        int from;
        int to;
        int cloexec;
    } plan[] = {
        {stdin_fd, STDIN_FILENO, 0},
        {options->stdout_fd, STDOUT_FILENO, 0},
        {options->stderr_fd, STDERR_FILENO, 0},
        {options->control_fd, JAIL_FD_CONTROL, O_CLOEXEC},
        {options->result_fd, JAIL_FD_RESULT, O_CLOEXEC},
        {options->report_fd, JAIL_FD_REPORT, O_CLOEXEC},
        {options->place_fd, KEPT_PLACE_FD, O_CLOEXEC},
    };
    size_t n = sizeof plan / sizeof plan[0];

    /* Out of the way first, so that no dup3 overwrites a descriptor that is still to be moved. */
    for (size_t i = 0; i < n; i++) {
        if (plan[i].from < 0) {
            continue;
        }
        int moved = fcntl(plan[i].from, F_DUPFD_CLOEXEC, 64);
        if (moved < 0) {
            return -errno;
        }
        plan[i].from = moved;
    }
    for (size_t i = 0; i < n; i++) {
        if (plan[i].from >= 0 && dup3(plan[i].from, plan[i].to, plan[i].cloexec) < 0) {
            return -errno;
        }
    }
    unsigned first_closed = options->place_fd >= 0 ? FIRST_FREE_FD : KEPT_PLACE_FD;
    if (syscall(SYS_close_range, first_closed, ~0U, 0U) < 0) {
        return -errno;
    }
    *ret_place_fd = options->place_fd >= 0 ? KEPT_PLACE_FD : -1;
    return 0;
}
