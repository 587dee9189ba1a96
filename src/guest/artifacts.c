#include "guest/artifacts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guest/result_map.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Names that are looked at: a process that the script left may make new ones for ever. */
#define MOST_NAMES 20000u

/* The most that the setting max_artifacts allows. */
#define MOST_FIGURES 1000u

/* One name: enough for any directory at a run's end but a full one. On the stack, whose pages are there. */
#define DENTS_BYTES 2048

static struct artifact_caps caps;
static uint64_t n_artifacts, total_bytes, n_named_skips, n_unnamed_skips, used;
static unsigned last_figure, n_figures;
static unsigned figures[MOST_FIGURES]; /* the numbers of those that were handed back */

int artifacts_make_directory(void) {
    return mkdir(OUTPUT_DIRECTORY, 0777) < 0 && errno != EEXIST ? -errno : 0;
}

void artifacts_begin(const struct artifact_caps *new_caps) {
    caps = *new_caps;
    n_artifacts = total_bytes = n_named_skips = n_unnamed_skips = used = 0;
    last_figure = n_figures = 0;
}

/* ---- the log ---- */

/* Where the content of a frame with this path goes, or NULL when the log is full. */
static unsigned char *content_place(size_t path_len, uint64_t size) {
    struct result_space space = result_map_artifacts();
    uint64_t need = sizeof(struct artifact_frame) + artifact_padded(path_len) + artifact_padded(size);
    if (space.size < used || need > space.size - used) {
        return NULL;
    }
    return space.bytes + used + sizeof(struct artifact_frame) + artifact_padded(path_len);
}

/* The content is in its place: the frame counts from now on. */
static void commit(enum artifact_kind kind, enum artifact_reason reason, const char *path, size_t path_len,
                   uint64_t size) {
    struct result_space space = result_map_artifacts();
    const struct artifact_frame frame = {.magic = ARTIFACT_MAGIC,
                                         .kind = (uint32_t)kind,
                                         .reason = (uint32_t)reason,
                                         .path_len = (uint32_t)path_len,
                                         .size = size};
    memcpy(space.bytes + used, &frame, sizeof frame);
    memcpy(space.bytes + used + sizeof frame, path, path_len);
    used += sizeof frame + artifact_padded(path_len) + (kind == ARTIFACT_FILE ? artifact_padded(size) : 0);
    result_map_commit_artifacts(used);
}

static void skip(const char *path, size_t path_len, enum artifact_reason reason) {
    size_t kept = path_len < caps.path_bytes ? path_len : (size_t)caps.path_bytes;
    if (n_named_skips >= ARTIFACT_NAMED_SKIPS_MAX || !content_place(kept, 0)) {
        n_unnamed_skips++;
        return;
    }
    n_named_skips++;
    commit(ARTIFACT_SKIPPED, reason, path, kept, 0);
}

/* Why a file of this size may not be handed back, or 0. */
static enum artifact_reason refusal(uint64_t size) {
    if (size > caps.file_bytes) {
        return ARTIFACT_TOO_LARGE;
    }
    if (n_artifacts >= caps.count) {
        return ARTIFACT_TOO_MANY;
    }
    return size > caps.total_bytes - total_bytes ? ARTIFACT_NO_ROOM : 0;
}

static void count_artifact(const char *path, size_t path_len, uint64_t size) {
    n_artifacts++;
    total_bytes += size;
    commit(ARTIFACT_FILE, 0, path, path_len, size);
}

/* ---- figures ---- */

/* The next name that no file has. */
static size_t name_figure(char path[static 32]) {
    struct stat info;
    for (unsigned tries = 0; tries < 1000; tries++) {
        char full[sizeof OUTPUT_DIRECTORY + 32];
        (void)snprintf(path, 32, "figure-%u.png", ++last_figure);
        (void)snprintf(full, sizeof full, OUTPUT_DIRECTORY "/%s", path);
        if (lstat(full, &info) < 0) {
            break;
        }
    }
    return strlen(path);
}

void artifacts_add_figure(const void *png, size_t size) {
    char path[32];
    if (!result_map_is_owner() || caps.count == 0) {
        return;
    }
    size_t path_len = name_figure(path);
    enum artifact_reason reason = png ? refusal(size) : ARTIFACT_NOT_DRAWN;
    unsigned char *content = reason ? NULL : content_place(path_len, size);
    if (!content) {
        skip(path, path_len, reason ? reason : ARTIFACT_NO_ROOM);
        return;
    }
    memcpy(content, png, size);
    if (n_figures < MOST_FIGURES) {
        figures[n_figures++] = last_figure;
    }
    count_artifact(path, path_len, size);
}

/* A file that was made after the figure of its name. */
static int is_figure(const char *path) {
    unsigned number;
    int end = 0;
    if (n_figures == 0 || sscanf(path, "figure-%9u.png%n", &number, &end) != 1 || end == 0 || path[end] != '\0') {
        return 0;
    }
    unsigned i = 0;
    while (i < n_figures && figures[i] != number) {
        i++;
    }
    return i < n_figures;
}

/* ---- files ---- */

/* Valid UTF-8 without control characters, as front wants it. */
static int is_text(const char *name) {
    const unsigned char *at = (const unsigned char *)name;
    while (*at) {
        unsigned rest = *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : *at >= 0x80 ? 1 : 0;
        uint32_t character = rest == 0 ? *at : *at & (0x3Fu >> rest);
        if (*at < 0x20 || *at == 0x7F || (*at >= 0x80 && *at < 0xC2) || *at > 0xF4) {
            return 0;
        }
        for (unsigned i = 1; i <= rest; i++) {
            if ((at[i] & 0xC0) != 0x80) {
                return 0;
            }
            character = character << 6 | (at[i] & 0x3F);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (character < least[rest] || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) {
            return 0;
        }
        at += rest + 1;
    }
    return 1;
}

static int is_unchanged(const struct stat *before, const struct stat *after) {
    return before->st_size == after->st_size && before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
           before->st_mtim.tv_nsec == after->st_mtim.tv_nsec && before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
           before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

/* Reads `size` bytes and then the end. Returns 0, ARTIFACT_CHANGED or ARTIFACT_UNREADABLE. */
static enum artifact_reason read_content(int fd, unsigned char *content, uint64_t size, const struct stat *before) {
    uint64_t done = 0;
    char beyond;
    while (done < size) {
        ssize_t n = read(fd, content + done, (size_t)(size - done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? ARTIFACT_UNREADABLE : ARTIFACT_CHANGED;
        }
        done += (uint64_t)n;
    }
    struct stat after;
    if (read(fd, &beyond, 1) != 0 || fstat(fd, &after) < 0 || !is_unchanged(before, &after)) {
        return ARTIFACT_CHANGED;
    }
    return 0;
}

/* Hands back one name that is no directory and no link. Returns 0 or why not. */
static enum artifact_reason take_file(int directory_fd, const char *name, const char *path, size_t path_len) {
    struct stat info;
    cleanup_close int fd = openat(directory_fd, name, FILE_FLAGS);
    if (fd < 0) {
        return errno == ELOOP ? ARTIFACT_IS_LINK : ARTIFACT_UNREADABLE;
    }
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        return ARTIFACT_IS_NO_FILE;
    }
    uint64_t size = (uint64_t)info.st_size;
    enum artifact_reason reason = refusal(size);
    unsigned char *content = reason ? NULL : content_place(path_len, size);
    if (!content) {
        return reason ? reason : ARTIFACT_NO_ROOM;
    }
    reason = read_content(fd, content, size, &info);
    if (!reason) {
        count_artifact(path, path_len, size);
        (void)unlinkat(directory_fd, name, 0);
    }
    return reason;
}

/* ---- directories ---- */

struct names {
    char *texts; /* each ended by NUL; owned */
    size_t len, capacity;
    size_t *starts; /* owned */
    size_t n;
};

static int add_name(struct names *names, const char *name) {
    size_t len = strlen(name) + 1;
    if (names->capacity - names->len < len) {
        size_t capacity = names->capacity * 2 + 4096;
        char *texts = realloc(names->texts, capacity);
        if (!texts) {
            return -ENOMEM;
        }
        names->texts = texts;
        names->capacity = capacity;
    }
    if ((names->n & (names->n - 1)) == 0) {
        size_t *starts = realloc(names->starts, (names->n ? names->n * 2 : 1) * sizeof *starts);
        if (!starts) {
            return -ENOMEM;
        }
        names->starts = starts;
    }
    memcpy(names->texts + names->len, name, len);
    names->starts[names->n++] = names->len;
    names->len += len;
    return 0;
}

static int compare_names(const void *a, const void *b, void *texts) {
    return strcmp((const char *)texts + *(const size_t *)a, (const char *)texts + *(const size_t *)b);
}

/* Reads a directory's names, up to `most`. What cannot be read is left out; *ret_more when there are others. */
static void read_names(int fd, size_t most, struct names *names, int *ret_more) {
    _Alignas(struct dirent64) char dents[DENTS_BYTES];
    ssize_t n;
    while ((n = getdents64(fd, dents, sizeof dents)) > 0) {
        const struct dirent64 *entry;
        for (ssize_t at = 0; at < n; at += entry->d_reclen) {
            entry = (const struct dirent64 *)(const void *)(dents + at);
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
                continue;
            }
            if (names->n >= most || add_name(names, entry->d_name) < 0) {
                *ret_more = 1;
                return;
            }
        }
    }
}

/* A place in the tree; the path of the directory is its start. */
struct walk {
    char path[ARTIFACT_PATH_MAX + 1 + NAME_MAX + 1];
    size_t names_left;
    int more;
};

static void take_directory(struct walk *walk, int fd, size_t path_len, uint64_t depth);

/* A name in the directory whose path is walk->path[0 .. path_len), depth - 1 names long. */
static void take_name(struct walk *walk, int directory_fd, size_t path_len, const char *name, uint64_t depth) {
    struct stat info;
    size_t name_len = strlen(name);
    memcpy(walk->path + path_len, name, name_len + 1);
    size_t len = path_len + name_len;
    enum artifact_reason reason = 0;
    if (fstatat(directory_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
        reason = ARTIFACT_UNREADABLE;
    } else if (S_ISLNK(info.st_mode)) {
        reason = ARTIFACT_IS_LINK;
    } else if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
        reason = ARTIFACT_IS_NO_FILE;
    } else if (len > caps.path_bytes || !is_text(name)) {
        reason = ARTIFACT_BAD_NAME;
    } else if (is_figure(walk->path)) {
        reason = ARTIFACT_NAME_TAKEN;
    } else if (depth > caps.depth || (S_ISDIR(info.st_mode) && depth == caps.depth)) {
        reason = ARTIFACT_TOO_DEEP;
    } else if (S_ISREG(info.st_mode)) {
        reason = take_file(directory_fd, name, walk->path, len);
    } else {
        cleanup_close int fd = openat(directory_fd, name, DIRECTORY_FLAGS);
        if (fd >= 0) {
            walk->path[len] = '/';
            take_directory(walk, fd, len + 1, depth + 1);
            return;
        }
        reason = ARTIFACT_UNREADABLE;
    }
    if (reason) {
        skip(walk->path, len, reason);
    }
}

static void take_directory(struct walk *walk, int fd, size_t path_len, uint64_t depth) {
    struct names names = {0};
    read_names(fd, walk->names_left, &names, &walk->more);
    walk->names_left -= names.n;
    if (names.n > 1) {
        qsort_r(names.starts, names.n, sizeof *names.starts, compare_names, names.texts);
    }
    for (size_t i = 0; i < names.n; i++) {
        take_name(walk, fd, path_len, names.texts + names.starts[i], depth);
    }
    free(names.texts);
    free(names.starts);
}

static int open_output(void) {
    int fd = open(OUTPUT_DIRECTORY, DIRECTORY_FLAGS);
    if (fd < 0 && errno == EMFILE) {
        /* The script used up the numbers, and nothing of it will run any more. */
        (void)close_range(STDERR_FILENO + 1, ~0U, 0);
        fd = open(OUTPUT_DIRECTORY, DIRECTORY_FLAGS);
    }
    return fd;
}

void artifacts_collect(void) {
    if (!result_map_is_owner() || caps.count == 0) {
        return;
    }
    cleanup_close int fd = open_output();
    if (fd >= 0) {
        struct walk walk;
        walk.names_left = MOST_NAMES;
        walk.more = 0;
        take_directory(&walk, fd, 0, 1);
        n_unnamed_skips += (uint64_t)walk.more;
    } else if (errno != ENOENT) {
        skip(".", 1, errno == ELOOP || errno == ENOTDIR ? ARTIFACT_IS_LINK : ARTIFACT_UNREADABLE);
    }
    if (n_unnamed_skips > 0 && content_place(0, 0)) {
        commit(ARTIFACT_MORE, 0, "", 0, n_unnamed_skips);
    }
}
