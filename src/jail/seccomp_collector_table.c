/* The system calls of collectors (src/keeper/collector.h): they list, measure and remove files, and read /proc. */
#include <errno.h>
#include <fcntl.h>

#include "jail/seccomp_table.h"

static const struct seccomp_row collector_table[] = {
    ALLOW("read", "read /proc"),
    ALLOW("close", "read /proc"),
    ALLOW_IF("openat", "directories and /proc; nothing is written", 1, {2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY}),
    ALLOW("getdents64", "list directories"),
    ALLOW("lseek", "list directories"),
    ALLOW("fstat", "measure files"),
    ALLOW("newfstatat", "measure files"),
    ALLOW("statx", "measure files"),
    ALLOW_IF("fcntl", "descriptor flags: fdopendir()", 1, {1, 0xffffffff, F_GETFL}),
    ALLOW_IF("fcntl", "likewise", 1, {1, 0xffffffff, F_SETFD}),
    ALLOW_IF("fcntl", "likewise", 1, {1, 0xffffffff, F_GETFD}),
    ALLOW("unlinkat", "empty directories"),
    ALLOW("renameat2", "empty directories"),
    ALLOW("fchmodat", "empty directories"),
    ALLOW("sendto", "tell the keeper"),
    ALLOW("mmap", "own memory"),
    ALLOW("munmap", "own memory"),
    ALLOW("mremap", "own memory"),
    ALLOW("brk", "own memory"),
    ALLOW("clock_gettime", "time"),
    ALLOW("clock_nanosleep", "time"),
    ALLOW("alarm", "time"),
    ALLOW("setitimer", "time, where alarm() is no call of its own"),
    ALLOW("restart_syscall", "time"),
    ALLOW("rt_sigreturn", "signals"),
#ifdef PYEXEC_SANITIZED
    ALLOW("sigaltstack", "AddressSanitizer asks for it before a function that does not return"),
#endif
    ALLOW("exit_group", "the end"),
    ALLOW("exit", "the end"),
};

const struct seccomp_row *seccomp_collector_table(size_t *ret_rows) {
    *ret_rows = sizeof collector_table / sizeof collector_table[0];
    return collector_table;
}
