/* Reading directories, and where a process stands. The results of nftw() and glob() come out as the script named them.
 */
#include <dirent.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "preload/libc_names.h"
#include "preload/preload.h"

WRAP_NEXT(DIR *, opendir, NULL, (const char *path), (mapped));

typedef int scan_filter(const struct dirent *);
typedef int scan_order(const struct dirent **, const struct dirent **);
typedef int scan_filter64(const struct dirent64 *);
typedef int scan_order64(const struct dirent64 **, const struct dirent64 **);

WRAP_NEXT(int, scandir, -1, (const char *path, struct dirent ***list, scan_filter *filter, scan_order *order),
          (mapped, list, filter, order));
WRAP_NEXT(int, scandir64, -1, (const char *path, struct dirent64 ***list, scan_filter64 *filter, scan_order64 *order),
          (mapped, list, filter, order));

#define WRAP_SCANDIRAT(function, dirent_type, filter_type, order_type)                                                 \
    DECLARE_NEXT(function);                                                                                            \
    EXPORT int function(int fd, const char *path, dirent_type ***list, filter_type *filter, order_type *order) {       \
        MAP_AT(mapped, fd, path, -1);                                                                                  \
        return NEXT(function)(fd, mapped, list, filter, order);                                                        \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")
WRAP_SCANDIRAT(scandirat, struct dirent, scan_filter, scan_order);
WRAP_SCANDIRAT(scandirat64, struct dirent64, scan_filter64, scan_order64);

/* File tree walks: libc's own walks the kernel's names, and the callback gets the script's. One walk at a time for each
 * thread; a walk within a callback keeps the outer one's. */
static _Thread_local void *walk_callback __attribute__((tls_model("initial-exec")));

static const char *shown_path(const char *path, char buffer[PATH_MAX], size_t *ret_shorter) {
    size_t len = strlen(path);
    *ret_shorter = 0;
    if (len >= PATH_MAX || !path_is_private(preload_private(), path, len)) {
        return path;
    }
    memcpy(buffer, path, len + 1);
    size_t shown = path_map_back(preload_private(), buffer, len);
    buffer[shown] = '\0';
    *ret_shorter = len - shown;
    return buffer;
}

#define WRAP_FTW(suffix)                                                                                               \
    static int show_ftw##suffix(const char *path, const struct stat##suffix *status, int kind) {                       \
        char buffer[PATH_MAX] UNINITIALIZED;                                                                           \
        size_t shorter;                                                                                                \
        __ftw##suffix##_func_t callback = (__ftw##suffix##_func_t)walk_callback;                                       \
        return callback(shown_path(path, buffer, &shorter), status, kind);                                             \
    }                                                                                                                  \
    static int show_nftw##suffix(const char *path, const struct stat##suffix *status, int kind, struct FTW *where) {   \
        char buffer[PATH_MAX] UNINITIALIZED;                                                                           \
        size_t shorter;                                                                                                \
        __nftw##suffix##_func_t callback = (__nftw##suffix##_func_t)walk_callback;                                     \
        const char *shown = shown_path(path, buffer, &shorter);                                                        \
        struct FTW shown_where = *where;                                                                               \
        shown_where.base = where->base > (int)shorter ? where->base - (int)shorter : 0;                                \
        return callback(shown, status, kind, &shown_where);                                                            \
    }                                                                                                                  \
    DECLARE_NEXT(ftw##suffix);                                                                                         \
    EXPORT int ftw##suffix(const char *path, __ftw##suffix##_func_t callback, int descriptors) {                       \
        MAP(mapped, path, -1);                                                                                         \
        if (mapped == path) {                                                                                          \
            return NEXT(ftw##suffix)(path, callback, descriptors);                                                     \
        }                                                                                                              \
        void *outer = walk_callback;                                                                                   \
        walk_callback = (void *)callback;                                                                              \
        int result = NEXT(ftw##suffix)(mapped, show_ftw##suffix, descriptors);                                         \
        walk_callback = outer;                                                                                         \
        return result;                                                                                                 \
    }                                                                                                                  \
    DECLARE_NEXT(nftw##suffix);                                                                                        \
    EXPORT int nftw##suffix(const char *path, __nftw##suffix##_func_t callback, int descriptors, int flags) {          \
        MAP(mapped, path, -1);                                                                                         \
        if (mapped == path) {                                                                                          \
            return NEXT(nftw##suffix)(path, callback, descriptors, flags);                                             \
        }                                                                                                              \
        void *outer = walk_callback;                                                                                   \
        walk_callback = (void *)callback;                                                                              \
        int result = NEXT(nftw##suffix)(mapped, show_nftw##suffix, descriptors, flags);                                \
        walk_callback = outer;                                                                                         \
        return result;                                                                                                 \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")

WRAP_FTW();
WRAP_FTW(64);

/* glob() asks through these instead of libc's inner functions, which no wrapper reaches. */
static void *open_for_glob(const char *path) {
    return opendir(path);
}

static void close_for_glob(void *directory) {
    (void)closedir(directory);
}

#define WRAP_GLOB(suffix)                                                                                              \
    static struct dirent##suffix *read_for_glob##suffix(void *directory) {                                             \
        return readdir##suffix(directory);                                                                             \
    }                                                                                                                  \
    DECLARE_NEXT(glob##suffix);                                                                                        \
    EXPORT int glob##suffix(const char *pattern, int flags, int (*on_error)(const char *, int),                        \
                            glob##suffix##_t *found) {                                                                 \
        if (preload_active() && !(flags & GLOB_ALTDIRFUNC)) {                                                          \
            flags |= GLOB_ALTDIRFUNC;                                                                                  \
            found->gl_opendir = open_for_glob;                                                                         \
            found->gl_readdir = read_for_glob##suffix;                                                                 \
            found->gl_closedir = close_for_glob;                                                                       \
            found->gl_stat = stat##suffix;                                                                             \
            found->gl_lstat = lstat##suffix;                                                                           \
        }                                                                                                              \
        return NEXT(glob##suffix)(pattern, flags, on_error, found);                                                    \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")

WRAP_GLOB();
WRAP_GLOB(64);

WRAP_CALL(int, chdir, (const char *path), SYS_chdir, mapped);

DECLARE_NEXT(getcwd);
EXPORT char *getcwd(char *text, size_t size) {
    char cwd[PATH_MAX] UNINITIALIZED;
    if (!preload_active() || !text || size == 0) {
        return preload_map_back(NEXT(getcwd)(text, size));
    }
    /* By ourselves, since the kernel's name may need more room than the caller has for the script's. */
    long len = syscall(SYS_getcwd, cwd, sizeof cwd);
    if (len <= 0 || cwd[0] != '/') {
        return preload_map_back(NEXT(getcwd)(text, size));
    }
    size_t shown = path_map_back(preload_private(), cwd, strlen(cwd));
    if (shown >= size) {
        errno = ERANGE;
        return NULL;
    }
    memcpy(text, cwd, shown);
    text[shown] = '\0';
    return text;
}

EXPORT char *__getcwd_chk(char *text, size_t size, size_t room) {
    if (room < size) {
        __chk_fail();
    }
    return getcwd(text, size);
}

EXPORT char *getwd(char *text) {
    return getcwd(text, PATH_MAX);
}

EXPORT char *__getwd_chk(char *text, size_t room) {
    return getcwd(text, room < PATH_MAX ? room : PATH_MAX);
}

DECLARE_NEXT(get_current_dir_name);
EXPORT char *get_current_dir_name(void) {
    return preload_map_back(NEXT(get_current_dir_name)());
}
