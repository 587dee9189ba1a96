#include "launcher/activation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static int option_is(int fd, int option, int wanted) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

int activation_is_listener(int fd) {
    return option_is(fd, SO_ACCEPTCONN, 1) && option_is(fd, SO_TYPE, SOCK_STREAM) &&
           (option_is(fd, SO_DOMAIN, AF_INET) || option_is(fd, SO_DOMAIN, AF_INET6) ||
            option_is(fd, SO_DOMAIN, AF_UNIX));
}

int activation_take(char *error, size_t error_size) {
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    const int ours = pid && fds && strtol(pid, NULL, 10) == (long)getpid();
    const long n = ours ? strtol(fds, NULL, 10) : 0;
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    if (n == 0) {
        return -ENOENT;
    }
    if (n != 1) {
        (void)snprintf(error, error_size, "LISTEN_FDS hands over %ld sockets; it has to be one", n);
        return -EINVAL;
    }
    if (!activation_is_listener(FIRST_FD)) {
        (void)snprintf(error, error_size,
                       "LISTEN_FDS hands over what does not listen for streams (ListenStream= with address and port or "
                       "a path, Accept=no)");
        return -EINVAL;
    }
    int failed = io_set_cloexec(FIRST_FD, 1);
    return failed < 0 ? failed : FIRST_FD;
}
