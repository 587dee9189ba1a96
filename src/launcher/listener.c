#include "launcher/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/listen_address.h"

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 4096

static int open_at(const struct listen_address *where) {
    cleanup_close int fd = socket(where->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    const int on = 1, off = 0;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) {
        return -errno;
    }
    if (where->address.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, where->every_address ? &off : &on, sizeof on) < 0) {
        return -errno;
    }
    if (bind(fd, (const struct sockaddr *)&where->address, where->size) < 0 || listen(fd, BACKLOG) < 0) {
        return -errno;
    }
    return take_fd(&fd);
}

void listener_describe(int fd, char *ret_text, size_t size) {
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {0};
    socklen_t length = sizeof bound;
    char address[INET6_ADDRSTRLEN] = "?";
    (void)getsockname(fd, (struct sockaddr *)&bound, &length);
    if (bound.any.ss_family == AF_UNIX) {
        (void)snprintf(ret_text, size, LISTEN_ADDRESS_UNIX);
    } else if (bound.any.ss_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &bound.v6.sin6_addr, address, sizeof address);
        (void)snprintf(ret_text, size, "[%s]:%u", address, ntohs(bound.v6.sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &bound.v4.sin_addr, address, sizeof address);
        (void)snprintf(ret_text, size, "%s:%u", address, ntohs(bound.v4.sin_port));
    }
}

int listener_open(const char *address, char *ret_bound, size_t bound_size) {
    struct listen_address where;
    int fd = listen_address_parse(address, &where);
    if (fd < 0) {
        return fd;
    }
    fd = open_at(&where);
    if (fd == -EAFNOSUPPORT && where.every_address) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &where.address, sizeof v6);
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6.sin6_port};
        memcpy(&where.address, &v4, sizeof v4);
        where.size = sizeof v4;
        fd = open_at(&where);
    }
    if (fd >= 0) {
        listener_describe(fd, ret_bound, bound_size);
    }
    return fd;
}
