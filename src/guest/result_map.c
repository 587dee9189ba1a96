#include "guest/result_map.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/last_words.h"

static unsigned char *map_base;
static pid_t map_owner;

int result_map_attach(int fd) {
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
    void *base = mmap(NULL, RUN_RESULT_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (base == MAP_FAILED) {
        return -errno;
    }
    if (map_base) {
        (void)munmap(map_base, RUN_RESULT_SIZE);
    }
    map_base = base;
    map_owner = getpid();
    return 0;
}

bool result_map_is_owner(void) {
    return map_base && getpid() == map_owner;
}

static struct run_result_header *owned_header(void) {
    return result_map_is_owner() ? (struct run_result_header *)(void *)map_base : NULL;
}

void result_map_begin(void) {
    struct run_result_header *header = owned_header();
    if (header) {
        header->magic = RUN_RESULT_MAGIC;
        header->phase = RUN_PHASE_MODULE;
    }
}

void result_map_set_phase(enum run_phase phase) {
    struct run_result_header *header = owned_header();
    if (header) {
        header->phase = phase;
    }
}

void result_map_set_banner_written(void) {
    struct run_result_header *header = owned_header();
    if (header) {
        header->banner_written = 1;
    }
}

static struct result_space owned_space(size_t offset, size_t size) {
    if (!result_map_is_owner()) {
        return (struct result_space){NULL, 0};
    }
    return (struct result_space){map_base + offset, size};
}

struct result_space result_map_record(void) {
    return owned_space(RUN_RESULT_RECORD_OFFSET, RUN_RESULT_RECORD_MAX);
}

struct result_space result_map_value(void) {
    return owned_space(RUN_RESULT_VALUE_OFFSET, RUN_RESULT_VALUE_MAX);
}

struct result_space result_map_artifacts(void) {
    return owned_space(RUN_RESULT_ARTIFACTS_OFFSET, RUN_RESULT_ARTIFACTS_MAX);
}

struct result_space result_map_last_words(void) {
    return owned_space(LAST_WORDS_OFFSET, sizeof(struct last_words));
}

void result_map_commit_artifacts(uint64_t used) {
    struct run_result_header *header = owned_header();
    if (header) {
        __atomic_store_n(&header->artifacts_used, used, __ATOMIC_RELEASE);
    }
}

void result_map_complete(size_t record_len, size_t value_len) {
    struct run_result_header *header = owned_header();
    if (!header || header->complete) {
        return;
    }
    header->record_len = (uint32_t)record_len;
    header->value_len = (uint32_t)value_len;
    __atomic_store_n(&header->complete, 1, __ATOMIC_RELEASE);
}

void result_map_clear(void) {
    struct run_result_header *header = owned_header();
    if (header) {
        memset(map_base + RUN_RESULT_RECORD_OFFSET, 0, header->record_len);
        memset(map_base + RUN_RESULT_VALUE_OFFSET, 0, header->value_len);
        memset(header, 0, sizeof *header);
    }
}
