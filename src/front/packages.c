#include "front/packages.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/json_text.h"
#include "wire/packages.h"

/* An object of arrays of objects of arrays. */
#define MAX_DEPTH 8

int packages_read(int fd, struct byte_buffer *text) {
    struct stat status;
    if (fstat(fd, &status) < 0) {
        return -errno;
    }
    if (status.st_size <= 0 || status.st_size > (off_t)PACKAGES_MAX_BYTES) {
        return -EMSGSIZE;
    }
    cleanup_byte_buffer struct byte_buffer read = {0};
    const size_t size = (size_t)status.st_size;
    if (byte_buffer_reserve(&read, size) < 0) {
        return -ENOMEM;
    }
    while (read.len < size) {
        ssize_t n = pread(fd, read.bytes + read.len, size - read.len, (off_t)read.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -EIO;
        }
        read.len += (size_t)n;
    }
    struct json_span value;
    struct json_fault fault;
    if (json_text_check(read.bytes, read.len, MAX_DEPTH, &value, &fault) < 0 || value.kind != JSON_TEXT_OBJECT) {
        return -EBADMSG;
    }
    const struct byte_buffer before = *text;
    *text = read;
    read = before;
    return 0;
}
