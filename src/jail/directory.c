#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/layers.h"

int jail_enter_directory(int directory_fd) {
    if (setsid() < 0) {
        return -errno;
    }
    (void)umask(022);
    return fchdir(directory_fd) < 0 ? -errno : 0;
}
