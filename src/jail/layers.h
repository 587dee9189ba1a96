/* The layers, one file and one apply call each. enter.c and front_jail.c hold the order in which they are called.
 *
 * All of them act on the calling process, return 0 or -errno, allocate nothing and log nothing. A call that has failed
 * may have changed something: the process must not go on. */
#ifndef PYEXEC_JAIL_LAYERS_H
#define PYEXEC_JAIL_LAYERS_H

#include <linux/filter.h>
#include <stdint.h>

#include "jail/enter.h"

/* cgroup_join.c: moves the caller into each group whose `tasks` (version 1) or `cgroup.procs` file is given; closes
 * them. */
int jail_join_cgroups(int *join_fds, size_t n);

/* descriptors.c: puts an empty memfd, the output pipes and the descriptors of enum jail_fd in place, closes all else.
 * options->place_fd is kept, at the number put into *ret_place_fd, close-on-exec. */
int jail_arrange_descriptors(const struct jail_options *options, int *ret_place_fd);

/* namespaces.c: enters the mount (and, where it has its own, user) namespace of the init behind init_fd, and a session
 * of its own. The working directory becomes /tmp. */
int jail_join_namespaces(int init_fd);

/* directory.c: without namespaces: a session of its own, and the private directory as working directory. */
int jail_enter_directory(int directory_fd);

/* rlimits.c */
int jail_set_rlimits(const struct jail_options *options);

/* identity.c: no supplementary groups where the kernel lets them be dropped, then gid and uid, all three each. */
int jail_set_identity(uint32_t uid, uint32_t gid);

/* capabilities.c: the bounding set goes first, since a change of user takes away the right to empty it; then the
 * ambient, inheritable, permitted and effective sets. */
int jail_drop_bounding_set(void);
int jail_drop_capabilities(void);

/* no_new_privs.c: no_new_privs, SIGKILL when the parent dies; and not dumpable, except where the watch has to look into
 * the process without being privileged. */
int jail_set_no_new_privs(int dumpable);

/* landlock.c */

/* The kernel's Landlock ABI, 0 when it has none. */
int jail_landlock_abi(void);
/* Sandbox: read and execute everywhere, write in /tmp and to harmless devices; no TCP; signals and abstract sockets
 * only inside the sandbox. 0 without doing anything when the kernel has no Landlock. */
int jail_landlock_sandbox(void);
/* Sandbox without namespaces: read and execute what root_paths.c names (with prepared_root: everything, since nothing
 * else is in there) and the file `readable` unless that is NULL and the directories of `site_packages` (a list as in
 * base/path_list.h), write beneath directory_fd; the rest likewise. */
int jail_landlock_directory(int directory_fd, int prepared_root, const char *readable, const char *site_packages);
/* Front: no file at all, no new TCP connection or listener. Likewise. */
int jail_landlock_front(void);

/* seccomp.c: installs a compiled table. no_new_privs must be set. ret_listener_fd is NULL or, for a table that asks,
 * where the descriptor goes on which the questions come (owned by the caller). */
int jail_install_filter(const struct sock_fprog *program, int *ret_listener_fd);

/* prepared_root.c: makes the prepared tree the root of the calling process, which needs CAP_SYS_CHROOT. The tree must
 * be root's own. */
int jail_enter_prepared_root(const char *path);
/* capabilities.c: keeps only these capabilities (bits), in the bounding set too. For the guest without namespaces,
 * which has to change the ids of its children and nothing else. */
int jail_limit_capabilities(uint64_t kept);

#endif
