#include "guest/prefault.h"

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "guest/huge_pages.h"

#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Address space, not memory: more than any guest's own objects take. */
#define ARENAS_BYTES ((size_t)256 << 20)
#define PAGE_BYTES ((uintptr_t)4096)
#define MAX_REGIONS 4096
#define MAX_PAGES 16384
/* Around the thread pointer: the kernel writes there too (rseq, the thread's id), and may not be refused. */
#define THREAD_AREA ((uintptr_t)32 * 1024)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; glibc 2.36 has it */
#endif

struct region {
    uintptr_t start, end;
};

/* In a mapping of its own, which is not among the regions: the fault handler writes here. Shared with the trial. */
struct notes {
    size_t n_regions;
    struct region regions[MAX_REGIONS];
    size_t n_pages;
    uintptr_t pages[MAX_PAGES];
};

static struct notes *notes;
static uintptr_t heap_start;
static PyObjectArenaAllocator arena_allocator;
static struct region arenas[MAX_REGIONS]; /* of Python's object allocator */
static size_t n_arenas;
static uintptr_t arenas_next, arenas_end; /* the rest of the place for them */
static struct region *learned;            /* runs of pages, in order of address */
static size_t n_learned;

/* One after the other, so that they fill huge pages; elsewhere once the place is full. */
static void *next_arena(void *context, size_t size) {
    if (size > arenas_end - arenas_next) {
        return arena_allocator.alloc(context, size);
    }
    void *arena = (void *)arenas_next; // NOLINT(performance-no-int-to-ptr)
    arenas_next += size;
    return arena;
}

static void *allocate_arena(void *context, size_t size) {
    void *arena = next_arena(context, size);
    if (arena && n_arenas < MAX_REGIONS) {
        arenas[n_arenas++] = (struct region){(uintptr_t)arena, (uintptr_t)arena + size};
    }
    return arena;
}

static void free_arena(void *context, void *arena, size_t size) {
    for (size_t i = 0; i < n_arenas; i++) {
        if (arenas[i].start == (uintptr_t)arena) {
            arenas[i] = arenas[--n_arenas];
            break;
        }
    }
    arena_allocator.free(context, arena, size);
}

static void reserve_arenas(void) {
    char *place = mmap(NULL, ARENAS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place != MAP_FAILED) {
        arenas_next = ((uintptr_t)place + HUGE_PAGE_BYTES - 1) & ~(HUGE_PAGE_BYTES - 1);
        arenas_end = (uintptr_t)place + ARENAS_BYTES;
    }
}

void prefault_watch(void) {
    reserve_arenas();
    heap_start = ((uintptr_t)sbrk(0) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    PyObject_GetArenaAllocator(&arena_allocator);
    PyObjectArenaAllocator watching = {arena_allocator.ctx, allocate_arena, free_arena};
    PyObject_SetArenaAllocator(&watching);
}

static void add_pages(uintptr_t start, uintptr_t end) {
    start = (start + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    end &= ~(PAGE_BYTES - 1);
    if (start < end && notes->n_regions < MAX_REGIONS) {
        notes->regions[notes->n_regions++] = (struct region){start, end};
    }
}

/* Adds whole pages only, and none of the thread's own area. */
static void add_region(uintptr_t start, uintptr_t end) {
    uintptr_t thread = (uintptr_t)__builtin_thread_pointer();
    uintptr_t left_out_start = thread - THREAD_AREA, left_out_end = thread + THREAD_AREA;
    add_pages(start, end < left_out_start ? end : left_out_start);
    add_pages(start > left_out_end ? start : left_out_end, end);
}

/* The writable data of every loaded object, behind the part that the linker has made read-only. */
static int add_object(struct dl_phdr_info *info, size_t size, void *ignored) {
    (void)size;
    (void)ignored;
    uintptr_t read_only_end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            read_only_end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
        }
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_W)) {
            continue;
        }
        uintptr_t start = info->dlpi_addr + header->p_vaddr;
        uintptr_t end = start + header->p_memsz;
        if (read_only_end > start && read_only_end < end) {
            start = read_only_end;
        }
        add_region(start, end);
    }
    return 0;
}

static void note_write(int number, siginfo_t *info, void *ignored) {
    (void)ignored;
    uintptr_t page = (uintptr_t)info->si_addr & ~(PAGE_BYTES - 1);
    bool known = false;
    for (size_t i = 0; i < notes->n_regions && !known; i++) {
        known = page >= notes->regions[i].start && page < notes->regions[i].end;
    }
    if (!known || mprotect((void *)page, PAGE_BYTES, PROT_READ | PROT_WRITE) < 0) {
        (void)signal(number, SIG_DFL); /* a fault of another kind: it comes again, and ends the trial */
        return;
    }
    if (notes->n_pages < MAX_PAGES) {
        notes->pages[notes->n_pages++] = page;
    }
}

static int protect_everything(void) {
    struct sigaction action = {.sa_sigaction = note_write, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (sigaction(SIGSEGV, &action, NULL) < 0) {
        return -errno;
    }
    for (size_t i = 0; i < notes->n_regions; i++) {
        const struct region *region = &notes->regions[i];
        if (mprotect((void *)region->start, region->end - region->start, PROT_READ) < 0) {
            return -errno;
        }
    }
    return 0;
}

static int compare_pages(const void *a, const void *b) {
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return x < y ? -1 : x > y;
}

/* Turns the noted pages into runs. Returns 0 or -ENOMEM. */
static int keep_learned(void) {
    size_t n_pages = notes->n_pages;
    qsort(notes->pages, n_pages, sizeof notes->pages[0], compare_pages);
    struct region *runs = calloc(n_pages + 1, sizeof runs[0]);
    if (!runs) {
        return -ENOMEM;
    }
    size_t n_runs = 0;
    for (size_t i = 0; i < n_pages; i++) {
        if (n_runs > 0 && runs[n_runs - 1].end == notes->pages[i]) {
            runs[n_runs - 1].end += PAGE_BYTES;
        } else {
            runs[n_runs++] = (struct region){notes->pages[i], notes->pages[i] + PAGE_BYTES};
        }
    }
    free(learned);
    learned = runs;
    n_learned = n_runs;
    return (int)n_pages;
}

static int run_trial(void (*work)(const void *context), const void *context) {
    pid_t pid = fork();
    if (pid < 0) {
        return -errno;
    }
    if (pid == 0) {
        if (protect_everything() == 0) {
            work(context);
        }
        _exit(0);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    /* How the trial ended does not matter: every page that it noted is worth having. */
    return notes->n_pages > 0 ? 0 : -ENODATA;
}

int prefault_learn(void (*work)(const void *context), const void *context) {
    notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (notes == MAP_FAILED) {
        return -errno;
    }
    for (size_t i = 0; i < n_arenas; i++) {
        add_region(arenas[i].start, arenas[i].end);
    }
    add_region(heap_start, (uintptr_t)sbrk(0));
    (void)dl_iterate_phdr(add_object, NULL);
    int result = run_trial(work, context);
    if (result == 0) {
        result = keep_learned();
    }
    (void)munmap(notes, sizeof *notes);
    notes = NULL;
    return result;
}

uint64_t prefault_collapse(void) {
    uint64_t kib = huge_pages_collapse(heap_start, (uintptr_t)sbrk(0));
    for (size_t i = 0; i < n_arenas;) {
        const uintptr_t start = arenas[i].start;
        uintptr_t end = arenas[i].end;
        for (i++; i < n_arenas && arenas[i].start == end; i++) {
            end = arenas[i].end;
        }
        kib += huge_pages_collapse(start, end);
    }
    return kib;
}

void prefault_apply(void) {
    for (size_t i = 0; i < n_learned; i++) {
        (void)madvise((void *)learned[i].start, learned[i].end - learned[i].start, MADV_POPULATE_WRITE);
    }
}
