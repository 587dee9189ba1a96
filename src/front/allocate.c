#include "front/allocate.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/log.h"

static void *check(void *memory) {
    if (!memory) {
        log_error("out of memory");
        _Exit(EX_OSERR);
    }
    return memory;
}

void *allocate_or_exit(size_t size) {
    return check(calloc(1, size));
}

void *reallocate_or_exit(void *memory, size_t size) {
    return check(realloc(memory, size));
}
