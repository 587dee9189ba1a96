/* What the keeper tells a guest when it starts it. */
#ifndef PYEXEC_GUEST_OPTIONS_H
#define PYEXEC_GUEST_OPTIONS_H

#include "base/settings.h"
#include "wire/guest_kind.h"

struct guest_options {
    enum guest_kind kind;
    enum isolation tier;
    int log_as_json;           /* 1: JSON, 0: text */
    int no_memory_group;       /* 1: what sandboxes hold is known from /proc alone */
    const char *site_packages; /* the operator's directories of packages: a list as in base/path_list.h; "": none */
    const char *modules;       /* what a data guest imports for the operator, separated by commas; "": nothing */
    /* Without namespaces only: */
    int one_id;               /* 1: sandboxes keep the guest's user id */
    int prepared_root;        /* 1: the root is the prepared tree */
    const char *private_base; /* absolute; where private directories are */
    const char *preload;      /* absolute; the library that gives /tmp its meaning */
};

/* Reads the arguments, which the texts then point into. Returns 0 or -EINVAL. */
int guest_options_read(int argc, char **argv, struct guest_options *ret_options);

#define GUEST_USAGE                                                                                                    \
    "usage: pyexec-guest --kind lean|data --tier namespaces [OPTION...]\n"                                             \
    "       pyexec-guest --kind lean|data --tier landlock|seccomp --private-base DIR --preload LIBRARY [--one-id] "    \
    "[--prepared-root] [OPTION...]\n"                                                                                  \
    "options: --no-memory-group, --log-as-json, --site-packages DIR:DIR..., --modules NAME,NAME...\n"                  \
    "with the keeper's socket as descriptor 3\n"

#endif
