/* A prepared tree: what the namespaces tier mounts together, made of hard links on the disk, for hosts where a sandbox
 * may change its root but not mount anything (a plain `docker run` as root). */
#ifndef PYEXEC_IMAGE_PREPARED_TREE_H
#define PYEXEC_IMAGE_PREPARED_TREE_H

#include <limits.h>
#include <stdint.h>

struct prepared_tree_options {
    const char *source; /* the system it is made of: "/" but in tests and image builds */
    const char *target; /* must not exist; its parent must */
    /* A directory whose files must be there at the same place, absolute, within `source`; NULL for none. */
    const char *program_dir;
    uint32_t first_id, n_accounts; /* named in the tree's /etc/passwd */
};

struct prepared_tree_report {
    uint64_t directories, links, symlinks;
    uint64_t copies; /* files that could not be linked, such as from another file system */
    uint64_t
        left_out; /* setuid, setgid, with capabilities, writable for everyone; neither file, directory nor symlink */
    int device_error;    /* 0, or -errno when a device could not be made: the tree then has none of those after it */
    char path[PATH_MAX]; /* where it failed */
};

/* Makes the tree beside its place and renames it when it is whole, so that no half tree is ever found there. Everything
 * in it belongs to the caller, but for the files that are links. Returns 0, or -errno with ret_report->path set;
 * *ret_report is always written. What was made until a failure stays, as <target>.new, and has to be removed before
 * another attempt. */
int prepared_tree_make(const struct prepared_tree_options *options, struct prepared_tree_report *ret_report);

#endif
