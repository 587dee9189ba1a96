/* Temporary names: libc's own functions would make the files by inner calls. The template stays the caller's; each
 * attempt goes through our own wrappers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preload/preload.h"

#define PLACES 6
#define ATTEMPTS 10000

enum temp_kind { TEMP_FILE, TEMP_DIRECTORY, TEMP_NAME };

static uint64_t random_number(void) {
    uint64_t number = 0;
    if (syscall(SYS_getrandom, &number, sizeof number, 1 /* GRND_NONBLOCK */) != (long)sizeof number) {
        static _Atomic uint64_t counter;
        number = (uint64_t)(uintptr_t)&number ^ ((uint64_t)getpid() << 32) ^
                 (atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed) * 0x9e3779b97f4a7c15U);
    }
    return number;
}

static void fill_name(char *places) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint64_t number = random_number();
    for (int i = 0; i < PLACES; i++) {
        places[i] = letters[number % (sizeof letters - 1)];
        number /= sizeof letters - 1;
    }
}

static int try_name(const char *name, int flags, enum temp_kind kind) {
    struct stat status;
    switch (kind) {
    case TEMP_FILE:
        return open(name, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
    case TEMP_DIRECTORY:
        return mkdir(name, 0700);
    case TEMP_NAME:
        break;
    }
    if (lstat(name, &status) == 0) {
        errno = EEXIST;
        return -1;
    }
    return errno == ENOENT ? 0 : -1;
}

static int make_temp(char *name, int suffix_len, int flags, enum temp_kind kind) {
    size_t len = strlen(name);
    if (suffix_len < 0 || len < (size_t)suffix_len + PLACES ||
        memcmp(name + len - (size_t)suffix_len - PLACES, "XXXXXX", PLACES) != 0) {
        errno = EINVAL;
        return -1;
    }
    int saved = errno;
    for (int i = 0; i < ATTEMPTS; i++) {
        fill_name(name + len - (size_t)suffix_len - PLACES);
        int result = try_name(name, flags, kind);
        if (result >= 0) {
            errno = saved;
            return result;
        }
        if (errno != EEXIST) {
            return -1;
        }
    }
    errno = EEXIST;
    return -1;
}

#define WRAP_MKSTEMP(suffix)                                                                                           \
    EXPORT int mkstemp##suffix(char *name) {                                                                           \
        return make_temp(name, 0, 0, TEMP_FILE);                                                                       \
    }                                                                                                                  \
    EXPORT int mkostemp##suffix(char *name, int flags) {                                                               \
        return make_temp(name, 0, flags, TEMP_FILE);                                                                   \
    }                                                                                                                  \
    EXPORT int mkstemps##suffix(char *name, int suffix_len) {                                                          \
        return make_temp(name, suffix_len, 0, TEMP_FILE);                                                              \
    }                                                                                                                  \
    EXPORT int mkostemps##suffix(char *name, int suffix_len, int flags) {                                              \
        return make_temp(name, suffix_len, flags, TEMP_FILE);                                                          \
    }                                                                                                                  \
    _Static_assert(1, "a semicolon follows")
WRAP_MKSTEMP();
WRAP_MKSTEMP(64);

EXPORT char *mkdtemp(char *name) {
    return make_temp(name, 0, 0, TEMP_DIRECTORY) < 0 ? NULL : name;
}

EXPORT char *mktemp(char *name) {
    if (make_temp(name, 0, 0, TEMP_NAME) < 0) {
        name[0] = '\0';
    }
    return name;
}

static FILE *open_unnamed(void) {
    char name[] = PRIVATE_ROOT "/tmpfXXXXXX";
    int fd = open(PRIVATE_ROOT, O_TMPFILE | O_RDWR | O_EXCL, 0600);
    if (fd < 0) {
        fd = mkstemp(name);
        if (fd < 0) {
            return NULL;
        }
        (void)unlink(name);
    }
    FILE *stream = fdopen(fd, "w+");
    if (!stream) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
    }
    return stream;
}

EXPORT FILE *tmpfile(void) {
    return open_unnamed();
}

EXPORT FILE *tmpfile64(void) {
    return open_unnamed();
}

/* Names only: they are checked in the private directory, and free of charge unique elsewhere. */
EXPORT char *tmpnam(char text[L_tmpnam]) {
    static char shared[L_tmpnam];
    char *name = text ? text : shared;
    (void)snprintf(name, L_tmpnam, PRIVATE_ROOT "/fileXXXXXX");
    return make_temp(name, 0, 0, TEMP_NAME) < 0 ? NULL : name;
}

EXPORT char *tmpnam_r(char text[L_tmpnam]) {
    return text ? tmpnam(text) : NULL;
}

static bool is_directory(const char *path) {
    struct stat status;
    return path && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

EXPORT char *tempnam(const char *directory, const char *prefix) {
    char name[PATH_MAX] UNINITIALIZED;
    const char *wanted = getenv("TMPDIR");
    if (!is_directory(wanted)) {
        wanted = is_directory(directory) ? directory : PRIVATE_ROOT;
    }
    int len = snprintf(name, sizeof name, "%s/%.5sXXXXXX", wanted, prefix && *prefix ? prefix : "file");
    if (len < 0 || (size_t)len >= sizeof name) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return make_temp(name, 0, 0, TEMP_NAME) < 0 ? NULL : strdup(name); /* the caller frees it */
}
