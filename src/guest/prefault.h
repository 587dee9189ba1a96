/* Pages that every run writes, made a new sandbox's own at once instead of fault by fault.
 *
 * After a fork each page that is written costs a fault and a copy, and Python writes to most pages that it touches, for
 * the reference counts. Which ones a run writes hardly varies: the guest learns it once, from a trial child whose
 * memory is write-protected, and a new sandbox then populates just those. Measured on a 2-core virtual machine: lean
 * 590 pages, data 2,400, at 15 to 25 us for a fault against 1 to 2 us for a populated page. */
#ifndef PYEXEC_GUEST_PREFAULT_H
#define PYEXEC_GUEST_PREFAULT_H

#include <stdint.h>

/* Begins to note where memory comes from. Before Python is initialised, while nothing but C start-up has run. */
void prefault_watch(void);

/* Turns Python's objects and the heap into huge pages where they fill some (huge_pages.h): in the guest, once it is
 * warm and before prefault_learn(). Returns how many KiB. */
uint64_t prefault_collapse(void);

/* Forks a trial child that calls work(context) and exits, and remembers the pages that it wrote. The caller wraps it in
 * PyOS_BeforeFork() and PyOS_AfterFork_Parent(); `work` begins with PyOS_AfterFork_Child(). Returns the number of
 * pages, or -errno: then nothing is known, and prefault_apply() does nothing. */
int prefault_learn(void (*work)(const void *context), const void *context);

/* Populates what was learned. In a new sandbox, once it has joined its control group, so that the pages count there. */
void prefault_apply(void);

#endif
