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

/* "[::1]:80" and "localhost:80" without the port; the length 0 when it is neither form. */
static struct text bare_name(struct text host, int *ret_is_bracketed) {
    const struct text none = {host.start, 0};
    const char *end = memchr(host.start, host.len > 0 && host.start[0] == '[' ? ']' : ':', host.len);
    const char *host_end = host.start + host.len;
    struct text bare = host;
    int is_bracketed = host.len > 0 && host.start[0] == '[';
    *ret_is_bracketed = is_bracketed;
    if (is_bracketed && !end) {
        return none;
    }
    bare.start += is_bracketed;
    bare.len = (size_t)((end ? end : host_end) - bare.start);
    return is_port(end ? end + is_bracketed : host_end, host_end) ? bare : none;
}

int http_host_is_local(const char *host, size_t host_len) {
    static const char localhost[] = "localhost";
    const size_t localhost_len = sizeof localhost - 1;
    char name[INET6_ADDRSTRLEN];
    struct in6_addr address;
    int is_bracketed;
    struct text bare = bare_name((struct text){host, host_len}, &is_bracketed);
    /* Names below localhost never leave the machine either (RFC 6761). */
    if (!is_bracketed && bare.len >= localhost_len &&
        strncasecmp(bare.start + bare.len - localhost_len, localhost, localhost_len) == 0 &&
        (bare.len == localhost_len || bare.start[bare.len - localhost_len - 1] == '.')) {
        return 1;
    }
    if (bare.len >= sizeof name) {
        return 0;
    }
    memcpy(name, bare.start, bare.len);
    name[bare.len] = '\0';
    return inet_pton(is_bracketed ? AF_INET6 : AF_INET, name, &address) == 1;
}

int http_list_has(const char *list, const char *text, size_t len) {
    while (*list) {
        size_t entry_len = strcspn(list, ",");
        if (entry_len == len && strncasecmp(list, text, len) == 0) {
            return 1;
        }
        list += entry_len + (list[entry_len] == ',');
    }
    return 0;
}

int http_host_is_listed(const char *host, size_t host_len, const char *list) {
    int is_bracketed;
    struct text bare = bare_name((struct text){host, host_len}, &is_bracketed);
    return bare.len > 0 && !is_bracketed && http_list_has(list, bare.start, bare.len);
}

int http_origin_is_own(const char *origin, size_t origin_len, const char *host, size_t host_len) {
    static const struct { const char *scheme, *default_port; } schemes[] = {{"http://", ":80"}, {"https://", ":443"}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t scheme_len = strlen(schemes[i].scheme);
        if (origin_len <= scheme_len || strncasecmp(origin, schemes[i].scheme, scheme_len) != 0) {
            continue;
        }
        struct text from = {origin + scheme_len, origin_len - scheme_len};
        struct text to = {host, host_len};
        from = without_port(from, schemes[i].default_port);
        to = without_port(to, schemes[i].default_port);
        return from.len == to.len && strncasecmp(from.start, to.start, to.len) == 0;
    }
    return 0;
}
