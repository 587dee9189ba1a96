#include "preload/path_map.h"

#include <string.h>

/* The names of the private directory, and the first components of a path that may lead there. */
static const char *const roots[] = {PRIVATE_ROOT, "/var/tmp", "/dev/shm"};
static const char *const first_components[] = {"tmp", "var", "dev", "shm"};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A walk along a path's components. */
struct walk {
    char *text; /* where the walk is, by the letters: "" for the root, "/usr/lib"; the way into the private directory */
    size_t len;
    size_t depth;     /* components below the private directory */
    const char *rest; /* what came after the component that led in */
    bool inside;
    bool left; /* the private directory was left by ".." */
    bool overflow;
};

static bool component_is(const char *component, size_t len, const char *text) {
    return strncmp(component, text, len) == 0 && text[len] == '\0';
}

static const char *skip_dots_and_slashes(const char *path) {
    while (*path == '/' || (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))) {
        path++;
    }
    return path;
}

bool path_may_concern(const char *path) {
    const char *first = skip_dots_and_slashes(path);
    if (*first == 't' || *first == 'v' || *first == 'd' || *first == 's') {
        size_t len = strcspn(first, "/");
        for (size_t i = 0; i < COUNT_OF(first_components); i++) {
            if (component_is(first, len, first_components[i])) {
                return true;
            }
        }
    }
    return strstr(first, "..") != NULL;
}

static void walk_up(struct walk *walk) {
    if (walk->inside && walk->depth > 0) {
        walk->depth--;
        return;
    }
    if (walk->inside) {
        walk->inside = false;
        walk->left = true;
    }
    while (walk->len > 0 && walk->text[--walk->len] != '/') {
    }
}

static void walk_down(struct walk *walk, const char *component, size_t len) {
    if (walk->inside) {
        walk->depth++;
        return;
    }
    if (walk->len + 1 + len >= PATH_MAX) {
        walk->overflow = true;
        return;
    }
    walk->text[walk->len] = '/';
    memcpy(walk->text + walk->len + 1, component, len);
    walk->len += 1 + len;
    for (size_t i = 0; i < COUNT_OF(roots); i++) {
        if (walk->len == strlen(roots[i]) && memcmp(walk->text, roots[i], walk->len) == 0) {
            walk->inside = true;
            walk->depth = 0;
            walk->rest = component + len;
        }
    }
}

static void walk_along(struct walk *walk, const char *path) {
    while (!walk->overflow) {
        path = skip_dots_and_slashes(path);
        size_t len = strcspn(path, "/");
        if (len == 0) {
            return;
        }
        if (len == 2 && path[0] == '.' && path[1] == '.') {
            walk_up(walk);
        } else {
            walk_down(walk, path, len);
        }
        path += len;
    }
}

/* The directory that a relative path starts from. Returns false where nothing can be said of the path. */
static bool walk_start(struct walk *walk, const struct private_directory *private, const char *cwd) {
    if (!cwd || cwd[0] != '/') {
        return false;
    }
    if (!path_is_private(private, cwd, strlen(cwd))) {
        walk_along(walk, cwd);
        return !walk->inside; /* the kernel's own /tmp: somebody was there before the private one was set */
    }
    walk_along(walk, PRIVATE_ROOT);
    walk_along(walk, cwd + private->len);
    walk->rest = NULL;
    return true;
}

static enum path_verdict finish_inside(const struct private_directory *private, const char *rest, char *buffer) {
    size_t rest_len = strlen(rest);
    if (private->len + rest_len >= PATH_MAX) {
        return PATH_TOO_LONG;
    }
    memcpy(buffer, private->name, private->len);
    memcpy(buffer + private->len, rest, rest_len + 1);
    return PATH_MAPPED;
}

static enum path_verdict finish_outside(struct walk *walk, const char *path) {
    size_t path_len = strlen(path);
    bool wants_directory = path_len > 0 && path[path_len - 1] == '/';
    if (walk->len == 0 || wants_directory) {
        if (walk->len + 1 >= PATH_MAX) {
            return PATH_TOO_LONG;
        }
        walk->text[walk->len++] = '/';
    }
    walk->text[walk->len] = '\0';
    return PATH_MAPPED;
}

enum path_verdict path_map(const struct private_directory *private, const char *cwd, const char *path,
                           char buffer[PATH_MAX]) {
    struct walk walk = {.text = buffer};
    if (path[0] == '\0' || !path_may_concern(path)) {
        return PATH_KEEP;
    }
    if (path[0] != '/') {
        if (!walk_start(&walk, private, cwd)) {
            return PATH_KEEP;
        }
    } else if (path_is_private(private, path, strlen(path))) {
        return PATH_KEEP; /* somebody has the kernel's own name, which may lie beneath /tmp */
    }
    walk_along(&walk, path);
    if (walk.overflow) {
        return PATH_KEEP; /* the kernel finds it too long as well, or resolves it as it stands */
    }
    if (walk.inside) {
        return walk.rest ? finish_inside(private, walk.rest, buffer) : PATH_KEEP;
    }
    return walk.left ? finish_outside(&walk, path) : PATH_KEEP;
}

bool path_is_private(const struct private_directory *private, const char *path, size_t path_len) {
    return path_len >= private->len && memcmp(path, private->name, private->len) == 0 &&
           (path_len == private->len || path[private->len] == '/');
}

size_t path_map_back(const struct private_directory *private, char *path, size_t path_len) {
    if (!path_is_private(private, path, path_len)) {
        return path_len;
    }
    size_t rest_len = path_len - private->len;
    memcpy(path, PRIVATE_ROOT, PRIVATE_ROOT_LEN);
    memmove(path + PRIVATE_ROOT_LEN, path + private->len, rest_len);
    return PRIVATE_ROOT_LEN + rest_len;
}
