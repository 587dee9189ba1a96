/* The listening socket. */
#ifndef PYEXEC_LAUNCHER_LISTENER_H
#define PYEXEC_LAUNCHER_LISTENER_H

#include <stddef.h>

/* Binds and listens on the address of the setting `listen` ("address:port"). On success *ret_bound is the address with
 * the real port (that of port 0, too), as text for people. Returns the descriptor (close-on-exec, non-blocking) or
 * -errno; -EINVAL for an address that cannot be read. */
int listener_open(const char *address, char *ret_bound, size_t bound_size);

/* The address that a listening socket is bound to, as text: "127.0.0.1:8080", "[::1]:8080"; "unix" for a Unix
 * socket, which is never bound here but handed over. */
void listener_describe(int fd, char *ret_text, size_t size);

#endif
