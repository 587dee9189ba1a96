/* Where control groups are looked for, from texts; and the real ones of whatever host the test runs on. */
#include "keeper/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "keeper/cgroup_version.h"
#include "unit.h"

#define MIB (1u << 20)

/* ---- from texts ---- */

static const char pure_v2[] = "25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
                              "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

static const char hybrid[] = "30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
                             "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                             "34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
                             "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static const char hybrid_groups[] = "3:memory:/a/b\n2:cpu,cpuacct:/\n1:name=systemd:/x\n0::/x\n";

static void expect(const char *mounts, const char *groups, const char *controller, const char *point,
                   const char *below) {
    struct cgroup_path path;
    assert_int_equal(cgroup_find_in(mounts, groups, controller, &path), 0);
    assert_string_equal(path.point, point);
    assert_string_equal(path.below, below);
}

static void version_2_is_found(void **state) {
    (void)state;
    expect(pure_v2, "0::/system.slice/a.service\n", NULL, "/sys/fs/cgroup", "/system.slice/a.service");
    expect(pure_v2, "0::/\n", NULL, "/sys/fs/cgroup", "");
    expect(hybrid, hybrid_groups, NULL, "/sys/fs/cgroup/unified", "/x");
}

static void version_1_is_found_by_its_controller(void **state) {
    (void)state;
    expect(hybrid, hybrid_groups, "memory", "/sys/fs/cgroup/memory", "/a/b");
    expect(hybrid, hybrid_groups, "cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "");
    expect(hybrid, hybrid_groups, "cpu", "/sys/fs/cgroup/cpu,cpuacct", "");
}

static void what_is_not_there_is_not_found(void **state) {
    (void)state;
    struct cgroup_path path;
    assert_int_equal(cgroup_find_in(pure_v2, "0::/\n", "memory", &path), -ENOENT);
    assert_int_equal(cgroup_find_in(hybrid, hybrid_groups, "pids", &path), -ENOENT);
    assert_int_equal(cgroup_find_in(hybrid, hybrid_groups, "cpuac", &path), -ENOENT);
    assert_int_equal(cgroup_find_in("", "0::/\n", NULL, &path), -ENOENT);
    assert_int_equal(cgroup_find_in(pure_v2, "", NULL, &path), -ENOENT);
}

/* A container without a cgroup namespace sees its own part, and one with it may be given somebody else's. */
static void a_mount_may_show_a_part(void **state) {
    (void)state;
    static const char part[] = "9 8 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    static const char above[] = "9 8 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
    expect(part, "0::/docker/abc\n", NULL, "/sys/fs/cgroup", "");
    expect(part, "0::/docker/abc/service\n", NULL, "/sys/fs/cgroup", "/service");
    expect(part, "0::/docker/abcdef\n", NULL, "/sys/fs/cgroup", "");
    expect(part, "0::/\n", NULL, "/sys/fs/cgroup", "");
    expect(above, "0::/\n", NULL, "/sys/fs/cgroup", "");
    expect(pure_v2, "0::/../other\n", NULL, "/sys/fs/cgroup", "");
}

/* ---- real ones ---- */

static void open_groups(struct cgroups *groups) {
    assert_int_equal(cgroups_open(groups, 2, 20, 0), 0);
}

/* How many groups of this name there are where the caller's are looked for, or above, where version 2 may make them. */
static int groups_left(const char *name) {
    static const char *const controllers[] = {"memory", "pids", "cpuacct", "cpu", NULL};
    int count = 0;
    for (size_t i = 0; i < COUNT_OF(controllers); i++) {
        struct cgroup_path path;
        char text[sizeof path + sizeof((struct cgroups *)0)->name];
        for (int more = cgroup_find(controllers[i], &path) == 0; more;) {
            (void)snprintf(text, sizeof text, "%s%s/%s", path.point, path.below, name);
            count += access(text, F_OK) == 0;
            char *last = strrchr(path.below, '/');
            more = last != NULL;
            if (last) {
                *last = '\0';
            }
        }
    }
    return count;
}

/* A process in the slot's groups that does something and then waits to be killed. */
static pid_t start_in_slot(const struct cgroups *groups, size_t slot, void (*act)(void)) {
    int ready[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fds[CGROUP_CONTROLLERS];
        const size_t n = cgroup_slot_join_fds(groups, slot, fds);
        for (size_t i = 0; i < n; i++) {
            if (write(fds[i], "0", 1) != 1) {
                _exit(1);
            }
        }
        act();
        (void)!write(ready[1], "x", 1);
        for (;;) {
            (void)pause();
        }
    }
    char byte;
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    return pid;
}

static void end(pid_t pid) {
    int status;
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void touch_memory(void) {
    char *area = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < 32 * MIB; i += 4096) {
        area[i] = 1;
    }
}

static void touch_nothing(void) {
}

static void touch_too_much(void) {
    for (;;) {
        touch_memory();
    }
}

static void a_controller_is_there_or_says_why_not(void **state) {
    (void)state;
    struct cgroups groups;
    open_groups(&groups);
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        const unsigned version = cgroups_version_of(&groups, (enum cgroup_controller)i);
        assert_int_equal(cgroups_has(&groups, (enum cgroup_controller)i), version != 0);
        assert_true(version <= 2);
        assert_int_equal(groups.errors[i] != 0, version == 0);
        print_message("# controller %d: version %u%s%s\n", i, version, version ? "" : ", ",
                      version ? "" : strerror(-groups.errors[i]));
    }
    cgroups_close(&groups);
    assert_int_equal(groups_left(groups.name), 0);
}

static void use_is_counted(void **state) {
    (void)state;
    struct cgroups groups;
    open_groups(&groups);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(cgroup_slot_prepare(&groups, 1, 64 * MIB), 0);
        if (cgroups_has(&groups, CGROUP_MEMORY)) {
            assert_true(cgroup_slot_memory_peak(&groups, 1) < 8 * MIB); /* not its predecessor's */
        }
        pid_t pid = start_in_slot(&groups, 1, touch_memory);
        const int has_pids = cgroups_has(&groups, CGROUP_PIDS);
        assert_int_equal(cgroup_slot_processes(&groups, 1), has_pids ? 1 : -ENODATA);
        if (cgroups_has(&groups, CGROUP_CPUACCT)) {
            assert_true(cgroup_slot_cpu_us(&groups, 1) > 0);
        }
        end(pid);
        assert_int_equal(cgroup_slot_processes(&groups, 1), has_pids ? 0 : -ENODATA);
        if (cgroups_has(&groups, CGROUP_MEMORY)) {
            const uint64_t peak = cgroup_slot_memory_peak(&groups, 1);
            assert_true(peak >= 32 * MIB && peak <= 64 * MIB);
        }
        assert_int_equal(cgroup_slot_oom_killed(&groups, 1), 0);
    }
    cgroups_close(&groups);
    assert_int_equal(groups_left(groups.name), 0);
}

static void too_much_memory_is_told(void **state) {
    (void)state;
    struct cgroups groups;
    open_groups(&groups);
    if (cgroups_has(&groups, CGROUP_MEMORY)) {
        int status;
        assert_int_equal(cgroup_slot_prepare(&groups, 0, 64 * MIB), 0);
        int fds[CGROUP_CONTROLLERS];
        const size_t n = cgroup_slot_join_fds(&groups, 0, fds);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            for (size_t i = 0; i < n; i++) {
                (void)!write(fds[i], "0", 1);
            }
            touch_too_much();
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(cgroup_slot_oom_killed(&groups, 0), 1);
        assert_int_equal(cgroup_slot_prepare(&groups, 0, 64 * MIB), 0);
        assert_int_equal(cgroup_slot_oom_killed(&groups, 0), 0);
    }
    cgroups_close(&groups);
}

static void all_of_a_slot_is_killed(void **state) {
    (void)state;
    struct cgroups groups;
    open_groups(&groups);
    assert_int_equal(cgroup_slot_prepare(&groups, 0, 64 * MIB), 0);
    pid_t pid = start_in_slot(&groups, 0, touch_nothing);
    int error = cgroup_slot_kill(&groups, 0);
    if (cgroups_version_of(&groups, CGROUP_CPUACCT) == 2) {
        int status;
        assert_int_equal(error, 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
    } else {
        assert_int_equal(error, -EOPNOTSUPP);
        end(pid);
    }
    cgroups_close(&groups);
}

/* An instance that is killed leaves its groups; the next one that starts removes them. */
static void groups_of_the_dead_are_removed(void **state) {
    (void)state;
    struct cgroups groups;
    int status;
    char name[sizeof groups.name];
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(cgroups_open(&groups, 3, 20, 0) ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    (void)snprintf(name, sizeof name, CGROUP_PREFIX "%ld", (long)pid);
    const int left = groups_left(name);
    open_groups(&groups);
    assert_int_equal(left > 0, cgroups_has(&groups, CGROUP_MEMORY) || cgroups_has(&groups, CGROUP_PIDS) ||
                                   cgroups_has(&groups, CGROUP_CPUACCT));
    assert_int_equal(groups_left(name), 0);
    cgroups_close(&groups);
}

static void what_was_never_opened_can_be_closed(void **state) {
    (void)state;
    struct cgroups groups = {0};
    const int standard_input = fcntl(STDIN_FILENO, F_GETFD); /* descriptor 0 is what zeroed ones name */
    cgroups_close(&groups);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), standard_input);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_is_found),
        cmocka_unit_test(version_1_is_found_by_its_controller),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(a_mount_may_show_a_part),
        cmocka_unit_test(a_controller_is_there_or_says_why_not),
        cmocka_unit_test(use_is_counted),
        cmocka_unit_test(too_much_memory_is_told),
        cmocka_unit_test(all_of_a_slot_is_killed),
        cmocka_unit_test(groups_of_the_dead_are_removed),
        cmocka_unit_test(what_was_never_opened_can_be_closed),
    };
    return cmocka_run_group_tests_name("keeper/cgroup", tests, NULL, NULL);
}
