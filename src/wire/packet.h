/* Fixed-size messages with descriptors over a SOCK_SEQPACKET socketpair: the only thing that crosses a boundary
 * between two of our processes. One message is one packet; a packet of another size is an error of the peer's. */
#ifndef PYEXEC_WIRE_PACKET_H
#define PYEXEC_WIRE_PACKET_H

#include <stddef.h>
#include <sys/types.h>

#define PACKET_MAX_FDS 16

/* Sends one message with n_fds borrowed descriptors (at most PACKET_MAX_FDS; fds may be NULL when 0). Without
 * descriptors it is a send(), so that a filter may keep sendmsg() from who has none to send. Never blocks on a
 * non-blocking socket. Returns 0 or -errno (-EAGAIN when the socket is full, -EPIPE when the peer is gone). */
int packet_send(int socket_fd, const void *message, size_t size, const int *fds, size_t n_fds);

/* Receives one message of at most `size` bytes. Descriptors arrive close-on-exec, in ret_fds[0 .. *ret_n_fds), owned by
 * the caller; more than max_fds is -EPROTO. Returns the bytes of the message, 0 when the peer has closed, -EAGAIN,
 * -EMSGSIZE when the packet was longer than `size`, -EMFILE when this process or the machine has no descriptor left for
 * those that came (the message is there all the same), or another -errno; on any error no descriptor is left open. */
ssize_t packet_receive(int socket_fd, void *message, size_t size, int *ret_fds, size_t max_fds, size_t *ret_n_fds);

/* Closes fds[0 .. n) and sets them to -1. */
void packet_close_fds(int *fds, size_t n);

#endif
