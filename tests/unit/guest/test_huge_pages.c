#include "guest/huge_pages.h"

#include <string.h>
#include <sys/mman.h>

#include "unit.h"

#define SIZE (6 * HUGE_PAGE_BYTES)

static void what_is_collapsed_keeps_its_contents(void **state) {
    (void)state;
    unsigned char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    for (size_t i = 0; i < SIZE; i++) {
        memory[i] = (unsigned char)(i * 31 >> 8);
    }
    /* Not on a huge page's address at either end: only whole ones are taken. */
    uint64_t kib = huge_pages_collapse((uintptr_t)memory + 4096, (uintptr_t)memory + SIZE - 4096);
    assert_int_equal(kib % (HUGE_PAGE_BYTES >> 10), 0);
    assert_true(kib <= (SIZE - HUGE_PAGE_BYTES) >> 10);
    for (size_t i = 0; i < SIZE; i++) {
        if (memory[i] != (unsigned char)(i * 31 >> 8)) {
            fail_msg("byte %zu has changed", i);
        }
    }
    assert_int_equal(munmap(memory, SIZE), 0);
}

static void too_little_is_left_alone(void **state) {
    (void)state;
    static char little[4096];
    assert_int_equal(huge_pages_collapse((uintptr_t)little, (uintptr_t)little + sizeof little), 0);
    assert_int_equal(huge_pages_collapse(HUGE_PAGE_BYTES, HUGE_PAGE_BYTES), 0);
}

/* This program's own code is not laid out for it, or is small: it goes on running from where it is. */
static void code_elsewhere_is_left_alone(void **state) {
    (void)state;
    assert_int_equal(huge_pages_move_text(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_collapsed_keeps_its_contents),
        cmocka_unit_test(too_little_is_left_alone),
        cmocka_unit_test(code_elsewhere_is_left_alone),
    };
    return cmocka_run_group_tests_name("huge pages", tests, NULL, NULL);
}
