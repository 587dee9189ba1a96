#include "front/host_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define PATH_MAX_BYTES 4096
#define BYTES_PER_KIB 1024u

static uint64_t machine_memory(const char *root) {
    char path[PATH_MAX_BYTES], text[8192];
    unsigned long long kib;
    (void)snprintf(path, sizeof path, "%s/proc/meminfo", root);
    if (io_read_text(AT_FDCWD, path, text, sizeof text) < 0) {
        return 0;
    }
    const char *line = strstr(text, "MemTotal:");
    return line && sscanf(line, "MemTotal: %llu kB", &kib) == 1 ? kib * BYTES_PER_KIB : 0;
}

/* The number in a group's file; UINT64_MAX when there is no such file, or "max" in it. */
static uint64_t limit_in(const char *root, const char *mount, const char *group, const char *name) {
    char path[PATH_MAX_BYTES + 256], text[64], *end;
    (void)snprintf(path, sizeof path, "%s%s%s/%s", root, mount, group, name);
    if (io_read_text(AT_FDCWD, path, text, sizeof text) <= 0 || text[0] < '0' || text[0] > '9') {
        return UINT64_MAX;
    }
    unsigned long long limit = strtoull(text, &end, 10);
    return end > text ? (uint64_t)limit : UINT64_MAX;
}

/* The least limit of a group and those above it. In a container the name may be one that only the host knows: then the
 * groups that are not there have no limit, and the one on top is the container's own. */
static uint64_t least_limit(const char *root, const char *mount, char *group, const char *name) {
    uint64_t least = UINT64_MAX;
    for (;;) {
        uint64_t limit = limit_in(root, mount, group, name);
        least = limit < least ? limit : least;
        char *slash = strrchr(group, '/');
        if (!slash) {
            return least;
        }
        *slash = '\0';
    }
}

static uint64_t group_limit(const char *root) {
    char path[PATH_MAX_BYTES], text[8192], *rest = text, *line;
    uint64_t least = UINT64_MAX;
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (io_read_text(AT_FDCWD, path, text, sizeof text) < 0) {
        return UINT64_MAX;
    }
    /* Lines "number:controllers:/group"; version 2 is number 0 without controllers. */
    while ((line = strsep(&rest, "\n")) && *line) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) {
            continue;
        }
        *group++ = '\0';
        char copy[PATH_MAX_BYTES];
        (void)snprintf(copy, sizeof copy, "%s", group);
        uint64_t limit = UINT64_MAX;
        if (strcmp(controllers, ":") == 0) {
            limit = least_limit(root, "/sys/fs/cgroup", copy, "memory.max");
        } else if (strstr(controllers, "memory")) {
            limit = least_limit(root, "/sys/fs/cgroup/memory", copy, "memory.limit_in_bytes");
        }
        least = limit < least ? limit : least;
    }
    return least;
}

uint64_t host_memory_bytes(const char *root) {
    uint64_t machine = machine_memory(root), group = group_limit(root);
    return group < machine ? group : machine;
}
