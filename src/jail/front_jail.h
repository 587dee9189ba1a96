/* The jail of front: entered once, before it reads its first byte from the network. */
#ifndef PYEXEC_JAIL_FRONT_JAIL_H
#define PYEXEC_JAIL_FRONT_JAIL_H

#include <stdint.h>

#include "jail/steps.h"

/* Puts the calling process, single-threaded and fully set up, behind every layer the host gives: empty root, own
 * namespaces, own user, no capabilities, no_new_privs, Landlock without any file or new TCP connection, and a seccomp
 * table of what an event loop over open descriptors needs. `uid` and `gid` are taken on when the process may change
 * them (started by root), otherwise they are ignored. Descriptors are kept as they are. Afterwards no file can be
 * opened: load locale data, time zones, name services before. Returns 0, or -errno with the step in *ret_step. */
int jail_enter_front(uint32_t uid, uint32_t gid, enum jail_step *ret_step);

#endif
