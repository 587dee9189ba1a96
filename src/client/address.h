/* Where the service is. */
#ifndef PYEXEC_CLIENT_ADDRESS_H
#define PYEXEC_CLIENT_ADDRESS_H

#include "client/exit_status.h"

#define ADDRESS_MAX 1024u

struct address {
    char base[ADDRESS_MAX]; /* http://host:port/prefix, without a slash at its end */
    char unix_path[108];    /* "": TCP */
    int is_open;            /* a key would go unencrypted to another machine */
};

/* Reads "http:", "https:" with // and a host behind it, or unix:/path. Nothing is looked up. Returns 0, or -1 with
 * *failure. */
int address_read(const char *url, struct address *ret_address, struct failure *failure);

#endif
