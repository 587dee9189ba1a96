/* Loading shared objects. libc looks at its caller's address to know whose search path holds, so where no path is to be
 * mapped libc's function takes over this one's frame: these two are built with -O2 and hold nothing on the stack. */
#include <dlfcn.h>
#include <string.h>

#include "preload/preload.h"

DECLARE_NEXT(dlopen);
DECLARE_NEXT(dlmopen);

__attribute__((noinline)) static void *open_mapped(const char *path, int mode) {
    MAP(mapped, path, NULL);
    return NEXT(dlopen)(mapped, mode);
}

__attribute__((noinline)) static void *open_mapped_in(Lmid_t list, const char *path, int mode) {
    MAP(mapped, path, NULL);
    return NEXT(dlmopen)(list, mapped, mode);
}

/* A name without a slash is looked for in search paths. */
static bool is_path(const char *name) {
    return name && strchr(name, '/') && preload_active() && path_may_concern(name);
}

EXPORT void *dlopen(const char *path, int mode) {
    return is_path(path) ? open_mapped(path, mode) : NEXT(dlopen)(path, mode);
}

EXPORT void *dlmopen(Lmid_t list, const char *path, int mode) {
    return is_path(path) ? open_mapped_in(list, path, mode) : NEXT(dlmopen)(list, path, mode);
}
