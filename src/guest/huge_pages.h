/* Memory that all sandboxes of a guest read, in pages of 2 MiB.
 *
 * A fork copies an entry for each page of memory, its end takes one away, and in a virtual machine the first touch of
 * each page in each new process can cost several microseconds. One entry for 512 pages makes all three cheap. A page
 * that a sandbox writes is split off for it alone, as ever. */
#ifndef PYEXEC_GUEST_HUGE_PAGES_H
#define PYEXEC_GUEST_HUGE_PAGES_H

#include <stdint.h>

#define HUGE_PAGE_BYTES ((uintptr_t)2 << 20)

/* Turns what lies between the two addresses into huge pages as far as whole ones fit. Returns how many KiB, 0 where the
 * kernel does not do it (before Linux 6.1). */
uint64_t huge_pages_collapse(uintptr_t start, uintptr_t end);

/* Moves this program's own code and constants, Python's among them, into huge pages. Leaves them where they are when
 * that cannot be done. Returns how many KiB. Before there are threads. */
uint64_t huge_pages_move_text(void);

#endif
