#include "guest/memory_holder.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES 2048

/* How long the memory outlives a first process that nobody kills the holder for. */
#define PATIENCE_NS 20000000L

/* Where the kernel writes 0 when the first process ends or executes another program. */
static int *thread_id;
static _Alignas(64) char stack[STACK_BYTES];

/* 1 once the holder has no descriptor any more. */
static uint32_t settled;

/* Not libc's: the holder shares the thread's own area, errno included, with the first process. */
static long system_call(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
#else
#error "how to make a system call is not known for this architecture"
#endif
}

static int hold(void *first_id) {
    const struct timespec patience = {.tv_nsec = PATIENCE_NS};
    const long id = (long)(intptr_t)first_id;
    static const char name[] = "pyexec-hold";
    (void)system_call(SYS_close_range, 0, (long)~0U, 0, 0);
    (void)system_call(SYS_prctl, PR_SET_NAME, (long)(intptr_t)name, 0, 0);
    __atomic_store_n(&settled, 1, __ATOMIC_RELEASE);
    (void)system_call(SYS_futex, (long)(intptr_t)&settled, FUTEX_WAKE, 1, 0);
    while (__atomic_load_n(thread_id, __ATOMIC_RELAXED) == id) {
        (void)system_call(SYS_futex, (long)(intptr_t)thread_id, FUTEX_WAIT, id, 0);
    }
    (void)system_call(SYS_nanosleep, (long)(intptr_t)&patience, 0, 0, 0);
    return 0;
}

void memory_holder_prepare(void) {
    if (prctl(PR_GET_TID_ADDRESS, &thread_id) < 0) {
        thread_id = NULL;
    }
}

int memory_holder_start(int *ret_pidfd) {
    if (!thread_id) {
        return -ENOSYS;
    }
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before); /* inherited: nothing but SIGKILL and SIGSTOP reaches the holder */
    const long id = *thread_id;
    int pidfd = -1;
    settled = 0;
    /* No exit signal: a child that wait() passes over. */
    int pid = clone(hold, stack + sizeof stack, CLONE_VM | CLONE_PIDFD, (void *)(intptr_t)id, &pidfd);
    int error = pid < 0 ? -errno : 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    /* No script may come before: it could keep the holder from closing its descriptors, and write on after its end. */
    while (!error && __atomic_load_n(&settled, __ATOMIC_ACQUIRE) == 0) {
        (void)syscall(SYS_futex, &settled, FUTEX_WAIT, 0, NULL, NULL, 0);
    }
    if (!error) {
        *ret_pidfd = pidfd;
    }
    return error;
}
