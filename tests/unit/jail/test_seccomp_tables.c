/* The compiled tables, judged by a small interpreter of the filter language: what a call would get, without making it.
 */
#include "jail/seccomp_table.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "unit.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#else
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

static struct sock_fprog sandbox, shared_pids, one_id, no_group, asking, front;

static uint32_t run_filter(const struct sock_fprog *program, const struct seccomp_data *data) {
    uint32_t accumulator = 0;
    size_t pc = 0;
    while (pc < program->len) {
        const struct sock_filter *at = &program->filter[pc++];
        uint32_t value;
        switch (at->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(at->k + 4 <= sizeof *data);
            memcpy(&value, (const char *)data + at->k, 4);
            accumulator = value;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            accumulator &= at->k;
            break;
        case BPF_JMP | BPF_JA:
            pc += at->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += accumulator == at->k ? at->jt : at->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            pc += accumulator > at->k ? at->jt : at->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += accumulator >= at->k ? at->jt : at->jf;
            break;
        case BPF_RET | BPF_K:
            return at->k;
        default:
            fail_msg("instruction %#x is not known to this test", at->code);
        }
    }
    fail_msg("the program does not end");
    return 0;
}

static uint32_t judge(const struct sock_fprog *program, int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                      uint64_t e) {
    const struct seccomp_data data = {.nr = number, .arch = NATIVE_ARCH, .args = {a, b, c, d, e, 0}};
    return run_filter(program, &data);
}

#define VERDICT(number, ...) judge_with(&sandbox, (number), (const uint64_t[5]){__VA_ARGS__})

static uint32_t judge_with(const struct sock_fprog *program, int number, const uint64_t *a) {
    return judge(program, number, a[0], a[1], a[2], a[3], a[4]);
}

#define DENIED(errno_value) (SECCOMP_RET_ERRNO | (uint32_t)(errno_value))

static int compile_tables(void **state) {
    (void)state;
    size_t n_rows = 0;
    const struct seccomp_row *rows = seccomp_sandbox_table(&n_rows);
    if (seccomp_compile(rows, n_rows, &sandbox) < 0) {
        return -1;
    }
    rows = seccomp_asking_table(&n_rows);
    if (seccomp_compile_asking(rows, n_rows, &asking) < 0) {
        return -1;
    }
    rows = seccomp_front_table(&n_rows);
    if (seccomp_compile(rows, n_rows, &front) < 0) {
        return -1;
    }
    const struct {
        struct seccomp_lacks lacks;
        struct sock_fprog *program;
    } variants[] = {
        {{.namespaces = 1, .memory_group = 1}, &shared_pids},
        {{.namespaces = 1, .user_ids = 1, .memory_group = 1}, &one_id},
        {{.memory_group = 1}, &no_group},
    };
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        struct seccomp_row *made = seccomp_sandbox_variant(&variants[i].lacks, &n_rows);
        int error = made ? seccomp_compile(made, n_rows, variants[i].program) : -ENOMEM;
        free(made);
        if (error) {
            return -1;
        }
    }
    return 0;
}

static int free_tables(void **state) {
    (void)state;
    free(sandbox.filter);
    free(shared_pids.filter);
    free(one_id.filter);
    free(no_group.filter);
    free(asking.filter);
    free(front.filter);
    return 0;
}

static void at_most_140_calls_are_reachable(void **state) {
    (void)state;
    size_t n_rows = 0;
    const struct seccomp_row *rows = seccomp_sandbox_table(&n_rows);
    size_t reachable = seccomp_reachable_calls(rows, n_rows);
    assert_true(reachable >= 100);
    assert_true(reachable <= 140);
}

static void the_rows_make_sense(void **state) {
    (void)state;
    size_t n_rows = 0;
    const struct seccomp_row *rows = seccomp_sandbox_table(&n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        assert_true(strlen(rows[i].reason) > 3);
        assert_true(rows[i].n_tests <= SECCOMP_MAX_TESTS);
        assert_true(rows[i].verdict == SECCOMP_ALLOW_CALL || rows[i].deny_errno >= 0);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(rows[i].call, rows[j].call) == 0) {
                /* Alternatives: each of them with tests, all of them allowing. */
                assert_true(rows[i].verdict == SECCOMP_ALLOW_CALL && rows[j].verdict == SECCOMP_ALLOW_CALL);
                assert_true(rows[i].n_tests > 0 && rows[j].n_tests > 0);
            }
        }
    }
}

static void what_python_lives_on_is_allowed(void **state) {
    (void)state;
    const int calls[] = {SYS_read,  SYS_write,    SYS_openat, SYS_mmap,      SYS_futex,      SYS_execve,
                         SYS_wait4, SYS_unlinkat, SYS_pipe2,  SYS_getrandom, SYS_exit_group, SYS_kill};
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(VERDICT(calls[i], 0), SECCOMP_RET_ALLOW);
    }
}

static void the_dangerous_ones_are_refused(void **state) {
    (void)state;
    const int calls[] = {
        SYS_socket,          SYS_connect,          SYS_bind,        SYS_mount,          SYS_umount2,
        SYS_pivot_root,      SYS_unshare,          SYS_setns,       SYS_ptrace,         SYS_bpf,
        SYS_perf_event_open, SYS_keyctl,           SYS_userfaultfd, SYS_io_uring_setup, SYS_splice,
        SYS_vmsplice,        SYS_process_vm_readv, SYS_pidfd_open,  SYS_memfd_create,   SYS_open_by_handle_at,
        SYS_seccomp,         SYS_setuid,           SYS_reboot,      SYS_shmget,         SYS_flock,
        SYS_personality,     SYS_chroot,           SYS_timer_create};
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(VERDICT(calls[i], 0), DENIED(EPERM));
    }
}

static void callers_that_fall_back_get_their_answer(void **state) {
    (void)state;
    assert_int_equal(VERDICT(SYS_clone3, 0), DENIED(ENOSYS));
    assert_int_equal(VERDICT(SYS_getxattr, 0), DENIED(EOPNOTSUPP));
    assert_int_equal(VERDICT(SYS_flistxattr, 0), DENIED(EOPNOTSUPP));
    assert_int_equal(VERDICT(SYS_fsync, 0), DENIED(0));
    assert_int_equal(VERDICT(SYS_msync, 0, 4096, MS_SYNC), DENIED(0));
}

static void a_call_of_a_newer_kernel_is_unknown(void **state) {
    (void)state;
    assert_int_equal(VERDICT(1000, 0), DENIED(ENOSYS));
    assert_int_equal(VERDICT(0x3fffffff, 0), DENIED(ENOSYS));
}

static void foreign_architectures_kill(void **state) {
    (void)state;
    struct seccomp_data data = {.nr = 11, .arch = AUDIT_ARCH_I386};
    assert_int_equal(run_filter(&sandbox, &data), SECCOMP_RET_KILL_PROCESS);
    data.arch = AUDIT_ARCH_ARM;
    assert_int_equal(run_filter(&sandbox, &data), SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
    data.arch = AUDIT_ARCH_X86_64;
    data.nr = 0x40000000 | 1; /* x32's write */
    assert_int_equal(run_filter(&sandbox, &data), SECCOMP_RET_KILL_PROCESS);
#endif
}

static void clone_makes_threads_and_children_only(void **state) {
    (void)state;
    const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    assert_int_equal(VERDICT(SYS_clone, thread), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_clone, 17), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_clone, thread & ~(uint64_t)CLONE_FILES), DENIED(EPERM)); /* descriptors of its own */
    const uint64_t refused[] = {CLONE_NEWUSER, CLONE_NEWNS,     CLONE_NEWPID, CLONE_NEWNET,
                                CLONE_NEWIPC,  CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_PARENT};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(VERDICT(SYS_clone, refused[i] | 17), DENIED(EPERM));
    }
}

static void sockets_are_pairs_without_addresses(void **state) {
    (void)state;
    assert_int_equal(VERDICT(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_socketpair, AF_UNIX, SOCK_DGRAM), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_socketpair, AF_INET, SOCK_STREAM), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_sendto, 3, 1, 1, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_sendto, 3, 1, 1, 0, 0x1000), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_sendto, 3, 1, 1, 0, 0x100000000), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_sendmsg, 3, 1, MSG_OOB), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_recvmsg, 3, 1, MSG_OOB | MSG_DONTWAIT), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_recvmsg, 3, 1, MSG_DONTWAIT), SECCOMP_RET_ALLOW);
}

static void others_are_out_of_reach(void **state) {
    (void)state;
    assert_int_equal(VERDICT(SYS_prlimit64, 0, 1), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_prlimit64, 1, 1), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_sched_setaffinity, 2), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_setpriority, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_setpriority, 2, 0), DENIED(EPERM)); /* a whole user's processes */
}

static void only_harmless_controls_pass(void **state) {
    (void)state;
    assert_int_equal(VERDICT(SYS_fcntl, 1, F_GETFD), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_fcntl, 1, F_SETOWN), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_fcntl, 1, F_SETLEASE), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_fcntl, 1, F_NOTIFY), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_ioctl, 1, FIONREAD), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_ioctl, 1, TIOCSTI), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_prctl, PR_SET_NAME), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_prctl, PR_SET_DUMPABLE, 1), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_prctl, PR_SET_SECCOMP), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_mknodat, 3, 0, 0010644), SECCOMP_RET_ALLOW); /* a named pipe */
    assert_int_equal(VERDICT(SYS_mknodat, 3, 0, 0020644), DENIED(EPERM));     /* a character device */
}

static void memory_stays_ones_own(void **state) {
    (void)state;
    assert_int_equal(VERDICT(SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_madvise, 0, 4096, MADV_DONTNEED), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_madvise, 0, 4096, MADV_POPULATE_WRITE), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_madvise, 0, 4096, MADV_MERGEABLE), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_madvise, 0, 4096, MADV_HWPOISON), DENIED(EPERM));
    assert_int_equal(VERDICT(SYS_renameat2, 3, 0, 3, 0, RENAME_NOREPLACE), SECCOMP_RET_ALLOW);
    assert_int_equal(VERDICT(SYS_renameat2, 3, 0, 3, 0, RENAME_WHITEOUT), DENIED(EPERM));
#if defined(__x86_64__)
    assert_int_equal(VERDICT(SYS_arch_prctl, 0x1002), SECCOMP_RET_ALLOW); /* ARCH_SET_FS */
    assert_int_equal(VERDICT(SYS_arch_prctl, 0x2002), DENIED(EPERM));     /* ARCH_MAP_VDSO_32 */
#endif
}

static void without_namespaces_there_is_less(void **state) {
    (void)state;
    const struct sock_fprog *programs[] = {&shared_pids, &one_id};
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        const struct sock_fprog *program = programs[i];
        const uint32_t by_path = i == 0 ? SECCOMP_RET_ALLOW : DENIED(EPERM);
        assert_int_equal(judge(program, SYS_clone, 17, 0, 0, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(program, SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0), DENIED(EPERM));
        assert_int_equal(judge(program, SYS_fchmodat, 3, 0, 0644, 0, 0), by_path);
        assert_int_equal(judge(program, SYS_utimensat, 3, 0, 0, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(program, SYS_utimensat, 3, 4096, 0, 0, 0), by_path);
        assert_int_equal(judge(program, SYS_clock_gettime, 1, 0, 0, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(program, SYS_clock_gettime, (uint32_t)-6, 0, 0, 0, 0), DENIED(EPERM));
        assert_int_equal(judge(program, SYS_sched_getscheduler, 2, 0, 0, 0, 0), DENIED(EPERM));
        /* Space on a disk, at once and past the limit on a file's size. */
        assert_int_equal(judge(program, SYS_fallocate, 3, 1, 0, 1 << 30, 0), DENIED(EOPNOTSUPP));
        assert_int_equal(judge(program, SYS_sendmsg, 3, 0, 0, 0, 0), DENIED(EPERM));
    }
    assert_int_equal(VERDICT(SYS_fallocate, 3, 0, 0, 4096), SECCOMP_RET_ALLOW);
}

static void without_a_memory_group_no_memory_is_shared_without_a_file(void **state) {
    (void)state;
    const struct sock_fprog *programs[] = {&shared_pids, &one_id, &no_group};
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        const uint64_t anonymous = MAP_ANONYMOUS | MAP_NORESERVE;
        assert_int_equal(judge(programs[i], SYS_mmap, 0, 4096, 3, anonymous | MAP_PRIVATE, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(programs[i], SYS_mmap, 0, 4096, 3, MAP_SHARED, 4), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(programs[i], SYS_mmap, 0, 4096, 3, MAP_PRIVATE, 4), SECCOMP_RET_ALLOW);
        assert_int_equal(judge(programs[i], SYS_mmap, 0, 4096, 3, anonymous | MAP_SHARED, 0), DENIED(EPERM));
        assert_int_equal(judge(programs[i], SYS_mmap, 0, 4096, 3, anonymous | MAP_SHARED_VALIDATE, 0), DENIED(EPERM));
        assert_int_equal(judge(programs[i], SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_HUGETLB, 4), DENIED(EPERM));
    }
    assert_int_equal(VERDICT(SYS_mmap, 0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS), SECCOMP_RET_ALLOW);
}

static void with_one_user_id_each_new_process_is_asked_for(void **state) {
    (void)state;
    assert_int_equal(judge(&asking, SYS_clone, 17, 0, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
    assert_int_equal(judge(&asking, SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
#ifdef SYS_vfork
    assert_int_equal(judge(&asking, SYS_vfork, 0, 0, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
#endif
    assert_int_equal(judge(&asking, SYS_read, 0, 0, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(judge(&asking, SYS_seccomp, 0, 0, 0, 0, 0), SECCOMP_RET_ALLOW); /* the other one comes after it */
}

static void front_opens_and_starts_nothing(void **state) {
    (void)state;
    const int refused[] = {SYS_openat, SYS_socket, SYS_connect, SYS_execve, SYS_clone, SYS_ptrace, SYS_unlinkat};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(judge(&front, refused[i], 0, 0, 0, 0, 0), DENIED(EPERM));
    }
    assert_int_equal(judge(&front, SYS_accept4, 0, 0, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(judge(&front, SYS_epoll_wait, 0, 0, 0, 0, 0), SECCOMP_RET_ALLOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_most_140_calls_are_reachable),
        cmocka_unit_test(the_rows_make_sense),
        cmocka_unit_test(what_python_lives_on_is_allowed),
        cmocka_unit_test(the_dangerous_ones_are_refused),
        cmocka_unit_test(callers_that_fall_back_get_their_answer),
        cmocka_unit_test(a_call_of_a_newer_kernel_is_unknown),
        cmocka_unit_test(foreign_architectures_kill),
        cmocka_unit_test(clone_makes_threads_and_children_only),
        cmocka_unit_test(sockets_are_pairs_without_addresses),
        cmocka_unit_test(others_are_out_of_reach),
        cmocka_unit_test(only_harmless_controls_pass),
        cmocka_unit_test(memory_stays_ones_own),
        cmocka_unit_test(without_namespaces_there_is_less),
        cmocka_unit_test(without_a_memory_group_no_memory_is_shared_without_a_file),
        cmocka_unit_test(with_one_user_id_each_new_process_is_asked_for),
        cmocka_unit_test(front_opens_and_starts_nothing),
    };
    return cmocka_run_group_tests_name("seccomp tables", tests, compile_tables, free_tables);
}
