/* What a path means when /tmp is a private directory. Pure text: no system call, no allocation, no state. */
#ifndef PYEXEC_PRELOAD_PATH_MAP_H
#define PYEXEC_PRELOAD_PATH_MAP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define PRIVATE_ROOT "/tmp" /* what scripts call it */
#define PRIVATE_ROOT_LEN (sizeof PRIVATE_ROOT - 1)

/* The private directory, named as the kernel names it: absolute, no symbolic links, no slash at the end, and not
 * shorter than PRIVATE_ROOT, so that mapping back shortens. */
struct private_directory {
    const char *name;
    size_t len;
};

enum path_verdict {
    PATH_KEEP,   /* the path means what the kernel takes it for */
    PATH_MAPPED, /* the answer is in the buffer */
    PATH_TOO_LONG,
};

/* Whether path_map() may answer anything but PATH_KEEP: a quick look that lets nearly every path go. */
bool path_may_concern(const char *path);

/* Where `path` leads. /tmp, /var/tmp and /dev/shm are the private directory; ".." that climbs out of it is resolved by
 * the letters, and everything else is left to the kernel. `cwd` is the directory that a relative path starts from,
 * named by the kernel; NULL when unknown, and then relative paths are kept. The buffer's content counts only after
 * PATH_MAPPED. */
enum path_verdict path_map(const struct private_directory *private, const char *cwd, const char *path,
                           char buffer[PATH_MAX]);

/* Whether `path`, absolute, is the private directory or beneath it. */
bool path_is_private(const struct private_directory *private, const char *path, size_t path_len);

/* Turns a kernel's name into what the script calls it, in place. `path` needs no NUL at the end. Returns the new
 * length, which is `path_len` when the path is not private. */
size_t path_map_back(const struct private_directory *private, char *path, size_t path_len);

#endif
