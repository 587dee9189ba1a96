#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

ssize_t io_read_full(int fd, void *buffer, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, (char *)buffer + done, size - done);
        if (n == 0) {
            break;
        }
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -errno;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int io_write_full(int fd, const void *buffer, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(fd, (const char *)buffer + done, size - done);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -errno;
        }
        done += (size_t)n;
    }
    return 0;
}

ssize_t io_read_text(int dir_fd, const char *path, char *buffer, size_t size) {
    cleanup_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return -errno;
    }
    ssize_t n = io_read_full(fd, buffer, size - 1);
    if (n < 0) {
        return n;
    }
    buffer[n] = '\0';
    return n;
}

int io_write_text(int dir_fd, const char *path, const char *text) {
    cleanup_close int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return -errno;
    }
    size_t size = strlen(text);
    ssize_t n = write(fd, text, size);
    if (n < 0) {
        return -errno;
    }
    return (size_t)n == size ? 0 : -EIO;
}

int io_set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) {
        return -errno;
    }
    flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int io_set_cloexec(int fd, int on) {
    return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int io_keep_only(int first, int *fds, size_t n) {
    /* All out of the way first, so that none is overwritten before it is moved. */
    for (size_t i = 0; i < n; i++) {
        int moved = fcntl(fds[i], F_DUPFD, first + (int)n);
        if (moved < 0) {
            return -errno;
        }
        fds[i] = moved;
    }
    for (size_t i = 0; i < n; i++) {
        if (dup3(fds[i], first + (int)i, O_CLOEXEC) < 0) {
            return -errno;
        }
        fds[i] = first + (int)i;
    }
    return syscall(SYS_close_range, (unsigned)(first + (int)n), ~0U, 0U) < 0 ? -errno : 0;
}
