#include "front/artifacts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/media_type.h"
#include "front/utf8.h"
#include "wire/run_result.h"

/* ---- the memory ---- */

static int read_memory(void *context, void *bytes, size_t len, uint64_t offset) {
    const int *fd = context;
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(*fd, (char *)bytes + done, len - done, (off_t)(RUN_RESULT_ARTIFACTS_OFFSET + offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -EIO; /* the memory is sealed: it cannot be shorter */
        }
        done += (size_t)n;
    }
    return 0;
}

struct artifact_source artifact_source_of(const int *result_fd) {
    union {
        const int *borrowed;
        void *context;
    } fd = {.borrowed = result_fd};
    return (struct artifact_source){.read_at = read_memory, .context = fd.context};
}

/* ---- frames ---- */

static const char *const reasons[ARTIFACT_REASONS] = {
    [ARTIFACT_IS_LINK] = "it is a symbolic link",
    [ARTIFACT_IS_NO_FILE] = "it is not a regular file",
    [ARTIFACT_UNREADABLE] = "it could not be read",
    [ARTIFACT_CHANGED] = "it changed while it was read",
    [ARTIFACT_TOO_LARGE] = "it is larger than max_artifact_mb",
    [ARTIFACT_NO_ROOM] = "max_artifact_total_mb is used up",
    [ARTIFACT_TOO_MANY] = "there are max_artifacts already",
    [ARTIFACT_TOO_DEEP] = "it lies deeper than max_artifact_depth",
    [ARTIFACT_BAD_NAME] = "its path is not UTF-8, has a control character or is longer than max_artifact_path_bytes",
    [ARTIFACT_NAME_TAKEN] = "a figure has this name",
    [ARTIFACT_NOT_DRAWN] = "the figure could not be drawn",
};

static int is_cap(uint32_t reason) {
    return reason == ARTIFACT_TOO_LARGE || reason == ARTIFACT_NO_ROOM || reason == ARTIFACT_TOO_MANY ||
           reason == ARTIFACT_TOO_DEEP;
}

/* A relative path that means one file beneath a directory, whoever writes it there. */
static int is_good_path(const char *path, size_t len, uint64_t max_depth) {
    if (utf8_valid_len(path, len) < len) {
        return 0;
    }
    uint64_t depth = 0;
    for (size_t at = 0; at <= len; depth++) {
        const char *slash = memchr(path + at, '/', len - at);
        size_t name_len = slash ? (size_t)(slash - path) - at : len - at;
        const char *name = path + at;
        if (name_len == 0 || (name_len == 1 && name[0] == '.') || (name_len == 2 && name[0] == '.' && name[1] == '.')) {
            return 0;
        }
        for (size_t i = 0; i < name_len; i++) {
            if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) {
                return 0;
            }
        }
        at += name_len + 1;
    }
    return depth <= max_depth;
}

static int is_taken(const struct artifacts *artifacts, const char *path) {
    for (size_t i = 0; i < artifacts->n; i++) {
        if (strcmp(artifacts->items[i].path, path) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Room for one more of `size` bytes behind n of them; grows by doubling. */
static int reserve_one(void **items, size_t n, size_t size) {
    if ((n & (n - 1)) != 0) {
        return 0; /* n is no power of two: there is room */
    }
    void *more = realloc(*items, (n ? n * 2 : 1) * size);
    if (!more) {
        return -ENOMEM;
    }
    *items = more;
    return 0;
}

static int damaged(struct artifacts *artifacts, const char *fault) {
    artifacts->fault = fault;
    return 0;
}

static int take_file(struct artifacts *artifacts, const struct settings *settings, const struct artifact_frame *frame,
                     const char *path, uint64_t content_at) {
    if (frame->reason != 0 || frame->size > settings->max_artifact_bytes ||
        frame->size > settings->max_artifact_total_bytes - artifacts->total ||
        artifacts->n >= settings->max_artifacts) {
        return damaged(artifacts, "a file over the caps");
    }
    if (!is_good_path(path, frame->path_len, settings->max_artifact_depth) || is_taken(artifacts, path)) {
        return damaged(artifacts, "a path that may not be");
    }
    char *copy = strdup(path);
    void *items = artifacts->items;
    if (!copy || reserve_one(&items, artifacts->n, sizeof *artifacts->items) < 0) {
        free(copy);
        return -ENOMEM;
    }
    artifacts->items = items;
    artifacts->items[artifacts->n++] =
        (struct artifact){.path = copy, .at = content_at, .size = frame->size, .mime = media_type_of(path)};
    artifacts->total += frame->size;
    return 0;
}

static int take_skip(struct artifacts *artifacts, const struct artifact_frame *frame, const char *path) {
    if (frame->size != 0 || frame->reason == 0 || frame->reason >= ARTIFACT_REASONS ||
        artifacts->n_skips >= ARTIFACT_NAMED_SKIPS_MAX) {
        return damaged(artifacts, "something left out that may not be");
    }
    struct byte_buffer text = {0};
    void *skips = artifacts->skips;
    if (utf8_append_replaced(&text, path, frame->path_len) < 0 ||
        reserve_one(&skips, artifacts->n_skips, sizeof *artifacts->skips) < 0) {
        byte_buffer_free(&text);
        return -ENOMEM;
    }
    artifacts->skips = skips;
    artifacts->skips[artifacts->n_skips++] =
        (struct artifact_skip){.path = text.bytes, .path_len = text.len, .reason = reasons[frame->reason]};
    artifacts->over_a_cap |= is_cap(frame->reason);
    return 0;
}

/* The frame at artifacts->next; moves behind it. */
static int take_frame(struct artifacts *artifacts, const struct settings *settings,
                      const struct artifact_source *source, uint64_t used) {
    struct artifact_frame frame;
    char path[ARTIFACT_PATH_MAX + 1];
    uint64_t left = used - artifacts->next;
    if (left < sizeof frame || source->read_at(source->context, &frame, sizeof frame, artifacts->next) < 0) {
        return damaged(artifacts, "half a frame");
    }
    left -= sizeof frame;
    uint64_t path_room = artifact_padded(frame.path_len);
    if (frame.magic != ARTIFACT_MAGIC || frame.path_len > settings->max_artifact_path_bytes ||
        frame.path_len > ARTIFACT_PATH_MAX || path_room > left || frame.size > UINT64_MAX / 2) {
        return damaged(artifacts, "a frame that may not be");
    }
    uint64_t path_at = artifacts->next + sizeof frame;
    if (source->read_at(source->context, path, frame.path_len, path_at) < 0) {
        return damaged(artifacts, "half a path");
    }
    path[frame.path_len] = '\0';
    if (frame.kind == ARTIFACT_FILE) {
        if (strlen(path) != frame.path_len || artifact_padded(frame.size) > left - path_room) {
            return damaged(artifacts, "half a file");
        }
        artifacts->next = path_at + path_room + artifact_padded(frame.size);
        return take_file(artifacts, settings, &frame, path, path_at + path_room);
    }
    artifacts->next = path_at + path_room;
    if (frame.kind == ARTIFACT_SKIPPED) {
        return take_skip(artifacts, &frame, path);
    }
    if (frame.kind != ARTIFACT_MORE || frame.reason != 0 || frame.path_len != 0 || frame.size == 0 ||
        artifacts->unnamed > 0) {
        return damaged(artifacts, "a frame of no kind");
    }
    artifacts->unnamed = frame.size;
    artifacts->over_a_cap = 1;
    return 0;
}

int artifacts_take(struct artifacts *artifacts, const struct settings *settings, const struct artifact_source *source,
                   uint64_t used) {
    if (used > RUN_RESULT_ARTIFACTS_MAX || used < artifacts->next || settings->max_artifacts == 0) {
        return used > 0 ? damaged(artifacts, "a log of a size that cannot be") : 0;
    }
    int error = 0;
    while (!error && !artifacts->fault && artifacts->next < used) {
        error = take_frame(artifacts, settings, source, used);
    }
    return error;
}

void artifacts_free(struct artifacts *artifacts) {
    for (size_t i = 0; i < artifacts->n; i++) {
        free(artifacts->items[i].path);
    }
    for (size_t i = 0; i < artifacts->n_skips; i++) {
        free(artifacts->skips[i].path);
    }
    free(artifacts->items);
    free(artifacts->skips);
    *artifacts = (struct artifacts){0};
}
