#include "preload/path_map.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define REAL "/run/pyexecd/0123456789abcdef"

static const struct private_directory private = {.name = REAL, .len = sizeof REAL - 1};

struct map_case {
    const char *cwd; /* NULL: unknown */
    const char *path;
    const char *wanted; /* NULL: the path is kept */
};

static void check(const struct map_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char buffer[PATH_MAX];
        enum path_verdict verdict = path_map(&private, cases[i].cwd, cases[i].path, buffer);
        const char *found = verdict == PATH_MAPPED ? buffer : cases[i].path;
        const char *wanted = cases[i].wanted ? cases[i].wanted : cases[i].path;
        if (verdict == PATH_TOO_LONG || strcmp(found, wanted) != 0) {
            fail_msg("%s from %s: got %s, wanted %s", cases[i].path, cases[i].cwd ? cases[i].cwd : "?", found, wanted);
        }
        assert_int_equal(verdict, cases[i].wanted ? PATH_MAPPED : PATH_KEEP);
    }
}

static void test_absolute_paths_lead_in(void **state) {
    (void)state;
    static const struct map_case cases[] = {
        {NULL, "/tmp", REAL},
        {NULL, "/tmp/", REAL "/"},
        {NULL, "/tmp/.", REAL "/."},
        {NULL, "/tmp/x", REAL "/x"},
        {NULL, "/tmp//x//y/", REAL "//x//y/"},
        {NULL, "//tmp/x", REAL "/x"},
        {NULL, "///tmp///", REAL "///"},
        {NULL, "/./tmp/x", REAL "/x"},
        {NULL, "/.//./tmp", REAL},
        {NULL, "/tmp/a/../b", REAL "/a/../b"}, /* `a` may be a link: the kernel resolves it */
        {NULL, "/tmp/a/b/../../c", REAL "/a/b/../../c"},
        {NULL, "/tmp/..x", REAL "/..x"},
        {NULL, "/tmp/...", REAL "/..."},
        {NULL, "/tmp/tmp", REAL "/tmp"},
        {NULL, "/tmp/tmp/..", REAL "/tmp/.."},
        {NULL, "/var/tmp", REAL},
        {NULL, "/var/tmp/x", REAL "/x"},
        {NULL, "/var/./tmp//x", REAL "//x"},
        {NULL, "/dev/shm", REAL},
        {NULL, "/dev/shm/x", REAL "/x"},
        {NULL, "/usr/../tmp/x", REAL "/x"},
        {NULL, "/usr/lib/../../tmp/x", REAL "/x"},
        {NULL, "/var/lib/../tmp/x", REAL "/x"},
        {NULL, "/../../tmp/x", REAL "/x"},
        {NULL, "/var/../tmp", REAL},
        {"/usr", "/tmp/x", REAL "/x"},
        {NULL, "/tmp/../tmp/x", REAL "/x"},
        {NULL, "/tmp/a/../../tmp/x", REAL "/x"},
        {NULL, "/tmp/../var/tmp/x", REAL "/x"},
        {NULL, "/tmp/../dev/shm/x", REAL "/x"},
    };
    check(cases, COUNT_OF(cases));
}

static void test_other_paths_are_kept(void **state) {
    (void)state;
    static const struct map_case cases[] = {
        {NULL, "", NULL},
        {NULL, "/", NULL},
        {NULL, "/tm", NULL},
        {NULL, "/tmpx", NULL},
        {NULL, "/tmp.x/y", NULL},
        {NULL, "/usr/tmp", NULL},
        {NULL, "/var", NULL},
        {NULL, "/var/", NULL},
        {NULL, "/var/tmpx", NULL},
        {NULL, "/var/lib/tmp", NULL},
        {NULL, "/dev/shmx", NULL},
        {NULL, "/dev/null", NULL},
        {NULL, "/dev", NULL},
        {NULL, "/shm", NULL},
        {NULL, "/usr/lib/../bin/ls", NULL},
        {NULL, "/usr/a..b", NULL},
        {NULL, "/..", NULL},
        {NULL, REAL, NULL},
        {NULL, REAL "/x", NULL},
    };
    check(cases, COUNT_OF(cases));
}

static void test_climbing_out_is_resolved_by_the_letters(void **state) {
    (void)state;
    static const struct map_case cases[] = {
        {NULL, "/tmp/..", "/"},
        {NULL, "/tmp/../", "/"},
        {NULL, "/tmp/../etc/x", "/etc/x"},
        {NULL, "/tmp/../../etc/x", "/etc/x"},
        {NULL, "/tmp/a/../../etc/x", "/etc/x"},
        {NULL, "/tmp/./../etc//x/", "/etc/x/"},
        {NULL, "/var/tmp/..", "/var"},
        {NULL, "/var/tmp/../x/", "/var/x/"},
        {NULL, "/var/tmp/../lib", "/var/lib"},
        {NULL, "/dev/shm/../null", "/dev/null"},
        {NULL, "/tmp/../tmp/../etc", "/etc"},
        {NULL, "/tmp/../usr/../etc", "/etc"},
    };
    check(cases, COUNT_OF(cases));
}

static void test_relative_paths_go_by_where_they_start(void **state) {
    (void)state;
    static const struct map_case cases[] = {
        {"/", "tmp", REAL},
        {"/", "tmp/x", REAL "/x"},
        {"/", "./tmp/x", REAL "/x"},
        {"/", ".//tmp", REAL},
        {"/", "var/tmp/x", REAL "/x"},
        {"/", "dev/shm", REAL},
        {"/", "etc/x", NULL},
        {"/", ".", NULL},
        {"/", "tmp/../etc", "/etc"},
        {"/var", "tmp/x", REAL "/x"},
        {"/dev", "shm/x", REAL "/x"},
        {"/usr", "tmp/x", NULL},
        {"/usr", "../tmp/x", REAL "/x"},
        {"/usr/lib", "../../tmp/x", REAL "/x"},
        {"/usr/lib", "../tmp/x", NULL},
        {NULL, "tmp/x", NULL},
        {NULL, "../tmp/x", NULL},
        {REAL, "x", NULL},
        {REAL, "tmp/x", NULL},
        {REAL, "a/../b", NULL},
        {REAL, "..", "/"},
        {REAL, "../", "/"},
        {REAL, "../etc/x", "/etc/x"},
        {REAL, "a/../../etc/x", "/etc/x"},
        {REAL, "../tmp/x", REAL "/x"},
        {REAL "/a", "..", NULL},
        {REAL "/a", "../b", NULL},
        {REAL "/a", "../..", "/"},
        {REAL "/a/b", "../../../etc", "/etc"},
        {REAL "/a/b", "../../../tmp/c", REAL "/c"},
        {REAL "x", "../tmp", NULL}, /* a neighbour whose name begins alike */
        {"/tmp", "../etc", NULL},   /* somebody is in the kernel's own */
        {"/tmp/a", "../../etc", NULL},
        {"(unreachable)/x", "../tmp", NULL},
    };
    check(cases, COUNT_OF(cases));
}

static void test_long_paths(void **state) {
    (void)state;
    char buffer[PATH_MAX];
    char path[2 * PATH_MAX];
    memset(path, 'x', sizeof path);
    memcpy(path, "/tmp/", 5);
    /* The longest that fits: the real name is longer than "/tmp". */
    size_t most = PATH_MAX - 1 - private.len + PRIVATE_ROOT_LEN;
    path[most] = '\0';
    assert_int_equal(path_map(&private, NULL, path, buffer), PATH_MAPPED);
    assert_int_equal(strlen(buffer), PATH_MAX - 1);
    path[most] = 'x';
    path[most + 1] = '\0';
    assert_int_equal(path_map(&private, NULL, path, buffer), PATH_TOO_LONG);
    /* No answer of ours where the kernel will say the same of the path itself. */
    memset(path, 'y', sizeof path);
    memcpy(path, "/a/../", 6);
    path[sizeof path - 1] = '\0';
    assert_int_equal(path_map(&private, NULL, path, buffer), PATH_KEEP);
    /* Many components, each of which counts. */
    size_t len = 0;
    memcpy(path, "/tmp", 4);
    for (len = 4; len + 3 < PATH_MAX; len += 3) {
        memcpy(path + len, "/..", 3);
    }
    path[len] = '\0';
    assert_int_equal(path_map(&private, NULL, path, buffer), PATH_MAPPED);
    assert_string_equal(buffer, "/");
}

static void test_mapping_back(void **state) {
    (void)state;
    static const struct {
        const char *path;
        const char *wanted;
    } cases[] = {
        {REAL, "/tmp"},
        {REAL "/", "/tmp/"},
        {REAL "/a/b", "/tmp/a/b"},
        {REAL "x", REAL "x"},
        {"/run/pyexecd/0", "/run/pyexecd/0"},
        {"/", "/"},
        {"", ""},
        {"/usr" REAL, "/usr" REAL},
        {REAL "/a (deleted)", "/tmp/a (deleted)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char path[PATH_MAX];
        strcpy(path, cases[i].path);
        path[path_map_back(&private, path, strlen(path))] = '\0';
        assert_string_equal(path, cases[i].wanted);
    }
}

/* Whether a plain walk along cwd and path, with a stack of components, comes by one of the roots or leaves the
 * directory that it starts in. */
static bool comes_by_a_root(const char *cwd, const char *path) {
    char text[256];
    char *stack[64];
    size_t n = 0;
    (void)snprintf(text, sizeof text, "%s/%s", path[0] == '/' ? "" : cwd, path);
    size_t given = path[0] == '/' ? 0 : strlen(cwd);
    for (char *part = strtok(text, "/"); part; part = strtok(NULL, "/")) {
        if (strcmp(part, "..") == 0) {
            n -= n > 0;
        } else if (strcmp(part, ".") != 0) {
            stack[n++] = part;
        }
        bool by_path = (size_t)(part - text) >= given;
        if (by_path && ((n == 1 && strcmp(stack[0], "tmp") == 0) ||
                        (n == 2 && strcmp(stack[0], "var") == 0 && strcmp(stack[1], "tmp") == 0) ||
                        (n == 2 && strcmp(stack[0], "dev") == 0 && strcmp(stack[1], "shm") == 0))) {
            return true;
        }
    }
    return false;
}

/* What a quick look lets go is never looked at again. */
static void test_the_quick_look_misses_nothing(void **state) {
    (void)state;
    static const char *const parts[] = {"/", "//", ".", "..", "tmp", "var", "dev", "shm", "x", "./", "/tmp", "../"};
    static const char *const starts[] = {"/", "/var", "/dev", "/usr", "/usr/lib"};
    size_t n = COUNT_OF(parts);
    size_t roots = 0;
    for (size_t i = 0; i < n * n * n * n * COUNT_OF(starts); i++) {
        char path[64];
        char buffer[PATH_MAX];
        const char *cwd = starts[i / (n * n * n * n)];
        (void)snprintf(path, sizeof path, "%s%s%s%s", parts[i % n], parts[i / n % n], parts[i / n / n % n],
                       parts[i / n / n / n % n]);
        if (!comes_by_a_root(cwd, path)) {
            assert_int_equal(path_map(&private, cwd, path, buffer), PATH_KEEP);
            continue;
        }
        roots++;
        if (path_map(&private, cwd, path, buffer) != PATH_MAPPED) {
            fail_msg("%s from %s is kept", path, cwd);
        }
    }
    assert_true(roots > n * n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absolute_paths_lead_in),
        cmocka_unit_test(test_other_paths_are_kept),
        cmocka_unit_test(test_climbing_out_is_resolved_by_the_letters),
        cmocka_unit_test(test_relative_paths_go_by_where_they_start),
        cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_mapping_back),
        cmocka_unit_test(test_the_quick_look_misses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
