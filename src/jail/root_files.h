/* What every minimal tree holds that does not come from the system: empty directories, a few files of /etc, links.
 * Used where it is mounted together (root_tree.c) and where it is prepared (pyexec-make-root). */
#ifndef PYEXEC_JAIL_ROOT_FILES_H
#define PYEXEC_JAIL_ROOT_FILES_H

#include <stdint.h>

/* Makes the directories, all of mode 0755, in the empty directory `root`; the umask must be 022. Returns 0 or -errno
 * with the path at fault in *ret_path (static text). */
int root_make_directories(int root, const char **ret_path);

/* Makes /etc/passwd and /etc/group with root, nobody and n_accounts users from `first_id` on, so that ids have names,
 * and tables that know no host and no resolver. Likewise. */
int root_make_etc_files(int root, uint32_t first_id, uint32_t n_accounts, const char **ret_path);

/* Makes the links that lead other places for temporary files to /tmp. Likewise. */
int root_make_links(int root, const char **ret_path);

/* Makes a file of mode 0644 that must not exist. Returns 0 or -errno. */
int root_make_file(int root, const char *path, const char *content);

#endif
