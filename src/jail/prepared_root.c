#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "jail/layers.h"

int jail_enter_prepared_root(const char *path) {
    cleanup_close int root = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (root < 0 || fstat(root, &status) < 0) {
        return -errno;
    }
    if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH))) {
        return -EPERM; /* a root that others can write to is none */
    }
    return fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0 ? -errno : 0;
}
