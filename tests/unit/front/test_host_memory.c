#include "front/host_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define MIB (1024ull * 1024ull)

static char root[64];

static int make_root(void **state) {
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/test_host_memory_XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
    char command[100];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

/* Writes a file beneath the root, with the directories on its way. */
static void put(const char *name, const char *text) {
    char path[512];
    int len = snprintf(path, sizeof path, "%s", root);
    for (const char *c = name; *c; c++) {
        if (*c == '/' && c > name) {
            (void)mkdir(path, 0755);
        }
        path[len++] = *c;
        path[len] = '\0';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void machine(void) {
    put("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n");
}

static void the_machines_own(void **state) {
    (void)state;
    assert_int_equal(host_memory_bytes(root), 0);
    machine();
    assert_int_equal(host_memory_bytes(root), 8192 * MIB);
    put("/proc/self/cgroup", "0::/\n");
    assert_int_equal(host_memory_bytes(root), 8192 * MIB);
    put("/sys/fs/cgroup/memory.max", "max\n");
    assert_int_equal(host_memory_bytes(root), 8192 * MIB);
}

static void a_group_of_version_2(void **state) {
    (void)state;
    machine();
    put("/proc/self/cgroup", "0::/system.slice/pyexecd.service\n");
    put("/sys/fs/cgroup/system.slice/pyexecd.service/memory.max", "max\n");
    put("/sys/fs/cgroup/system.slice/memory.max", "2147483648\n");
    assert_int_equal(host_memory_bytes(root), 2048 * MIB);
    put("/sys/fs/cgroup/system.slice/pyexecd.service/memory.max", "1073741824\n");
    assert_int_equal(host_memory_bytes(root), 1024 * MIB);
}

/* Without a cgroup namespace the container sees the host's name of its group, and its own group where it is mounted. */
static void a_containers_own_limit(void **state) {
    (void)state;
    machine();
    put("/proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    assert_int_equal(host_memory_bytes(root), 512 * MIB);
    put("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(host_memory_bytes(root), 512 * MIB);
    put("/sys/fs/cgroup/memory.max", "268435456\n");
    assert_int_equal(host_memory_bytes(root), 256 * MIB);
}

static void this_machine_has_some(void **state) {
    (void)state;
    assert_true(host_memory_bytes("") > 64 * MIB);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_machines_own, make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_group_of_version_2, make_root, remove_root),
        cmocka_unit_test_setup_teardown(a_containers_own_limit, make_root, remove_root),
        cmocka_unit_test(this_machine_has_some),
    };
    return cmocka_run_group_tests_name("host_memory", tests, NULL, NULL);
}
