/* A listening socket that somebody else has made: a service manager (socket activation, sd_listen_fds(3)), or this very
 * process before it became another version of itself (take_over.h). */
#ifndef PYEXEC_LAUNCHER_ACTIVATION_H
#define PYEXEC_LAUNCHER_ACTIVATION_H

#include <stddef.h>

/* Looks whether LISTEN_PID and LISTEN_FDS mean this process, and takes these variables out of the environment. Returns
 * the descriptor, close-on-exec and owned by the caller; -ENOENT when there is none; -EINVAL with a message for people
 * when there are several, or when it is not listening for streams. */
int activation_take(char *error, size_t error_size);

/* Whether a descriptor listens for TCP over IPv4 or IPv6, or for streams of a Unix socket: 1 or 0. */
int activation_is_listener(int fd);

#endif
