/* What one process of a sandbox holds, as /proc tells it: for sandboxes that no memory control group measures. */
#ifndef PYEXEC_KEEPER_PROCESS_MEMORY_H
#define PYEXEC_KEEPER_PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for the path of a process below /proc: "PID", or "PID/task/TID". */
#define PROCESS_PATH_MAX 48

struct process_memory {
    uint64_t bytes; /* proportional share of its pages, swapped ones too, with its page tables and its list of maps */
    int hides;      /* 1: it maps shared memory whose size nobody can tell */
    int has_ended;  /* 1: it has no memory any more, nor has any thread of it; it may still wait to be waited for */
    /* Where below /proc to look for the rest of it: in that of one of its threads when the first one has ended, which
     * takes the view of all with it. */
    char path[PROCESS_PATH_MAX];
};

/* What is told of each map of a file that has no name any more: its inode and the path that it had, by the reader's
 * root, with " (deleted)" behind it. */
typedef void process_memory_unlinked(void *context, ino_t inode, const char *path);

/* Looks at one process; proc_fd is a descriptor of /proc. `on_unlinked` is called for each map of a file without a
 * name; NULL: nobody wants to know. A process that has ended holds nothing. */
void process_memory_measure(int proc_fd, pid_t pid, process_memory_unlinked *on_unlinked, void *context,
                            struct process_memory *ret_memory);

/* The part that reads /proc/PID/maps, one line without its end: adds to *maps, *hides and calls on_unlinked. */
void process_memory_read_map(const char *line, size_t *maps, int *hides, process_memory_unlinked *on_unlinked,
                             void *context);

#endif
