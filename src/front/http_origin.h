/* Protection of the service from the web pages that its users visit. Pure. */
#ifndef PYEXEC_FRONT_HTTP_ORIGIN_H
#define PYEXEC_FRONT_HTTP_ORIGIN_H

#include <stddef.h>

/* 1 when a Host header's value is an IP address, "localhost" or a name below it, with or without a port. Any other name
 * can be made to point here by whoever owns it (DNS rebinding). */
int http_host_is_local(const char *host, size_t host_len);

/* 1 when it is one of the names in `list`, whatever its port. */
int http_host_is_listed(const char *host, size_t host_len, const char *list);

/* 1 when `list`, entries separated by commas, has this one, in capitals or not. */
int http_list_has(const char *list, const char *text, size_t len);

/* 1 when an Origin header's value names the very host and port of the Host header, so that the page it speaks of was
 * served by this service (or by the proxy in front of it), as far as the name can be trusted. */
int http_origin_is_own(const char *origin, size_t origin_len, const char *host, size_t host_len);

#endif
