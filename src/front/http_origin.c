#include "front/http_origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

struct text {
    const char *start;
    size_t len;
};

static int ends_with(struct text text, const char *end) {
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.start + text.len - len, end, len) == 0;
}

static struct text without_port(struct text text, const char *default_port) {
    text.len -= ends_with(text, default_port) ? strlen(default_port) : 0;
    return text;
}

/* Nothing, or a colon and a port, stands from `at` on. */
static int is_port(const char *at, const char *end) {
    if (at < end && *at++ != ':') {
        return 0;
    }
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    return at == end;
}

/* "localhost", "127.0.0.1", "[::1]", each with or without a port. */
static int is_local_name(struct text host) {
    char name[INET6_ADDRSTRLEN];
    const char *end = memchr(host.start, host.len > 0 && host.start[0] == '[' ? ']' : ':', host.len);
    struct text bare = host;
    struct in6_addr address;
    int is_bracketed = host.len > 0 && host.start[0] == '[';
    if (is_bracketed && !end) {
        return 0;
    }
    if (is_bracketed) {
        bare.start++;
    }
    bare.len = (size_t)((end ? end : host.start + host.len) - bare.start);
    const char *host_end = host.start + host.len;
    if (bare.len >= sizeof name || !is_port(end ? end + is_bracketed : host_end, host_end)) {
        return 0;
    }
    memcpy(name, bare.start, bare.len);
    name[bare.len] = '\0';
    if (is_bracketed) {
        return inet_pton(AF_INET6, name, &address) == 1;
    }
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1;
}

int http_origin_is_own(const char *origin, size_t origin_len, const char *host, size_t host_len, int on_loopback) {
    static const struct { const char *scheme, *default_port; } schemes[] = {{"http://", ":80"}, {"https://", ":443"}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t scheme_len = strlen(schemes[i].scheme);
        if (origin_len <= scheme_len || strncasecmp(origin, schemes[i].scheme, scheme_len) != 0) {
            continue;
        }
        struct text from = {origin + scheme_len, origin_len - scheme_len};
        struct text to = {host, host_len};
        if (on_loopback && !is_local_name(to)) {
            return 0;
        }
        from = without_port(from, schemes[i].default_port);
        to = without_port(to, schemes[i].default_port);
        return from.len == to.len && strncasecmp(from.start, to.start, to.len) == 0;
    }
    return 0;
}
