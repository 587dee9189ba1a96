/* Whether /tmp is a private directory in this process, and which. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preload/environment.h"
#include "preload/preload.h"
#include "wire/private_tmp.h"

_Atomic int preload_state = PRELOAD_UNKNOWN;
const char preload_too_long[] = "";

static char private_name[PATH_MAX];
static struct private_directory private = {.name = private_name};
static const char *library_name;

/* The linker gives the section's borders these names. */
extern struct next_function __start_pyexec_next[] __attribute__((visibility("hidden")));
extern struct next_function __stop_pyexec_next[] __attribute__((visibility("hidden")));

const struct private_directory *preload_private(void) {
    return &private;
}

const char *preload_library(void) {
    return library_name;
}

void *preload_look_up(struct next_function *function) {
    void *address = dlsym(RTLD_NEXT, function->name);
    atomic_store_explicit(&function->address, address, memory_order_relaxed);
    return address;
}

static int set_private(const char *name) {
    size_t len = strlen(name);
    while (len > 1 && name[len - 1] == '/') {
        len--;
    }
    if (name[0] != '/' || len < PRIVATE_ROOT_LEN ||
        (len == PRIVATE_ROOT_LEN && strncmp(name, PRIVATE_ROOT, len) == 0)) {
        return -EINVAL;
    }
    if (len >= sizeof private_name - NAME_MAX) {
        return -ENAMETOOLONG; /* no file in there could be named */
    }
    memcpy(private_name, name, len);
    private_name[len] = '\0';
    private.len = len;
    return 0;
}

static void set_library(void) {
    Dl_info info;
    if (!library_name && dladdr((const void *)&preload_library, &info) != 0 && info.dli_fname &&
        info.dli_fname[0] == '/') {
        library_name = info.dli_fname;
    }
}

/* Threads do not race here: the constructor, or a call that came before it, runs while there is one thread. */
bool preload_find_state(void) {
    int state = atomic_load_explicit(&preload_state, memory_order_acquire);
    if (state == PRELOAD_UNKNOWN) {
        set_library();
        const char *name = getenv(PYEXEC_TMP_VARIABLE);
        state = name && set_private(name) == 0 ? PRELOAD_ACTIVE : PRELOAD_INACTIVE;
        atomic_store_explicit(&preload_state, state, memory_order_release);
    }
    return state == PRELOAD_ACTIVE;
}

__attribute__((constructor)) static void load(void) {
    for (struct next_function *function = __start_pyexec_next; function < __stop_pyexec_next; function++) {
        (void)preload_next(function);
    }
    set_library(); /* again, if it was too early */
    if (preload_find_state()) {
        environment_hide();
    }
}

EXPORT int pyexec_private_tmp_set(const char *real_directory) {
    char resolved[PATH_MAX] UNINITIALIZED;
    atomic_store_explicit(&preload_state, PRELOAD_INACTIVE, memory_order_release);
    if (real_directory[0] != '/') {
        return -EINVAL;
    }
    if (!realpath(real_directory, resolved)) {
        return -errno;
    }
    int error = set_private(resolved);
    if (error) {
        return error;
    }
    atomic_store_explicit(&preload_state, PRELOAD_ACTIVE, memory_order_release);
    environment_hide();
    return 0;
}

/* What a relative path from the descriptor `fd` starts from, as far as it matters: the directories whose entries are
 * other than the kernel's. Found by identity, since not every sandbox has a /proc to ask for the name. */
static const char *name_of_directory(int fd) {
    const char *const names[] = {private_name, "/", "/var", "/dev"};
    struct stat wanted;
    struct stat found;
    if (syscall(SYS_newfstatat, fd, "", &wanted, AT_EMPTY_PATH) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (syscall(SYS_newfstatat, AT_FDCWD, names[i], &found, 0) == 0 && found.st_dev == wanted.st_dev &&
            found.st_ino == wanted.st_ino) {
            return names[i];
        }
    }
    return NULL;
}

static enum path_verdict map_relative(int fd, const char *path, char buffer[PATH_MAX]) {
    int saved = errno;
    const char *start = NULL;
    char cwd[PATH_MAX] UNINITIALIZED;
    if (fd == AT_FDCWD) {
        start = syscall(SYS_getcwd, cwd, sizeof cwd) > 0 ? cwd : NULL;
    } else {
        start = name_of_directory(fd);
    }
    errno = saved;
    return path_map(&private, start, path, buffer);
}

const char *preload_map(int fd, const char *path, char buffer[PATH_MAX]) {
    if (!path || !path_may_concern(path)) {
        return path;
    }
    enum path_verdict verdict =
        path[0] == '/' ? path_map(&private, NULL, path, buffer) : map_relative(fd, path, buffer);
    if (verdict == PATH_TOO_LONG) {
        errno = ENAMETOOLONG;
        return preload_too_long;
    }
    return verdict == PATH_MAPPED ? buffer : path;
}

char *preload_map_back(char *path) {
    if (path && preload_active()) {
        path[path_map_back(&private, path, strlen(path))] = '\0';
    }
    return path;
}
