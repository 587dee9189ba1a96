#include "keeper/process.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "jail/clone.h"
#include "unit.h"

/* A child that waits until it is killed. */
static pid_t start_sleeper(int *ret_pidfd) {
    pid_t pid = jail_clone(0, ret_pidfd);
    if (pid == 0) {
        for (;;) {
            (void)pause();
        }
    }
    assert_true(pid > 0);
    return pid;
}

static struct process_end wait_for_end(int pidfd) {
    struct process_end end;
    int ended;
    do {
        ended = process_reap(pidfd, &end);
    } while (ended == 0);
    assert_int_equal(ended, 1);
    return end;
}

static void an_exit_status_is_told(void **state) {
    (void)state;
    cleanup_close int pidfd = -1;
    if (jail_clone(0, &pidfd) == 0) {
        _exit(42);
    }
    struct process_end end = wait_for_end(pidfd);
    assert_true(end.exited);
    assert_int_equal(end.exit_code, 42);
    assert_int_equal(end.signal, 0);
}

static void a_signal_is_told(void **state) {
    (void)state;
    cleanup_close int pidfd = -1;
    (void)start_sleeper(&pidfd);
    assert_int_equal(process_signal(pidfd, SIGTERM), 0);
    struct process_end end = wait_for_end(pidfd);
    assert_false(end.exited);
    assert_int_equal(end.signal, SIGTERM);
}

static void nothing_is_reaped_twice(void **state) {
    (void)state;
    cleanup_close int pidfd = -1;
    (void)start_sleeper(&pidfd);
    struct process_end end = {.exit_code = 7};
    assert_int_equal(process_reap(pidfd, &end), 0);
    assert_int_equal(end.exit_code, 7); /* untouched */
    assert_false(process_is_waitable(pidfd));
    assert_int_equal(process_signal(pidfd, SIGKILL), 0);
    while (!process_is_waitable(pidfd)) {
    }
    (void)wait_for_end(pidfd);
    assert_false(process_is_waitable(pidfd));
    assert_int_equal(process_reap(pidfd, &end), -ECHILD);
    assert_int_equal(process_signal(pidfd, SIGKILL), -ESRCH);
}

static void the_pid_behind_a_descriptor_is_found(void **state) {
    (void)state;
    cleanup_close int pidfd = -1;
    pid_t pid = start_sleeper(&pidfd);
    assert_int_equal(process_pid(pidfd), pid);
    (void)process_signal(pidfd, SIGKILL);
    (void)wait_for_end(pidfd);
    assert_true(process_pid(pidfd) < 0);
}

static void cpu_time_and_memory_of_the_dead_are_told(void **state) {
    (void)state;
    cleanup_close int pidfd = -1;
    const size_t size = 48u << 20;
    if (jail_clone(0, &pidfd) == 0) {
        volatile char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < size; i += 64) {
                memory[i]++;
            }
        }
        _exit(0);
    }
    struct process_end end = wait_for_end(pidfd);
    assert_true(end.cpu_us > 100);
    assert_true(end.max_rss_bytes + (1u << 20) >= size); /* the kernel counts on each core for itself at first */
}

static void the_thread_id_of_a_clone_is_its_own(void **state) {
    (void)state;
    cleanup_close int pidfd = -1;
    if (jail_clone(0, &pidfd) == 0) {
        /* With a stale cached id these act on the parent's thread, or on none. */
        cpu_set_t set;
        _exit(sched_getaffinity(gettid(), sizeof set, &set) == 0 && raise(0) == 0 && gettid() == getpid() ? 0 : 1);
    }
    assert_int_equal(wait_for_end(pidfd).exit_code, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exit_status_is_told),
        cmocka_unit_test(a_signal_is_told),
        cmocka_unit_test(nothing_is_reaped_twice),
        cmocka_unit_test(the_pid_behind_a_descriptor_is_found),
        cmocka_unit_test(cpu_time_and_memory_of_the_dead_are_told),
        cmocka_unit_test(the_thread_id_of_a_clone_is_its_own),
    };
    return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
