#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "jail/tree.h"

int jail_mount_private_tmp(uint32_t uid, uint32_t gid, uint64_t max_bytes, uint64_t max_inodes) {
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) < 0) {
        return -errno;
    }
    cleanup_close int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0) {
        return -errno;
    }
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"size", max_bytes}, {"nr_inodes", max_inodes}, {"uid", uid}, {"gid", gid}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[24];
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)numbers[i].value);
        if (fsconfig(context, FSCONFIG_SET_STRING, numbers[i].key, text, 0) < 0) {
            return -errno;
        }
    }
    if (fsconfig(context, FSCONFIG_SET_STRING, "mode", "700", 0) < 0 ||
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
        return -errno;
    }
    cleanup_close int tmpfs = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (tmpfs < 0 || move_mount(tmpfs, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) < 0) {
        return -errno;
    }
    return 0;
}
