/* Whole reads and writes, and descriptor flags. */
#ifndef PYEXEC_BASE_IO_H
#define PYEXEC_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Reads until `size` bytes are there, EOF or an error; goes on after EINTR. For blocking descriptors.
 * Returns the bytes read (less than `size` only at EOF) or -errno. */
ssize_t io_read_full(int fd, void *buffer, size_t size);

/* Writes all `size` bytes; goes on after EINTR. For blocking descriptors. Returns 0 or -errno. */
int io_write_full(int fd, const void *buffer, size_t size);

/* Reads a small text file such as one of /proc or a cgroup, at most size - 1 bytes, and ends it with NUL.
 * `dir_fd` and `path` as for openat(2). Returns the length or -errno. */
ssize_t io_read_text(int dir_fd, const char *path, char *buffer, size_t size);

/* Writes `text` to an existing file in one write(2), as /proc and cgroup files want it.
 * Never creates, never follows a final symlink. Returns 0 or -errno. */
int io_write_text(int dir_fd, const char *path, const char *text);

/* Sets or clears O_NONBLOCK. Returns 0 or -errno. */
int io_set_nonblocking(int fd, int on);

/* Sets or clears FD_CLOEXEC. Returns 0 or -errno. */
int io_set_cloexec(int fd, int on);

/* Moves the n descriptors to the numbers from `first` on, in their order, close-on-exec, updates fds[], and closes
 * every other descriptor from `first` on. For a process just forked that shall hold nothing else. Returns 0 or -errno.
 */
int io_keep_only(int first, int *fds, size_t n);

#endif
