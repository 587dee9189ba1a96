#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path_list.h"
#include "jail/root_files.h"
#include "jail/root_paths.h"
#include "jail/tree.h"

#define READ_ONLY_TREE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* A clone of `source` with all that is mounted beneath it, mounted nowhere. Returns the descriptor or -errno. */
static int clone_tree(const char *source, uint64_t attributes) {
    cleanup_close int tree =
        open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0) {
        return -errno;
    }
    return take_fd(&tree);
}

/* Mounts a clone onto `target` beneath the new root, which exists. */
static int mount_tree(int tree, int root, const char *target) {
    return move_mount(tree, "", root, target, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
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
    cleanup_close int tree = clone_tree(path, attributes);
    return tree < 0 ? tree : mount_tree(tree, root, target);
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

/* The directories of the operator's packages, cloned before anything is mounted that could hide them. */
struct own_packages {
    int trees[SITE_PACKAGES_MAX];
    int n;
};

static void own_packages_close(struct own_packages *packages) {
    while (packages->n > 0) {
        close_fd(&packages->trees[--packages->n]);
    }
}

static int own_packages_open(const char *list, struct own_packages *packages) {
    char path[PATH_LIST_ENTRY_MAX];
    packages->n = 0;
    while (path_list_next(&list, path) > 0) {
        const int tree = packages->n < SITE_PACKAGES_MAX ? clone_tree(path, READ_ONLY_TREE) : -E2BIG;
        if (tree < 0) {
            return tree;
        }
        packages->trees[packages->n++] = tree;
    }
    return 0;
}

static int own_packages_mount(const struct own_packages *packages, int root) {
    if (packages->n > 0 && mkdirat(root, &SITE_PACKAGES_MOUNT[1], 0755) < 0) {
        return -errno;
    }
    for (int i = 0; i < packages->n; i++) {
        char target[sizeof SITE_PACKAGES_MOUNT + 16];
        (void)snprintf(target, sizeof target, SITE_PACKAGES_MOUNT "/%d", i + 1);
        int error = mkdirat(root, target + 1, 0755) < 0 ? -errno : mount_tree(packages->trees[i], root, target + 1);
        if (error) {
            return error;
        }
    }
    return 0;
}

static int fill_root(int root, uint32_t n_slots, const struct own_packages *packages, const char **ret_path) {
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
        *ret_path = SITE_PACKAGES_MOUNT;
        error = own_packages_mount(packages, root);
    }
    if (!error) {
        error = root_make_etc_files(root, JAIL_FIRST_SLOT_ID, n_slots ? n_slots : 1, ret_path);
    }
    if (!error) {
        error = root_make_links(root, ret_path);
    }
    return error;
}

int jail_build_root(uint32_t n_slots, const char *site_packages, const char **ret_path) {
    *ret_path = "/";
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        return -errno;
    }
    (void)umask(022);
    __attribute__((cleanup(own_packages_close))) struct own_packages packages;
    *ret_path = SITE_PACKAGES_MOUNT;
    int error = own_packages_open(site_packages, &packages);
    if (error) {
        return error;
    }
    /* On /tmp, which every host has: only in this namespace, and only until the root is changed. */
    *ret_path = "/tmp";
    if (mount("root", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=32m,nr_inodes=4096,mode=755") < 0) {
        return -errno;
    }
    cleanup_close int root = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (root < 0) {
        return -errno;
    }
    error = fill_root(root, n_slots, &packages, ret_path);
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
