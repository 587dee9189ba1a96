/* The namespace maker: a small process beside each guest that makes the namespaces of every sandbox and the init that
 * holds them, so that this is neither the keeper's work nor done with the guest's large address space.
 *
 * It talks only with the keeper, in messages of fixed size. */
#ifndef PYEXEC_KEEPER_NAMESPACE_MAKER_H
#define PYEXEC_KEEPER_NAMESPACE_MAKER_H

#include <stdint.h>

/* Keeper to maker. */
struct namespace_request {
    uint64_t sandbox_id;
    uint64_t max_disk_bytes;
    uint64_t max_inodes;
    uint32_t uid, gid;           /* owner of the private directory, inside the sandbox's user namespace */
    uint32_t own_user_namespace; /* 1: with only one outside id, each sandbox gets a user namespace of its own: the
                                    kernel then counts its processes alone, and it is not root in it */
    uint32_t reserved;
};

/* The new init to keeper, with its pidfd; with error set it is about to exit. */
struct namespace_reply {
    uint64_t sandbox_id;
    int32_t error;
    char step[28];
};

/* The maker's life, in a process of its own: answers requests from socket_fd until the keeper closes it. `proc_fd` is a
 * descriptor of the host's /proc, for own user namespaces. Every other descriptor is closed. Does not return. */
_Noreturn void namespace_maker_run(int socket_fd, int proc_fd);

/* The life of an init, once all is prepared: holds no descriptor, no right, and sleeps until it is killed; orphans are
 * reaped by the kernel. The first process of a pid namespace calls it. Does not return. */
_Noreturn void namespace_init_run(void);

#endif
