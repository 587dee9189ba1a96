#include "keeper/process_memory.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit.h"

#define MIB (1u << 20)

static ino_t noted[16];
static size_t n_noted;

static void note(void *context, ino_t inode, const char *path) {
    assert_ptr_equal(context, noted);
    assert_int_equal(path[0], '/');
    assert_true(n_noted < COUNT_OF(noted));
    noted[n_noted++] = inode;
}

static struct process_memory measure(pid_t pid) {
    cleanup_close int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(proc_fd >= 0);
    struct process_memory memory;
    n_noted = 0;
    process_memory_measure(proc_fd, pid, note, noted, &memory);
    return memory;
}

static void lines_of_maps(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int hides;
        ino_t inode; /* 0: none is told of */
    } cases[] = {
        {"7f0000000000-7f0000001000 r--p 00000000 00:2e 17                         /tmp/gone (deleted)", 0, 17},
        {"7f0000000000-7f0000001000 rw-s 00000000 00:2e 18                         /tmp/a b (deleted)", 0, 18},
        {"7f0000000000-7f0000001000 r-xp 00000000 fe:01 19                         /usr/lib/libc.so.6", 0, 0},
        {"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ", 0, 0},
        {"7f0000000000-7f0000001000 rw-p 00000000 00:00 0                          [heap]", 0, 0},
        {"7f0000000000-7f0000001000 rw-s 00000000 00:01 20                         /dev/zero (deleted)", 1, 0},
        {"7f0000000000-7f0000001000 rw-p 00000000 00:05 21                         /dev/zero", 0, 0},
        {"7f0000000000-7f0000001000 rw-s 00000000 00:01 22                         /memfd:result (deleted)", 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t maps = 0;
        int hides = 0;
        n_noted = 0;
        process_memory_read_map(cases[i].line, &maps, &hides, note, noted);
        assert_int_equal(maps, 1);
        assert_int_equal(hides, cases[i].hides);
        assert_int_equal(n_noted, cases[i].inode != 0);
        assert_true(n_noted == 0 || noted[0] == cases[i].inode);
    }
    size_t maps = 0;
    int hides = 0;
    process_memory_read_map("no line of this kind", &maps, &hides, note, noted);
    process_memory_read_map("", &maps, &hides, note, noted);
    assert_int_equal(maps, 0);
}

static void what_one_touches_counts(void **state) {
    (void)state;
    const uint64_t before = measure(getpid()).bytes;
    char *area = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(area, MAP_FAILED);
    assert_true(measure(getpid()).bytes < before + 8 * MIB);
    memset(area, 1, 32 * MIB);
    const struct process_memory after = measure(getpid());
    assert_true(after.bytes >= before + 32 * MIB && after.bytes < before + 40 * MIB);
    assert_int_equal(after.hides, 0);
    assert_int_equal(munmap(area, 32 * MIB), 0);
}

static void shared_memory_without_a_file_hides(void **state) {
    (void)state;
    void *area = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(area, MAP_FAILED);
    assert_int_equal(measure(getpid()).hides, 1);
    assert_int_equal(munmap(area, 4096), 0);
    assert_int_equal(measure(getpid()).hides, 0);
}

static void a_mapped_file_without_a_name_is_told_of(void **state) {
    (void)state;
    char name[] = "/tmp/process-memory-XXXXXX";
    struct stat status;
    int fd = mkstemp(name);
    assert_true(fd >= 0 && unlink(name) == 0 && ftruncate(fd, 4096) == 0 && fstat(fd, &status) == 0);
    void *area = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(area, MAP_FAILED);
    (void)close(fd);
    (void)measure(getpid());
    assert_int_equal(n_noted, 1);
    assert_int_equal(noted[0], status.st_ino);
    assert_int_equal(munmap(area, 4096), 0);
    (void)measure(getpid());
    assert_int_equal(n_noted, 0);
}

static void *hold_and_wait(void *argument) {
    char *area = malloc(16 * MIB);
    memset(area, 1, 16 * MIB);
    int fd = *(const int *)argument;
    /* Until the first thread is gone: a zombie's files are closed. */
    (void)usleep(100000);
    (void)!write(fd, "x", 1);
    (void)pause();
    return area;
}

static void a_first_thread_that_has_ended_hides_nothing(void **state) {
    (void)state;
    int ready[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, hold_and_wait, &ready[1]) == 0) {
            (void)syscall(SYS_exit, 0);
        }
        _exit(1);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    const struct process_memory memory = measure(pid);
    char first[PROCESS_PATH_MAX];
    (void)snprintf(first, sizeof first, "%ld/task/", (long)pid);
    assert_memory_equal(memory.path, first, strlen(first));
    assert_true(memory.bytes >= 16 * MIB);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(measure(pid).bytes, 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_maps),
        cmocka_unit_test(what_one_touches_counts),
        cmocka_unit_test(shared_memory_without_a_file_hides),
        cmocka_unit_test(a_mapped_file_without_a_name_is_told_of),
        cmocka_unit_test(a_first_thread_that_has_ended_hides_nothing),
    };
    return cmocka_run_group_tests_name("process memory", tests, NULL, NULL);
}
