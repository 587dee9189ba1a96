#include "guest/huge_pages.h"

#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

static uintptr_t round_up(uintptr_t address) {
    return (address + HUGE_PAGE_BYTES - 1) & ~(HUGE_PAGE_BYTES - 1);
}

uint64_t huge_pages_collapse(uintptr_t start, uintptr_t end) {
    uint64_t done = 0;
    /* One at a time: one that cannot be done does not keep the others from it. */
    for (uintptr_t page = round_up(start); page + HUGE_PAGE_BYTES <= end; page += HUGE_PAGE_BYTES) {
        done += madvise((void *)page, HUGE_PAGE_BYTES, MADV_COLLAPSE) == 0;
    }
    return done * (HUGE_PAGE_BYTES >> 10);
}

/* The program's first segment: headers, code and constants, laid out by the linker to start on a huge page's address.
 */
static bool find_text(uintptr_t *ret_start, uintptr_t *ret_size) {
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR); // NOLINT(performance-no-int-to-ptr)
    const unsigned long n = getauxval(AT_PHNUM);
    uintptr_t base = 0;
    for (unsigned long i = 0; headers && i < n; i++) {
        if (headers[i].p_type == PT_PHDR) {
            base = (uintptr_t)headers - headers[i].p_vaddr;
        }
    }
    for (unsigned long i = 0; headers && i < n; i++) {
        if (headers[i].p_type == PT_LOAD && headers[i].p_flags == (PF_R | PF_X)) {
            *ret_start = base + headers[i].p_vaddr;
            *ret_size = headers[i].p_memsz;
            return base != 0 && *ret_start % HUGE_PAGE_BYTES == 0;
        }
    }
    return false;
}

uint64_t huge_pages_move_text(void) {
    uintptr_t start, size;
    if (!find_text(&start, &size) || size < HUGE_PAGE_BYTES) {
        return 0;
    }
    const uintptr_t whole = round_up(size);
    const uintptr_t page_end = (start + size + 4095) & ~(uintptr_t)4095;
    /* Up to the next huge page's address nothing else may be mapped. */
    if (page_end < start + whole) {
        void *rest = mmap((void *)page_end, start + whole - page_end, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (rest != (void *)page_end) {
            if (rest != MAP_FAILED) {
                (void)munmap(rest, start + whole - page_end);
            }
            return 0;
        }
    }
    char *place = mmap(NULL, whole + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) {
        return 0;
    }
    char *copy = (char *)round_up((uintptr_t)place);
    (void)madvise(copy, whole, MADV_HUGEPAGE);
    memcpy(copy, (const void *)start, size);
    uint64_t moved = 0;
    if (huge_pages_collapse((uintptr_t)copy, (uintptr_t)copy + whole) == whole >> 10 &&
        mprotect(copy, whole, PROT_READ | PROT_EXEC) == 0 &&
        mremap(copy, whole, whole, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == (void *)start) {
        moved = whole >> 10;
    }
    /* What is left of the place: around the copy, and the copy itself if it has not been moved. */
    (void)munmap(place, (size_t)(copy - place));
    if (!moved) {
        (void)munmap(copy, whole);
    }
    (void)munmap(copy + whole, (size_t)(place + HUGE_PAGE_BYTES - copy));
    return moved;
}
