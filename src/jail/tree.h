/* The file tree and the namespaces that sandboxes live in. Called by the keeper's disposable children, never by the
 * keeper itself. */
#ifndef PYEXEC_JAIL_TREE_H
#define PYEXEC_JAIL_TREE_H

#include <stdint.h>
#include <sys/types.h>

/* First user and group id of the slots as seen inside the user namespace; slot n has this plus n. */
#define JAIL_FIRST_SLOT_ID 1000u

/* Where the operator's own packages lie in the tree of the namespaces tier: each directory by its number, from 1. */
#define SITE_PACKAGES_MOUNT "/site-packages"
#define SITE_PACKAGES_MAX 32

/* root_tree.c: in a mount namespace of the caller's own, builds the minimal tree (system directories read-only, a few
 * files of /etc, harmless devices, an empty /tmp, and beneath SITE_PACKAGES_MOUNT the directories of `site_packages`, a
 * list as in base/path_list.h, "" for none) and makes it the root; the old one is let go. `n_slots` accounts are named
 * in its /etc/passwd. Returns 0 or -errno with the path at fault in *ret_path (static text). */
int jail_build_root(uint32_t n_slots, const char *site_packages, const char **ret_path);

/* private_tmp.c: for the mount namespace of one sandbox: makes the root read-only and lays an empty tmpfs of its own on
 * /tmp, owned by uid and gid. Returns 0 or -errno. */
int jail_mount_private_tmp(uint32_t uid, uint32_t gid, uint64_t max_bytes, uint64_t max_inodes);

/* user_namespace.c: writes the id maps of the process `pid`, which has just unshared its user namespace. `proc_fd` is a
 * descriptor of /proc, `pid_text` the process in it ("self" or a number). With n_slots > 0 (privileged) 0 becomes
 * outside_root and the slots' ids become first_outside_slot and up; with n_slots 0 the one id `inside` becomes
 * outside_root, which must be the caller's own. Returns 0 or -errno. */
int jail_write_id_maps(int proc_fd, const char *pid_text, uint32_t inside, uint32_t outside_root_uid,
                       uint32_t outside_root_gid, uint32_t first_outside_slot, uint32_t n_slots);

#endif
