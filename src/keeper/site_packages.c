#include "keeper/site_packages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path_list.h"
#include "jail/tree.h"

static int is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The directory of packages in a virtual environment; in any other directory the directory itself. */
static int enter_virtual_environment(char path[PATH_LIST_ENTRY_MAX], const struct complaint *complaint) {
    char below[PATH_LIST_ENTRY_MAX + 64];
    (void)snprintf(below, sizeof below, "%s/pyvenv.cfg", path);
    if (access(below, F_OK) < 0) {
        return 0;
    }
    (void)snprintf(below, sizeof below, "%s/lib/python" PYEXEC_PYTHON_SERIES "/site-packages", path);
    if (!is_directory(below)) {
        return complain(complaint,
                        "%s is a virtual environment of another Python: scripts run with " PYEXEC_PYTHON_SERIES
                        ", and it has no lib/python" PYEXEC_PYTHON_SERIES "/site-packages",
                        path);
    }
    if (strlen(below) >= PATH_LIST_ENTRY_MAX) {
        return complain(complaint, "%s: %s", path, strerror(ENAMETOOLONG));
    }
    memcpy(path, below, strlen(below) + 1);
    return 0;
}

int site_packages_find(const char *setting, struct site_packages *ret_packages, const struct complaint *complaint) {
    struct site_packages packages = {0};
    char path[PATH_LIST_ENTRY_MAX];
    int found, count = 0;
    while ((found = path_list_next(&setting, path)) > 0) {
        if (!is_directory(path)) {
            const int error = access(path, F_OK) < 0 ? errno : ENOTDIR;
            return complain(complaint, "%s: %s", path, strerror(error));
        }
        if (++count > SITE_PACKAGES_MAX) {
            return complain(complaint, "more than %d directories", SITE_PACKAGES_MAX);
        }
        int error = enter_virtual_environment(path, complaint);
        if (error) {
            return error;
        }
        cleanup_free char *resolved = realpath(path, NULL);
        error = resolved ? path_list_append(packages.outside, sizeof packages.outside, resolved) : -errno;
        if (error) {
            return complain(complaint, "%s: %s", path,
                            error == -EINVAL ? "a colon in the path, which separates directories" : strerror(-error));
        }
    }
    if (found < 0) {
        return complain(complaint, "%s", strerror(-found));
    }
    *ret_packages = packages;
    return 0;
}

/* Every directory on the way must be searchable by others, and the last one readable. */
static int check_for_others(const char *path, const struct complaint *complaint) {
    char part[PATH_LIST_ENTRY_MAX];
    size_t length = 0;
    for (const size_t whole = strlen(path); length < whole;) {
        length += 1 + strcspn(path + length + 1, "/");
        (void)snprintf(part, sizeof part, "%.*s", (int)length, path);
        struct stat status;
        if (stat(part, &status) < 0) {
            return complain(complaint, "%s: %s", part, strerror(errno));
        }
        const mode_t needed = length == whole ? S_IROTH | S_IXOTH : S_IXOTH;
        if ((status.st_mode & needed) != needed) {
            return complain(
                complaint,
                "%s: scripts run as nobody's user, which may not read it: %s has mode %o (chmod o+%sx helps)", path,
                part, status.st_mode & 07777u, length == whole ? "r" : "");
        }
    }
    return 0;
}

int site_packages_check_access(const struct site_packages *packages, int one_id, const struct complaint *complaint) {
    char path[PATH_LIST_ENTRY_MAX];
    int error = 0;
    for (const char *list = packages->outside; !error && path_list_next(&list, path) > 0;) {
        if (!one_id) {
            error = check_for_others(path, complaint);
        } else if (access(path, R_OK | X_OK) < 0) {
            error = complain(complaint, "%s: %s", path, strerror(errno));
        }
    }
    return error;
}

static int lies_beneath(const char *path, const char *directory) {
    const size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* Where the preloaded library shows a script its own directory. */
static int is_hidden(const char *path) {
    static const char *const own[] = {"/tmp", "/var/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(path, own[i]) == 0 || lies_beneath(path, own[i])) {
            return 1;
        }
    }
    return 0;
}

int site_packages_place(struct site_packages *packages, int namespaces, const char *prepared_root,
                        const struct complaint *complaint) {
    char path[PATH_LIST_ENTRY_MAX], name[sizeof SITE_PACKAGES_MOUNT + 16];
    unsigned number = 0;
    packages->inside[0] = '\0';
    for (const char *list = packages->outside; path_list_next(&list, path) > 0;) {
        const char *inside = path;
        if (namespaces) {
            (void)snprintf(name, sizeof name, SITE_PACKAGES_MOUNT "/%u", ++number);
            inside = name;
        } else if (prepared_root && !lies_beneath(path, prepared_root)) {
            return -EXDEV;
        } else if (prepared_root) {
            inside = path + strlen(prepared_root);
        }
        if (!namespaces && is_hidden(inside)) {
            return complain(complaint, "%s: in its place scripts have a directory of their own; move it elsewhere",
                            path);
        }
        if (path_list_append(packages->inside, sizeof packages->inside, inside) < 0) {
            return complain(complaint, "%s: too many, or too long", path);
        }
    }
    return 0;
}
