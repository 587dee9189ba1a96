/* The system calls of front: an event loop over descriptors that it has or is given. It opens nothing, starts nothing
 * and connects to nobody. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "jail/seccomp_table.h"

static const struct seccomp_row front_table[] = {
    ALLOW("read", "requests, answers, scripts, output"),
    ALLOW("write", "requests, answers, scripts, output"),
    ALLOW("readv", "requests, answers, scripts, output"),
    ALLOW("writev", "requests, answers, scripts, output"),
    ALLOW("pread64", "requests, answers, scripts, output"),
    ALLOW("close", "requests, answers, scripts, output"),
    ALLOW("close_range", "requests, answers, scripts, output"),
    ALLOW("recvmsg", "requests, answers, scripts, output"),
    ALLOW("sendmsg", "requests, answers, scripts, output"),
    ALLOW("recvfrom", "requests, answers, scripts, output"),
    ALLOW("sendto", "requests, answers, scripts, output"),
    ALLOW("shutdown", "requests, answers, scripts, output"),
    ALLOW("lseek", "requests, answers, scripts, output"),
    ALLOW("fstat", "requests, answers, scripts, output"),
    ALLOW("newfstatat", "requests, answers, scripts, output"),
    ALLOW("accept4", "sockets of clients: accepted, never made"),
    ALLOW("getsockname", "sockets of clients: accepted, never made"),
    ALLOW("getpeername", "sockets of clients: accepted, never made"),
    ALLOW("getsockopt", "sockets of clients: accepted, never made"),
    ALLOW("setsockopt", "sockets of clients: accepted, never made"),
    ALLOW("epoll_create1", "the event loop"),
    ALLOW("epoll_ctl", "the event loop"),
    ALLOW("epoll_wait", "the event loop"),
    ALLOW("epoll_pwait", "the event loop"),
    ALLOW("epoll_pwait2", "the event loop"),
    ALLOW("poll", "the event loop"),
    ALLOW("ppoll", "the event loop"),
    ALLOW("eventfd2", "the event loop"),
    ALLOW("timerfd_create", "the event loop"),
    ALLOW("timerfd_settime", "the event loop"),
    ALLOW("mmap", "memory"),
    ALLOW("munmap", "memory"),
    ALLOW("mprotect", "memory"),
    ALLOW("mremap", "memory"),
    ALLOW("madvise", "memory"),
    ALLOW("brk", "memory"),
    ALLOW("futex", "the rest of libc"),
    ALLOW("clock_gettime", "the rest of libc"),
    ALLOW("clock_nanosleep", "the rest of libc"),
    ALLOW("nanosleep", "the rest of libc"),
    ALLOW("gettimeofday", "the rest of libc"),
    ALLOW("getrandom", "the rest of libc"),
    ALLOW("getpid", "the rest of libc"),
    ALLOW("gettid", "the rest of libc"),
    ALLOW("tgkill", "the rest of libc"),
    ALLOW("rt_sigaction", "the rest of libc"),
    ALLOW("rt_sigprocmask", "the rest of libc"),
    ALLOW("rt_sigreturn", "the rest of libc"),
    ALLOW("sigaltstack", "the rest of libc"),
    ALLOW("exit", "the rest of libc"),
    ALLOW("exit_group", "the rest of libc"),
    ALLOW("restart_syscall", "the rest of libc"),
    ALLOW("sched_yield", "the rest of libc"),
    ALLOW("getrusage", "the rest of libc"),
    ALLOW("sysinfo", "the rest of libc"),
    ALLOW_IF("fcntl", "descriptor flags", 1, {1, 0xffffffff, F_GETFL}),
    ALLOW_IF("fcntl", "descriptor flags", 1, {1, 0xffffffff, F_SETFL}),
    ALLOW_IF("fcntl", "descriptor flags", 1, {1, 0xffffffff, F_GETFD}),
    ALLOW_IF("fcntl", "descriptor flags", 1, {1, 0xffffffff, F_SETFD}),
    /* A refused client's connection is kept open by a second descriptor, or its answer would be reset away. */
    ALLOW_IF("fcntl", "second descriptors", 1, {1, 0xffffffff, F_DUPFD_CLOEXEC}),
    ALLOW_IF("fcntl", "larger pipes for scripts that write much", 1, {1, 0xffffffff, F_SETPIPE_SZ}),
    ALLOW_IF("ioctl", "descriptor state", 1, {1, 0xffffffff, FIONREAD}),
    ALLOW_IF("ioctl", "descriptor state", 1, {1, 0xffffffff, FIONBIO}),
    DENY("socket", EPERM, "connects to nobody"),
    DENY("openat", EPERM, "opens nothing"),
    DENY("open", EPERM, "opens nothing"),
};

const struct seccomp_row *seccomp_front_table(size_t *ret_rows) {
    *ret_rows = sizeof front_table / sizeof front_table[0];
    return front_table;
}
