#include "base/path_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int path_list_next(const char **list, char ret_path[PATH_LIST_ENTRY_MAX]) {
    const char *path = *list + strspn(*list, ":");
    const size_t length = strcspn(path, ":");
    if (length >= PATH_LIST_ENTRY_MAX) {
        return -ENAMETOOLONG;
    }
    memcpy(ret_path, path, length);
    ret_path[length] = '\0';
    *list = path + length;
    return length > 0;
}

int path_list_append(char *list, size_t size, const char *path) {
    const size_t used = strlen(list);
    if (strchr(path, ':')) {
        return -EINVAL;
    }
    const int n = snprintf(list + used, size - used, "%s%s", used > 0 ? ":" : "", path);
    if (n < 0 || (size_t)n >= size - used) {
        list[used] = '\0';
        return -ENAMETOOLONG;
    }
    return 0;
}
