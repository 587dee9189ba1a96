/* What a sandbox sees of the system's files, in every tier: brought into a tree of its own by mounts (root_tree.c),
 * prepared as a tree of hard links (pyexec-make-root), or left where it is and allowed by Landlock (landlock.c). */
#ifndef PYEXEC_JAIL_ROOT_PATHS_H
#define PYEXEC_JAIL_ROOT_PATHS_H

/* Directories and links that make up the system; ends with NULL, as all of them. A link stays a link (Debian's
 * /bin -> usr/bin). One that the host does not have is left out. */
extern const char *const root_system_paths[];

/* Of /etc only what the loader, Python's packages and libc's tables need; nothing that says something of the host. */
extern const char *const root_etc_paths[];

/* Devices that are harmless for everyone. */
extern const char *const root_device_paths[];

#endif
