#include "base/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static int parse_port(const char *text, in_port_t *ret_port) {
    unsigned port = 0;
    size_t digits = strlen(text);
    if (digits == 0 || digits > 5) {
        return -EINVAL;
    }
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9') {
            return -EINVAL;
        }
        port = port * 10 + (unsigned)(*c - '0');
    }
    if (port > 65535) {
        return -EINVAL;
    }
    *ret_port = htons((in_port_t)port);
    return 0;
}

int listen_address_parse(const char *text, struct listen_address *ret_address) {
    char host[INET6_ADDRSTRLEN + 1] = "";
    const char *colon = strrchr(text, ':');
    if (strcmp(text, LISTEN_ADDRESS_UNIX) == 0) {
        *ret_address = (struct listen_address){.address.ss_family = AF_UNIX, .size = sizeof(sa_family_t)};
        return 0;
    }
    if (!colon) {
        return -EINVAL;
    }
    in_port_t port;
    size_t host_len = (size_t)(colon - text);
    int bracketed = host_len >= 2 && text[0] == '[' && text[host_len - 1] == ']';
    const char *host_start = bracketed ? text + 1 : text;
    host_len -= bracketed ? 2 : 0;
    if (host_len >= sizeof host || parse_port(colon + 1, &port) < 0) {
        return -EINVAL;
    }
    memcpy(host, host_start, host_len);

    struct listen_address parsed = {.every_address = !bracketed && host_len == 0};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_ANY_INIT};
    if (bracketed || parsed.every_address) {
        if (bracketed && inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) {
            return -EINVAL;
        }
        memcpy(&parsed.address, &v6, sizeof v6);
        parsed.size = sizeof v6;
    } else {
        if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &v4.sin_addr) != 1) {
            return -EINVAL;
        }
        memcpy(&parsed.address, &v4, sizeof v4);
        parsed.size = sizeof v4;
    }
    *ret_address = parsed;
    return 0;
}
