#include "base/path_list.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void test_paths_one_after_the_other(void **state) {
    const char *list = ":/a::/b c/d:";
    char path[PATH_LIST_ENTRY_MAX];
    (void)state;
    assert_int_equal(path_list_next(&list, path), 1);
    assert_string_equal(path, "/a");
    assert_int_equal(path_list_next(&list, path), 1);
    assert_string_equal(path, "/b c/d");
    assert_int_equal(path_list_next(&list, path), 0);
    assert_int_equal(path_list_next(&list, path), 0);
    list = "";
    assert_int_equal(path_list_next(&list, path), 0);
}

static void test_a_path_that_is_too_long(void **state) {
    char text[PATH_LIST_ENTRY_MAX + 1], path[PATH_LIST_ENTRY_MAX];
    const char *list = text;
    (void)state;
    memset(text, 'x', sizeof text);
    text[PATH_LIST_ENTRY_MAX] = '\0';
    assert_int_equal(path_list_next(&list, path), -ENAMETOOLONG);
    assert_ptr_equal(list, text);
    text[PATH_LIST_ENTRY_MAX - 1] = '\0';
    assert_int_equal(path_list_next(&list, path), 1);
    assert_int_equal(strlen(path), PATH_LIST_ENTRY_MAX - 1);
}

static void test_appending(void **state) {
    char list[8] = "";
    (void)state;
    assert_int_equal(path_list_append(list, sizeof list, "/a"), 0);
    assert_int_equal(path_list_append(list, sizeof list, "/b:c"), -EINVAL);
    assert_int_equal(path_list_append(list, sizeof list, "/too/long"), -ENAMETOOLONG);
    assert_string_equal(list, "/a");
    assert_int_equal(path_list_append(list, sizeof list, "/bcd"), 0);
    assert_string_equal(list, "/a:/bcd");
    assert_int_equal(path_list_append(list, sizeof list, ""), -ENAMETOOLONG);
    assert_string_equal(list, "/a:/bcd");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_one_after_the_other),
        cmocka_unit_test(test_a_path_that_is_too_long),
        cmocka_unit_test(test_appending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
