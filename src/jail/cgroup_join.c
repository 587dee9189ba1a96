#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "jail/layers.h"

int jail_join_cgroups(int *join_fds, size_t n) {
    for (size_t i = 0; i < n; i++) {
        /* "0" is the writer itself. In version 1 a thread that moves itself takes no global lock: 10 to 170 us;
         * moved by another it is over a millisecond, in which no process of the machine can fork. */
        if (write(join_fds[i], "0", 1) != 1) {
            return errno ? -errno : -EIO;
        }
        close_fd(&join_fds[i]);
    }
    return 0;
}
