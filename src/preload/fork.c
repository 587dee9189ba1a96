/* fork() and vfork(), which are never interrupted by a signal, so that nobody expects it of them. Where each new
 * process has to be permitted first (asking_table in src/jail/seccomp_variants.c), a signal that is handled without
 * SA_RESTART before the keeper has taken the question ends the call with EINTR. It has done nothing then, so it is made
 * again. libc blocks all signals around the calls of posix_spawn() and pthread_create(). */
#include <sys/types.h>

#include "preload/preload.h"

DECLARE_NEXT(fork);
EXPORT pid_t fork(void) {
    const int saved = errno;
    pid_t pid;
    do {
        pid = NEXT(fork)();
    } while (pid < 0 && errno == EINTR);
    if (pid >= 0) {
        errno = saved;
    }
    return pid;
}

/* The child of vfork() runs on the caller's stack and returns first: no C function may stand between, so the return
 * address is kept in a register as libc's own does. EINTR is 4. */
#if defined(__x86_64__)
__asm__(".pushsection .text\n"
        ".globl vfork\n"
        ".type vfork, @function\n"
        "vfork:\n"
        "    endbr64\n"
        "    popq %rdi\n"
        "1:  movl $58, %eax\n" /* SYS_vfork, which keeps rdi */
        "    syscall\n"
        "    cmpq $-4, %rax\n"
        "    je 1b\n"
        "    pushq %rdi\n"
        "    cmpq $-4095, %rax\n"
        "    jae 2f\n"
        "    ret\n"
        "2:  negl %eax\n"
        "    pushq %rax\n"
        "    call __errno_location@PLT\n"
        "    popq %rcx\n"
        "    movl %ecx, (%rax)\n"
        "    movq $-1, %rax\n"
        "    ret\n"
        ".size vfork, .-vfork\n"
        ".popsection\n");
#elif defined(__aarch64__)
__asm__(".pushsection .text\n"
        ".globl vfork\n"
        ".type vfork, %function\n"
        "vfork:\n"
        "    hint 34\n"         /* bti c */
        "1:  mov x0, #0x4111\n" /* CLONE_VM | CLONE_VFORK | SIGCHLD */
        "    mov x1, #0\n"
        "    mov x8, #220\n" /* SYS_clone */
        "    svc #0\n"
        "    cmn x0, #4\n"
        "    b.eq 1b\n"
        "    tbnz x0, #63, 2f\n"
        "    ret\n"
        "2:  stp x29, x30, [sp, #-32]!\n"
        "    neg w0, w0\n"
        "    str w0, [sp, #16]\n"
        "    bl __errno_location\n"
        "    ldr w1, [sp, #16]\n"
        "    str w1, [x0]\n"
        "    ldp x29, x30, [sp], #32\n"
        "    mov x0, #-1\n"
        "    ret\n"
        ".size vfork, .-vfork\n"
        ".popsection\n");
#endif
