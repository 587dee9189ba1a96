#include "wire/packet.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

union control_space {
    char bytes[CMSG_SPACE(sizeof(int) * PACKET_MAX_FDS)];
    struct cmsghdr align;
};

/* A peer that closes with messages unread leaves one ECONNRESET behind, which hides messages of its own that are still
 * queued here: the call after it tells how things are. */
static int worth_another_try(void) {
    return errno == EINTR || errno == ECONNRESET;
}

static ssize_t send_with(int socket_fd, const void *message, size_t size, const int *fds, size_t n_fds) {
    struct iovec vector = {.iov_base = (void *)(uintptr_t)message, .iov_len = size};
    union control_space control;
    memset(&control, 0, sizeof control);
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = CMSG_SPACE(sizeof(int) * n_fds)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
    memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n_fds);
    return sendmsg(socket_fd, &header, MSG_NOSIGNAL);
}

int packet_send(int socket_fd, const void *message, size_t size, const int *fds, size_t n_fds) {
    if (n_fds > PACKET_MAX_FDS) {
        return -EINVAL;
    }
    ssize_t n;
    do {
        n = n_fds > 0 ? send_with(socket_fd, message, size, fds, n_fds) : send(socket_fd, message, size, MSG_NOSIGNAL);
    } while (n < 0 && worth_another_try());
    if (n < 0) {
        return -errno;
    }
    return (size_t)n == size ? 0 : -EIO;
}

ssize_t packet_receive(int socket_fd, void *message, size_t size, int *ret_fds, size_t max_fds, size_t *ret_n_fds) {
    struct iovec vector = {.iov_base = message, .iov_len = size};
    union control_space control;
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t n;
    do {
        n = recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC);
    } while (n < 0 && worth_another_try());
    if (n < 0) {
        return -errno;
    }

    int fds[PACKET_MAX_FDS];
    size_t n_fds = 0;
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header); cmsg; cmsg = CMSG_NXTHDR(&header, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count && n_fds < PACKET_MAX_FDS; i++) {
            memcpy(&fds[n_fds++], CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
        }
    }
    int error = 0;
    if (header.msg_flags & MSG_TRUNC) {
        error = -EMSGSIZE;
    } else if ((header.msg_flags & MSG_CTRUNC) && n_fds < PACKET_MAX_FDS) {
        error = -EMFILE; /* there was room for more, but nothing to make of them */
    } else if ((header.msg_flags & MSG_CTRUNC) || n_fds > max_fds) {
        error = -EPROTO;
    }
    if (error) {
        packet_close_fds(fds, n_fds);
        return error;
    }
    if (n_fds > 0) {
        memcpy(ret_fds, fds, n_fds * sizeof(int));
    }
    *ret_n_fds = n_fds;
    return n;
}

void packet_close_fds(int *fds, size_t n) {
    for (size_t i = 0; i < n; i++) {
        close_fd(&fds[i]);
    }
}
