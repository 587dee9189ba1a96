/* How much memory there is for the service and everything it starts. */
#ifndef PYEXEC_FRONT_HOST_MEMORY_H
#define PYEXEC_FRONT_HOST_MEMORY_H

#include <stdint.h>

/* The machine's memory, or the least limit of a control group that the calling process is in (version 2 or 1), as far
 * as it can be seen: in a container the container's own. `root` is "", or another tree than / to look in. Opens files,
 * so only before the jail. Returns bytes; 0 when not even the machine's can be read. */
uint64_t host_memory_bytes(const char *root);

#endif
