/* What a client takes and what it has already: the values of Accept-Encoding and If-None-Match. Pure. */
#ifndef PYEXEC_FRONT_HTTP_NEGOTIATION_H
#define PYEXEC_FRONT_HTTP_NEGOTIATION_H

#include <stddef.h>

/* What the value of an Accept-Encoding header says of a coding, in capitals or not: 1 it is taken, 0 it is not (q=0),
 * -1 nothing. "*" is a name like any other. */
int http_takes_coding(const char *value, size_t len, const char *name);

/* 1 when the value of an If-None-Match header is "*" or lists this tag (with its quotation marks), weak or strong. */
int http_lists_etag(const char *value, size_t len, const char *etag);

#endif
