/* The text of the setting `listen`, as a socket address. */
#ifndef PYEXEC_BASE_LISTEN_ADDRESS_H
#define PYEXEC_BASE_LISTEN_ADDRESS_H

#include <sys/socket.h>

/* A Unix socket that was handed over. Who hands it over decides where it lies and who may connect. */
#define LISTEN_ADDRESS_UNIX "unix"

struct listen_address {
    struct sockaddr_storage address;
    socklen_t size;
    /* 1 for ":port": address is [::] and is to be bound without IPV6_V6ONLY; where the machine has no IPv6 the caller
     * binds 0.0.0.0 and the same port instead. */
    int every_address;
};

/* Reads "address:port", "[address]:port" for IPv6, "localhost:port" (127.0.0.1) or ":port"; the port is 0 to 65535.
 * LISTEN_ADDRESS_UNIX is an address of the family AF_UNIX without a name. No name is looked up. Returns 0, or -EINVAL
 * with *ret_address untouched. */
int listen_address_parse(const char *text, struct listen_address *ret_address);

#endif
