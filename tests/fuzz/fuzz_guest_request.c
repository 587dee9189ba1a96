/* A run_request as a new sandbox reads it from its control socket: whatever comes, its parts and entries lie within
 * what was read. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds) {
    if (!holds) {
        abort();
    }
}

static unsigned sum; /* of bytes: they are read, so that the sanitizer sees where they are */

static void check_part(const struct request *request, const struct request_part *part) {
    check(part->bytes >= request->body && part->size <= request->body_size &&
          (size_t)(part->bytes - request->body) <= request->body_size - part->size);
    for (uint64_t i = 0; i < part->size; i++) {
        sum += part->bytes[i];
    }
}

static void check_entries(const struct request_part *section) {
    uint64_t offset = 0, before = 0;
    const unsigned char *name, *value, *end = section->bytes + section->size;
    uint32_t name_len, value_len;
    while (run_request_next_entry(section->bytes, section->size, &offset, &name, &name_len, &value, &value_len) == 1) {
        check(name >= section->bytes && name + name_len == value && value <= end && value_len <= end - value);
        check(offset > before && offset <= section->size);
        before = offset;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct request request;
    int fd = memfd_create("request", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    int got = request_read(fd, &request);
    (void)close(fd);
    check((got == 0) == (size == 0));
    if (got != 1) {
        return 0;
    }
    check_part(&request, &request.script);
    check_part(&request, &request.args);
    check_part(&request, &request.kwargs);
    check_part(&request, &request.env);
    check_part(&request, &request.files);
    check_part(&request, &request.stdin_content);
    check_entries(&request.env);
    check_entries(&request.files);
    request_release(&request);
    return 0;
}
