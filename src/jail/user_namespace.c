#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/tree.h"

static int write_map(int proc_fd, const char *pid_text, const char *file, const char *map) {
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", pid_text, file);
    /* Not io_write_text(): "self" is a link, and the only one on the way. */
    cleanup_close int fd = openat(proc_fd, path, O_WRONLY | O_CLOEXEC);
    return fd < 0 ? -errno : io_write_full(fd, map, strlen(map));
}

int jail_write_id_maps(int proc_fd, const char *pid_text, uint32_t inside, uint32_t outside_root_uid,
                       uint32_t outside_root_gid, uint32_t first_outside_slot, uint32_t n_slots) {
    char uid_map[96], gid_map[96];
    if (n_slots > 0) {
        (void)snprintf(uid_map, sizeof uid_map, "0 %u 1\n%u %u %u\n", outside_root_uid, JAIL_FIRST_SLOT_ID,
                       first_outside_slot, n_slots);
        (void)snprintf(gid_map, sizeof gid_map, "0 %u 1\n%u %u %u\n", outside_root_gid, JAIL_FIRST_SLOT_ID,
                       first_outside_slot, n_slots);
    } else {
        (void)snprintf(uid_map, sizeof uid_map, "%u %u 1\n", inside, outside_root_uid);
        (void)snprintf(gid_map, sizeof gid_map, "%u %u 1\n", inside, outside_root_gid);
        /* The kernel's condition for a group map without privileges. */
        int error = write_map(proc_fd, pid_text, "setgroups", "deny");
        if (error && error != -EPERM) {
            return error;
        }
    }
    int error = write_map(proc_fd, pid_text, "gid_map", gid_map);
    return error ? error : write_map(proc_fd, pid_text, "uid_map", uid_map);
}
