#include <string.h>

#include "unit.h"

#include "front/base64.h"

static void decodes(void **state) {
    (void)state;
    static const struct {
        const char *text, *bytes;
    } cases[] = {{"", ""},
                 {"Zg==", "f"},
                 {"Zm8=", "fo"},
                 {"Zm9v", "foo"},
                 {"Zm9vYg==", "foob"},
                 {"Zm9vYmE=", "fooba"},
                 {"Zm9vYmFy", "foobar"},
                 {"+/+/", "\xFB\xFF\xBF"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[16];
        size_t len, fault;
        strcpy(text, cases[i].text);
        assert_int_equal(base64_decode(text, strlen(text), &len, &fault), 0);
        assert_int_equal(len, strlen(cases[i].bytes));
        assert_memory_equal(text, cases[i].bytes, len);
    }
}

static void refuses(void **state) {
    (void)state;
    static const char *const cases[] = {"Z",      "Zg",    "Zg=",  "=",    "====", "Z===", "Zg==Zg==",
                                        "Zm9v\n", " Zg==", "Zh==", "Zm9=", "Z-_v", "Zg=a", "Zm9vYg==="};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[16];
        size_t len, fault = 99;
        strcpy(text, cases[i]);
        assert_true(base64_decode(text, strlen(text), &len, &fault) < 0);
        assert_true(fault <= strlen(cases[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(decodes), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
