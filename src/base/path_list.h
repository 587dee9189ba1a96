/* Paths in one text, separated by colons, as in PATH. */
#ifndef PYEXEC_BASE_PATH_LIST_H
#define PYEXEC_BASE_PATH_LIST_H

#include <stddef.h>

/* Bytes of one path, NUL included. */
#define PATH_LIST_ENTRY_MAX 1024

/* Copies the first path of *list into `ret_path` and moves *list behind it. Empty ones are passed over. Returns 1, 0
 * when there is none any more, or -ENAMETOOLONG. */
int path_list_next(const char **list, char ret_path[PATH_LIST_ENTRY_MAX]);

/* Puts `path` behind what is in list[0..size), a NUL-ended text. Returns 0, -EINVAL when a colon is in the path, or
 * -ENAMETOOLONG. */
int path_list_append(char *list, size_t size, const char *path);

#endif
