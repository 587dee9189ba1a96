#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "jail/root_files.h"
#include "jail/root_paths.h"
#include "jail/tree.h"

#define READ_ONLY_TREE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* Mounts a clone of `source` of the old tree, with all that is mounted beneath it, onto `target` beneath the new root.
 * The target exists. */
static int mount_clone(const char *source, int root, const char *target, uint64_t attributes) {
    cleanup_close int tree =
        open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
    if (tree < 0) {
        return -errno;
    }
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
    if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0 ||
        move_mount(tree, "", root, target, MOVE_MOUNT_F_EMPTY_PATH) < 0) {
        return -errno;
    }
    return 0;
}

/* Brings one path of the old tree into the new one at the same place: links as links, directories and files as
 * read-only mounts. A path that the host does not have is left out. */
static int bring(int root, const char *path, uint64_t attributes) {
    const char *target = path + 1;
    struct stat status;
    if (lstat(path, &status) < 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (S_ISLNK(status.st_mode)) {
        char link[1024];
        ssize_t n = readlink(path, link, sizeof link - 1);
        if (n < 0) {
            return -errno;
        }
        link[n] = '\0';
        return symlinkat(link, root, target) < 0 ? -errno : 0;
    }
    if (S_ISDIR(status.st_mode)) {
        if (mkdirat(root, target, 0755) < 0) {
            return -errno;
        }
    } else {
        int error = root_make_file(root, target, "");
        if (error) {
            return error;
        }
    }
    return mount_clone(path, root, target, attributes);
}

static int bring_all(int root, const char *const *paths, uint64_t attributes, const char **ret_path) {
    for (; *paths; paths++) {
        int error = bring(root, *paths, attributes);
        if (error) {
            *ret_path = *paths;
            return error;
        }
    }
    return 0;
}

static int fill_root(int root, uint32_t n_slots, const char **ret_path) {
    int error = root_make_directories(root, ret_path);
    if (!error) {
        error = bring_all(root, root_system_paths, READ_ONLY_TREE, ret_path);
    }
    if (!error) {
        error = bring_all(root, root_etc_paths, READ_ONLY_TREE, ret_path);
    }
    if (!error) {
        /* Not "nodev", which would make them useless; a read-only mount does not keep a device from being written. */
        error = bring_all(root, root_device_paths, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, ret_path);
    }
    if (!error) {
        error = root_make_etc_files(root, JAIL_FIRST_SLOT_ID, n_slots ? n_slots : 1, ret_path);
    }
    if (!error) {
        error = root_make_links(root, ret_path);
    }
    return error;
}

int jail_build_root(uint32_t n_slots, const char **ret_path) {
    *ret_path = "/";
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        return -errno;
    }
    (void)umask(022);
    /* On /tmp, which every host has: only in this namespace, and only until the root is changed. */
    *ret_path = "/tmp";
    if (mount("root", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=32m,nr_inodes=4096,mode=755") < 0) {
        return -errno;
    }
    cleanup_close int root = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (root < 0) {
        return -errno;
    }
    int error = fill_root(root, n_slots, ret_path);
    if (error) {
        return error;
    }
    *ret_path = "pivot_root";
    if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) {
        return -errno;
    }
    /* The old root now lies over the new one. */
    if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
        return -errno;
    }
    return 0;
}
