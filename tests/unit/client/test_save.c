#include "client/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char base[] = "/tmp/pyexec-test-XXXXXX";

static int make_base(void **state) {
    (void)state;
    return mkdtemp(base) && chdir(base) == 0 && mkdir("out", 0700) == 0 && mkdir("outside", 0700) == 0 ? 0 : -1;
}

static int remove_base(void **state) {
    static const char *const names[] = {"out/a.txt",   "out/d/e/f",      "out/d/e", "out/d",   "out/link", "out/away",
                                        "out/.hidden", "outside/target", "out",     "outside", base};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)remove(names[i]);
    }
    return access(base, F_OK) == 0 ? -1 : 0;
}

static void assert_file(const char *path, const char *expected) {
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_NOFOLLOW);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) >= 0);
    (void)close(fd);
    assert_string_equal(text, expected);
}

static int save(const struct saving *saving, const char *path, const char *content, struct failure *failure) {
    return save_artifact(saving, path, strlen(path), content, strlen(content), failure);
}

static void test_paths(void **state) {
    static const char *const good[] = {"a", "a.txt", "a/b/c", "with blank", "\xc3\xa4.png", "a..b", "...a/b", "C:\\x"};
    static const char *const bad[] = {"",     "/",  "/etc/passwd", ".",    "..",      "../a",  "a/../b", "a/./b",
                                      "a//b", "a/", "a/..",        "a\nb", "a\x1b[m", "a\x7f", "\xff",   "a/\xc3"};
    static const char *const dotted[] = {".bashrc", "a/.ssh/authorized_keys", ".x/y"};
    char deep[80] = "", name[300];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_null(save_path_fault(good[i], strlen(good[i]), good[i][0] == '.'));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_non_null(save_path_fault(bad[i], strlen(bad[i]), 1));
    }
    for (size_t i = 0; i < COUNT_OF(dotted); i++) {
        assert_non_null(save_path_fault(dotted[i], strlen(dotted[i]), 0));
        assert_null(save_path_fault(dotted[i], strlen(dotted[i]), 1));
    }
    assert_non_null(save_path_fault("a\0b", 3, 1));
    memset(name, 'a', sizeof name);
    assert_null(save_path_fault(name, 255, 0));
    assert_non_null(save_path_fault(name, 256, 0));
    for (size_t i = 0; i < 33; i++) {
        memcpy(deep + 2 * i, "a/", 2);
    }
    assert_null(save_path_fault(deep, 63, 0));
    assert_non_null(save_path_fault(deep, 65, 0));
}

static void test_files_are_written_below_the_directory(void **state) {
    struct failure failure = {0};
    struct saving saving = {.directory = save_open_directory("out", &failure)};
    struct stat status;
    (void)state;
    assert_int_equal(save(&saving, "a.txt", "one", &failure), 0);
    assert_int_equal(save(&saving, "d/e/f", "", &failure), 0);
    assert_file("out/a.txt", "one");
    assert_file("out/d/e/f", "");
    assert_int_equal(stat("out/a.txt", &status), 0);
    assert_int_equal(status.st_mode & 0111, 0);
    /* what is there stays */
    assert_int_equal(save(&saving, "a.txt", "two", &failure), -1);
    assert_non_null(strstr(failure.text, "--force"));
    assert_int_equal(failure.status, EXIT_STATUS_NOT_SAVED);
    assert_file("out/a.txt", "one");
    saving.force = 1;
    assert_int_equal(save(&saving, "a.txt", "two", &failure), 0);
    assert_file("out/a.txt", "two");
    /* a directory is not replaced, and nothing of the attempt is left */
    assert_int_equal(save(&saving, "d", "x", &failure), -1);
    assert_int_equal(save(&saving, "a.txt/x", "x", &failure), -1);
    assert_int_equal(system("test $(ls -A out | wc -l) = 2"), 0);
    (void)close(saving.directory);
}

static void test_no_link_is_followed(void **state) {
    struct failure failure = {0};
    struct saving saving = {.directory = save_open_directory("out", &failure)};
    struct stat status;
    (void)state;
    assert_int_equal(symlink("../outside", "out/away"), 0);
    assert_int_equal(symlink("../outside/target", "out/link"), 0);
    assert_int_equal(save(&saving, "away/x", "x", &failure), -1);
    assert_int_equal(save(&saving, "link", "x", &failure), -1);
    assert_int_equal(access("outside/target", F_OK), -1);
    /* with force the link itself goes, never what it leads to */
    saving.force = 1;
    assert_int_equal(save(&saving, "away/x", "x", &failure), -1);
    assert_int_equal(save(&saving, "link", "in place", &failure), 0);
    assert_int_equal(lstat("out/link", &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_file("out/link", "in place");
    assert_int_equal(access("outside/target", F_OK), -1);
    assert_int_equal(access("outside/x", F_OK), -1);
    (void)close(saving.directory);
}

static void test_the_directory_itself(void **state) {
    struct failure failure = {0};
    (void)state;
    assert_int_equal(save_open_directory("no/such/parent", &failure), -1);
    assert_int_equal(failure.status, EXIT_STATUS_NOT_SAVED);
    assert_int_equal(save_open_directory("out/a.txt", &failure), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_files_are_written_below_the_directory),
        cmocka_unit_test(test_no_link_is_followed),
        cmocka_unit_test(test_the_directory_itself),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
