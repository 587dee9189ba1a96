#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "base/cleanup.h"
#include "base/path_list.h"
#include "jail/layers.h"
#include "jail/root_paths.h"

/* What the headers of Debian 12 do not have yet; values of the kernel's ABI. */
#define ACCESS_FS_TRUNCATE (1ULL << 14)  /* ABI 3 */
#define ACCESS_FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define ACCESS_NET_BIND_TCP (1ULL << 0)  /* ABI 4 */
#define ACCESS_NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)

/* struct landlock_ruleset_attr as of ABI 6; an older kernel is given only the part that it knows. */
struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

#define ACCESS_READ (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE                                                                                                   \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                  \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |                        \
     LANDLOCK_ACCESS_FS_MAKE_SYM)
#define ACCESS_MAKE_NODES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK)

#define ACCESS_OF_FILES                                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE |  \
     ACCESS_FS_IOCTL_DEV)

/* All file access that a kernel of this ABI can restrict. */
static uint64_t handled_fs(int abi) {
    uint64_t access = ACCESS_READ | ACCESS_WRITE | ACCESS_MAKE_NODES;
    if (abi >= 2) {
        access |= LANDLOCK_ACCESS_FS_REFER;
    }
    if (abi >= 3) {
        access |= ACCESS_FS_TRUNCATE;
    }
    if (abi >= 5) {
        access |= ACCESS_FS_IOCTL_DEV;
    }
    return access;
}

int jail_landlock_abi(void) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static int create_ruleset(int abi) {
    struct ruleset_attr attr = {.handled_access_fs = handled_fs(abi)};
    size_t size = sizeof attr.handled_access_fs;
    if (abi >= 4) {
        attr.handled_access_net = ACCESS_NET_BIND_TCP | ACCESS_NET_CONNECT_TCP;
        size += sizeof attr.handled_access_net;
    }
    if (abi >= 6) {
        attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
        size += sizeof attr.scoped;
    }
    long fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    return fd < 0 ? -errno : (int)fd;
}

static int allow_fd(int ruleset_fd, int fd, uint64_t access) {
    struct stat status;
    if (fstat(fd, &status) < 0) {
        return -errno;
    }
    /* For a file the kernel refuses rights that only a directory can have. */
    if (!S_ISDIR(status.st_mode)) {
        access &= ACCESS_OF_FILES;
    }
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    return syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

static int allow_beneath(int ruleset_fd, const char *path, uint64_t access) {
    /* The system call itself: without namespaces libc's open() is the preloaded library's, for which a path beneath
     * /tmp is one of the script's. */
    cleanup_close int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : allow_fd(ruleset_fd, fd, access);
}

static int restrict_self(int ruleset_fd) {
    return syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0 ? -errno : 0;
}

static uint64_t device_access(int abi) {
    return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (handled_fs(abi) & ACCESS_FS_TRUNCATE);
}

/* No sockets by name and no device nodes, not even in the private directory. */
static uint64_t private_access(int abi) {
    return handled_fs(abi) & ~(uint64_t)(ACCESS_MAKE_NODES | ACCESS_FS_IOCTL_DEV);
}

/* Paths that are not there are left out: nothing can be reached through them. */
static int allow_all(int ruleset_fd, const char *const *paths, uint64_t access) {
    for (; *paths; paths++) {
        int error = allow_beneath(ruleset_fd, *paths, access);
        if (error && error != -ENOENT) {
            return error;
        }
    }
    return 0;
}

int jail_landlock_sandbox(void) {
    int abi = jail_landlock_abi();
    if (abi == 0) {
        return 0;
    }
    cleanup_close int ruleset_fd = create_ruleset(abi);
    if (ruleset_fd < 0) {
        return ruleset_fd;
    }
    int error = allow_beneath(ruleset_fd, "/", ACCESS_READ);
    if (!error) {
        error = allow_beneath(ruleset_fd, "/tmp", private_access(abi));
    }
    if (!error) {
        error = allow_all(ruleset_fd, root_device_paths, device_access(abi));
    }
    return error ? error : restrict_self(ruleset_fd);
}

static int allow_list(int ruleset_fd, const char *list, uint64_t access) {
    char path[PATH_LIST_ENTRY_MAX];
    int found, error = 0;
    while (!error && (found = path_list_next(&list, path)) != 0) {
        error = found < 0 ? found : allow_beneath(ruleset_fd, path, access);
    }
    return error;
}

int jail_landlock_directory(int directory_fd, int prepared_root, const char *readable, const char *site_packages) {
    int abi = jail_landlock_abi();
    if (abi == 0) {
        return -ENOSYS;
    }
    cleanup_close int ruleset_fd = create_ruleset(abi);
    if (ruleset_fd < 0) {
        return ruleset_fd;
    }
    int error = 0;
    if (prepared_root) {
        error = allow_beneath(ruleset_fd, "/", ACCESS_READ);
    } else {
        error = allow_all(ruleset_fd, root_system_paths, ACCESS_READ);
        if (!error) {
            error = allow_all(ruleset_fd, root_etc_paths, ACCESS_READ);
        }
        if (!error) {
            error = allow_list(ruleset_fd, site_packages, ACCESS_READ);
        }
    }
    if (!error && readable) {
        error = allow_beneath(ruleset_fd, readable, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE);
    }
    if (!error) {
        error = allow_fd(ruleset_fd, directory_fd, private_access(abi));
    }
    if (!error) {
        error = allow_all(ruleset_fd, root_device_paths, device_access(abi));
    }
    return error ? error : restrict_self(ruleset_fd);
}

int jail_landlock_front(void) {
    int abi = jail_landlock_abi();
    if (abi == 0) {
        return 0;
    }
    cleanup_close int ruleset_fd = create_ruleset(abi);
    return ruleset_fd < 0 ? ruleset_fd : restrict_self(ruleset_fd);
}
