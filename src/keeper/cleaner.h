/* What a cleaner does: empties a directory that a hostile script has filled. See collector.h. */
#ifndef PYEXEC_KEEPER_CLEANER_H
#define PYEXEC_KEEPER_CLEANER_H

/* Removes everything beneath the directory (an O_PATH descriptor), however deep, whatever its modes and names; follows
 * no link. Nothing else may change it meanwhile. `proc_fd` is a descriptor of /proc. Returns 0 or -errno. */
int cleaner_empty(int directory_fd, int proc_fd);

#endif
