/* Whether the kernel ends processes for want of memory that is not a sandbox's own: the machine's, or that of the
 * container or unit around the service. Who dies of that has done nothing wrong. For sandboxes without a memory group,
 * which would count it for each alone: counted is what the kernel ended in the group around the service, or, where that
 * cannot be told, on the machine, where other people's groups count as well. */
#ifndef PYEXEC_KEEPER_HOST_OOM_H
#define PYEXEC_KEEPER_HOST_OOM_H

#include <stdint.h>

struct keeper;

/* Notes how many there have been, at most once a second. */
void host_oom_sample(struct keeper *keeper, uint64_t now_us);

/* 1 when there have been some since they were noted last. */
int host_oom_happened(const struct keeper *keeper);

#endif
