/* For the targets that fuzz a packet socket: an input is a row of messages, each a length of two bytes, a number of
 * descriptors (0 to LINK_MOST_FDS) and the bytes. */
#ifndef PYEXEC_TESTS_FUZZ_LINK_MESSAGES_H
#define PYEXEC_TESTS_FUZZ_LINK_MESSAGES_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/packet.h"

#define LINK_MOST_FDS 6u
#define LINK_HEAD 3u

static inline void check(int holds) {
    if (!holds) {
        abort();
    }
}

struct link_message {
    const uint8_t *bytes;
    size_t len;
    unsigned n_fds;
};

/* Takes the next message off the input. Returns 1, or 0 at its end. */
static inline int next_message(const uint8_t **data, size_t *size, struct link_message *ret_message) {
    if (*size < LINK_HEAD + 1) {
        return 0;
    }
    size_t len = (size_t)(*data)[0] << 8 | (*data)[1];
    len = len < *size - LINK_HEAD ? len : *size - LINK_HEAD;
    len = len > 0 ? len : 1; /* an empty packet looks like the end of the connection */
    *ret_message = (struct link_message){*data + LINK_HEAD, len, (*data)[2] % (LINK_MOST_FDS + 1)};
    *data += LINK_HEAD + len;
    *size -= LINK_HEAD + len;
    return 1;
}

/* Sends it, with copies of the socket's own descriptor. */
static inline void send_link_message(int fd, const struct link_message *message) {
    const int fds[LINK_MOST_FDS] = {fd, fd, fd, fd, fd, fd};
    check(packet_send(fd, message->bytes, message->len, fds, message->n_fds) == 0);
}

static inline void link_pair(int ret_fds[2]) {
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) == 0);
}

/* The lowest free number: when nothing was left open it is the same before and after. */
static inline int lowest_free_fd(void) {
    int fd = dup(STDERR_FILENO);
    check(fd >= 0);
    (void)close(fd);
    return fd;
}

#endif
