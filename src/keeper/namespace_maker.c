#include "keeper/namespace_maker.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/clone.h"
#include "jail/layers.h"
#include "jail/tree.h"
#include "wire/packet.h"

/* 1 while an init that shares the maker's memory is being prepared. */
static int preparing;

/* The stack of whichever init is being prepared: once asleep an init never uses it again. */
static _Alignas(64) char init_stack[64 * 1024];

static void shed_rights(void) {
    (void)syscall(SYS_close_range, 0U, ~0U, 0U);
    (void)jail_drop_bounding_set();
    /* A failure here leaves an init with more rights than it needs, all of them inside its own namespaces. */
    (void)jail_drop_capabilities();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Sets *word to 0, wakes who waits for that, and sleeps for good: without libc and without a stack, both of which are
 * somebody else's from then on. No handler is set for any signal. */
static _Noreturn void let_go_and_sleep(int *word) {
#if defined(__x86_64__)
    register long r10 __asm__("r10") = 0;
    __asm__ volatile("movl $0, (%%rdi)\n"
                     "movl %[futex], %%eax\n"
                     "syscall\n"
                     "1: movl %[pause], %%eax\n"
                     "syscall\n"
                     "jmp 1b"
                     :
                     : "D"(word), "S"((long)FUTEX_WAKE), "d"(1L),
                       "r"(r10), [futex] "i"(SYS_futex), [pause] "i"(SYS_pause)
                     : "rax", "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register int *x0 __asm__("x0") = word;
    register long x1 __asm__("x1") = FUTEX_WAKE;
    register long x2 __asm__("x2") = 1;
    register long x3 __asm__("x3") = 0;
    __asm__ volatile("stlr wzr, [x0]\n"
                     "mov x8, %[futex]\n"
                     "svc #0\n"
                     "1: mov x0, #0\n"
                     "mov x1, #0\n"
                     "mov x2, #0\n"
                     "mov x3, #0\n"
                     "mov x4, #0\n"
                     "mov x8, %[ppoll]\n"
                     "svc #0\n"
                     "b 1b"
                     :
                     : "r"(x0), "r"(x1), "r"(x2), "r"(x3), [futex] "i"(SYS_futex), [ppoll] "i"(SYS_ppoll)
                     : "x4", "x8", "memory");
#else
#error "how to make a system call is not known for this architecture"
#endif
    __builtin_unreachable();
}

static _Noreturn void sleep_for_good(void) {
    int nobody = 0;
    let_go_and_sleep(&nobody);
}

_Noreturn void namespace_init_run(void) {
    shed_rights();
    sleep_for_good();
}

static int prepare_sandbox(const struct namespace_request *request, int proc_fd, const char **ret_step) {
    int error = 0;
    *ret_step = "id map";
    if (request->own_user_namespace) {
        error = jail_write_id_maps(proc_fd, "self", request->uid, 0, 0, 0, 0);
    }
    if (!error) {
        *ret_step = "private directory";
        error = jail_mount_private_tmp(request->uid, request->gid, request->max_disk_bytes, request->max_inodes);
    }
    return error;
}

/* Prepares the namespaces that the calling process is the first of; it ends with them when it cannot. */
static void new_init(const struct namespace_request *request, int socket_fd, int proc_fd) {
    (void)prctl(PR_SET_NAME, "pyexec-init", 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)signal(SIGCHLD, SIG_IGN);
    const char *step = "";
    struct namespace_reply reply = {.sandbox_id = request->sandbox_id};
    reply.error = prepare_sandbox(request, proc_fd, &step);
    (void)snprintf(reply.step, sizeof reply.step, "%s", step);
    cleanup_close int own_pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (own_pidfd < 0 || packet_send(socket_fd, &reply, sizeof reply, &own_pidfd, 1) < 0 || reply.error) {
        _exit(1);
    }
    close_fd(&own_pidfd);
    shed_rights();
}

struct init_order {
    const struct namespace_request *request;
    int socket_fd, proc_fd;
};

static int new_sharing_init(void *argument) {
    const struct init_order *order = argument;
    new_init(order->request, order->socket_fd, order->proc_fd);
    (void)syscall(SYS_set_tid_address, NULL);
    let_go_and_sleep(&preparing);
}

/* An init that shares the maker's memory, which the kernel then need neither copy nor take down: that is half of what
 * an init costs. One at a time, since both use libc; the kernel clears the word for one that ends early. */
static int make_sharing_init(const struct namespace_request *request, int socket_fd, int proc_fd) {
    struct init_order order = {request, socket_fd, proc_fd};
    __atomic_store_n(&preparing, 1, __ATOMIC_RELEASE);
    int pid = clone(new_sharing_init, init_stack + sizeof init_stack,
                    CLONE_VM | CLONE_PARENT | CLONE_NEWPID | CLONE_NEWNS | CLONE_CHILD_CLEARTID | SIGCHLD, &order, NULL,
                    NULL, &preparing);
    if (pid < 0) {
        return -errno;
    }
    while (__atomic_load_n(&preparing, __ATOMIC_ACQUIRE) == 1) {
        (void)syscall(SYS_futex, &preparing, FUTEX_WAIT, 1, NULL, NULL, 0);
    }
    return 0;
}

/* With a user namespace of its own: a script's processes have the same id outside as its init, which therefore shares
 * no memory with anyone. */
static int make_lonely_init(const struct namespace_request *request, int socket_fd, int proc_fd) {
    int pidfd = -1;
    pid_t pid = jail_clone(CLONE_PARENT | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER, &pidfd);
    if (pid == 0) {
        new_init(request, socket_fd, proc_fd);
        sleep_for_good();
    }
    close_fd(&pidfd);
    return pid < 0 ? (int)pid : 0;
}

_Noreturn void namespace_maker_run(int socket_fd, int proc_fd) {
    (void)prctl(PR_SET_NAME, "pyexec-nsmaker", 0, 0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    int kept[] = {socket_fd, proc_fd};
    if (io_keep_only(STDERR_FILENO + 1, kept, 2)) {
        _exit(1);
    }
    socket_fd = kept[0];
    proc_fd = kept[1];
    for (;;) {
        struct namespace_request request;
        size_t n_fds = 0;
        ssize_t n = packet_receive(socket_fd, &request, sizeof request, NULL, 0, &n_fds);
        if (n != (ssize_t)sizeof request) {
            _exit(n == 0 ? 0 : 1);
        }
        int error = request.own_user_namespace ? make_lonely_init(&request, socket_fd, proc_fd)
                                               : make_sharing_init(&request, socket_fd, proc_fd);
        if (error) {
            struct namespace_reply reply = {.sandbox_id = request.sandbox_id, .error = error, .step = "new namespaces"};
            if (packet_send(socket_fd, &reply, sizeof reply, NULL, 0) < 0) {
                _exit(1);
            }
        }
    }
}
