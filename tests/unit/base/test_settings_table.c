#include "base/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static char *printed_by(void (*print)(FILE *out)) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Each row sets a place of its own, and together they set the whole structure. */
static void test_rows_cover_the_structure(void **state) {
    size_t count, covered = 0;
    const struct setting *table = settings_table(&count);
    unsigned char taken[sizeof(struct settings)] = {0};
    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t size = setting_is_text(&table[i]) ? SETTINGS_TEXT_MAX : sizeof(uint64_t);
        assert_true(table[i].offset + size <= sizeof(struct settings));
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(taken[table[i].offset + j], 0);
            taken[table[i].offset + j] = 1;
        }
        covered += size;
    }
    assert_int_equal(covered, sizeof(struct settings));
}

static void test_names_and_help(void **state) {
    size_t count;
    const struct setting *table = settings_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strspn(table[i].name, "abcdefghijklmnopqrstuvwxyz_"), strlen(table[i].name));
        assert_true(strlen(table[i].name) < 32); /* settings.c spells names in fixed buffers */
        assert_true(strlen(table[i].help) > 10);
        assert_null(strpbrk(table[i].help, "|\t\n")); /* would split a row of the tables that are made of it */
        assert_true(i < SETTINGS_MAX);
        assert_true(table[i].least <= table[i].most);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table[i].name, table[j].name);
        }
    }
}

static void test_help_and_table_name_every_setting(void **state) {
    size_t count, lines = 0;
    const struct setting *table = settings_table(&count);
    char *help = printed_by(settings_print_help);
    char *printed = printed_by(settings_print_table);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        char flag[64], in_help[80], in_table[200], variable[64];
        size_t n = strlen(table[i].name);
        for (size_t j = 0; j <= n; j++) {
            flag[j] = (char)(table[i].name[j] == '_' ? '-' : table[i].name[j]);
            variable[j] = (char)toupper((unsigned char)table[i].name[j]);
        }
        (void)snprintf(in_help, sizeof in_help, "\n  --%s=", flag);
        (void)snprintf(in_table, sizeof in_table, "\n%s\t--%s\tPYEXEC_%s\t%s\t", table[i].name, flag, variable,
                       table[i].default_text);
        assert_non_null(strstr(help, in_help));
        assert_non_null(strstr(printed, in_table));
    }
    for (const char *c = printed; *c; c++) {
        lines += *c == '\n';
    }
    assert_int_equal(lines, count + 1);
    assert_non_null(strstr(help, "--max-timeout=60 seconds\n"));
    assert_non_null(strstr(help, "--max-running=64 *\n"));
    assert_non_null(strstr(help, "(1 to 86400)\n"));
    assert_non_null(strstr(printed, "\t60\tseconds\t1\t86400\treload\t"));
    free(help);
    free(printed);
}

static void test_units(void **state) {
    static const struct {
        enum setting_type type;
        const char *unit;
    } expected[] = {{SETTING_TEXT, ""},       {SETTING_COUNT, ""},        {SETTING_SECONDS, "seconds"},
                    {SETTING_BYTES, "bytes"}, {SETTING_MEBIBYTES, "MiB"}, {SETTING_LOG_LEVEL, ""}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const struct setting setting = {.type = expected[i].type};
        assert_string_equal(setting_unit(&setting), expected[i].unit);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_cover_the_structure),
        cmocka_unit_test(test_names_and_help),
        cmocka_unit_test(test_help_and_table_name_every_setting),
        cmocka_unit_test(test_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
