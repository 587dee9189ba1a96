/* pyexec-healthcheck: asks the service that listens where the setting `listen` says for its health. Exit status
 * 0 when it answers 200, else 1. For a container's HEALTHCHECK: it costs a millisecond, and the image needs no curl. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/listen_address.h"
#include "base/settings.h"

#define PATIENCE_S 4
#define HEAD_BYTES 512

/* Addresses that mean "all of them" become this machine's own. */
static void aim(struct listen_address *where, int over_ipv4) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (where->address.ss_family == AF_INET) {
        memcpy(&v4, &where->address, sizeof v4);
        if (v4.sin_addr.s_addr == htonl(INADDR_ANY)) {
            v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
        memcpy(&where->address, &v4, sizeof v4);
        return;
    }
    memcpy(&v6, &where->address, sizeof v6);
    if (!IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) {
        return;
    }
    if (over_ipv4) {
        v4 = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = v6.sin6_port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        memcpy(&where->address, &v4, sizeof v4);
        where->size = sizeof v4;
    } else {
        v6.sin6_addr = in6addr_loopback;
        memcpy(&where->address, &v6, sizeof v6);
    }
}

/* Returns the length of the answer's beginning, or -errno. */
static ssize_t ask(const struct listen_address *where, char *head, size_t size) {
    static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    cleanup_close int fd = socket(where->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
        connect(fd, (const struct sockaddr *)&where->address, where->size) < 0) {
        return -errno;
    }
    int error = io_write_full(fd, request, sizeof request - 1);
    return error ? error : io_read_full(fd, head, size);
}

int main(int argc, char **argv) {
    struct settings settings;
    char text[HEAD_BYTES + 1];
    struct listen_address where;
    const struct settings_sources sources = {.argc = argc, .argv = argv, .environment = environ, .read_file = 1};
    if (settings_load(&sources, &settings, NULL, text, sizeof text) < 0) {
        (void)printf("%s\n", text);
        return 1;
    }
    if (listen_address_parse(settings.listen, &where) < 0) {
        (void)printf("%s is no address to listen on\n", settings.listen);
        return 1;
    }
    aim(&where, where.every_address);
    ssize_t n = ask(&where, text, HEAD_BYTES);
    if (n < 0) {
        (void)printf("%s: %s\n", settings.listen, strerror(n == -EAGAIN ? ETIMEDOUT : (int)-n));
        return 1;
    }
    text[n] = '\0';
    const char *line_end = strpbrk(text, "\r\n");
    (void)printf("%.*s\n", (int)(line_end ? line_end - text : n), text);
    return fflush(stdout) == 0 && strncmp(text, "HTTP/1.1 200 ", 13) == 0 ? 0 : 1;
}
