/* Protection of a service on localhost from the web pages its user visits. Pure. */
#ifndef PYEXEC_FRONT_HTTP_ORIGIN_H
#define PYEXEC_FRONT_HTTP_ORIGIN_H

#include <stddef.h>

/* 1 when an Origin header's value names the very host and port of the Host header, so that the page it speaks of was
 * served by this service (or by the proxy in front of it). With `on_loopback` the host must also be "localhost" or an
 * IP literal: any other name can be made to point here by whoever owns it (DNS rebinding). */
int http_origin_is_own(const char *origin, size_t origin_len, const char *host, size_t host_len, int on_loopback);

#endif
