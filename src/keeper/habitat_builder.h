/* Builds a habitat: the user, pid, mount, ipc, uts, net and cgroup namespaces that one guest and its sandboxes live in,
 * the read-only tree, and the three processes that come first there: init, namespace maker, guest. Without namespaces
 * there is only the guest, in the prepared tree where there is one. */
#ifndef PYEXEC_KEEPER_HABITAT_BUILDER_H
#define PYEXEC_KEEPER_HABITAT_BUILDER_H

#include <stdint.h>

enum builder_stage {
    BUILDER_NEEDS_MAPS = 1, /* builder to keeper: write my id maps; no descriptor */
    BUILDER_GO_ON = 2,      /* keeper to builder: they are written */
    BUILDER_DONE = 3, /* builder to keeper: 3 descriptors, see enum builder_fd; without namespaces the guest's only */
    BUILDER_FAILED = 4,
};

enum builder_fd { BUILDER_FD_INIT = 0, BUILDER_FD_MAKER = 1, BUILDER_FD_GUEST = 2, BUILDER_FDS = 3 };

struct builder_message {
    uint32_t stage; /* enum builder_stage */
    int32_t error;  /* BUILDER_FAILED: -errno */
    char step[56];  /* BUILDER_FAILED: what could not be done */
};

struct builder_options {
    int keeper_fd;          /* SOCK_SEQPACKET, for builder_message */
    int maker_fd;           /* the namespace maker's end */
    int guest_fd;           /* the guest's end, FIXED_FD_KEEPER there */
    int guest_program;      /* descriptor of pyexec-guest */
    const char *guest_kind; /* "lean" or "data" */
    uint32_t n_slots;       /* accounts in /etc/passwd */
    int use_user_namespace; /* 0 only for a root whose host has none */
    int one_id;             /* 1: only the caller's own id is mapped */

    int namespaces;            /* 0: none are made, and the rest counts */
    int no_memory_group;       /* 1: there is no control group for memory */
    const char *site_packages; /* directories to mount with namespaces; a list as in base/path_list.h, as the next */
    const char *site_packages_inside; /* what the guest knows them by */
    const char *modules;              /* what a data guest imports for the operator, separated by commas */
    const char *tier;                 /* name of the tier */
    const char *prepared_root;        /* the tree that becomes the guest's root, or NULL */
    const char *private_base;         /* where private directories are, as the guest sees it */
    const char *guest_tmp;            /* the guest's own one */
    const char *preload;              /* the library that gives /tmp its meaning */
};

/* The builder's life, in a process of its own, a child of the keeper's. Does not return. */
_Noreturn void habitat_builder_run(const struct builder_options *options);

#endif
