/* What a sandbox hands back besides its result (src/wire/artifact_log.h). Every byte of it is hostile. Only names and
 * places are kept here; contents stay in the result memory until they are written into an answer. */
#ifndef PYEXEC_FRONT_ARTIFACTS_H
#define PYEXEC_FRONT_ARTIFACTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "front/byte_buffer.h"
#include "wire/artifact_log.h"

struct artifact {
    char *path;        /* relative, valid UTF-8, no control characters; owned */
    uint64_t at, size; /* of the content, in the log */
    const char *mime;  /* by the path's end; static */
};

struct artifact_skip {
    char *path; /* valid UTF-8; owned */
    size_t path_len;
    const char *reason; /* for people; static */
};

struct artifacts {
    struct artifact *items;
    size_t n;
    struct artifact_skip *skips;
    size_t n_skips;
    uint64_t unnamed;  /* left out as well */
    int over_a_cap;    /* something was left out for a cap */
    uint64_t total;    /* bytes of all contents */
    uint64_t next;     /* where in the log to read on */
    const char *fault; /* why the rest of the log is not read, static; NULL while all is well */
};

/* Where the log lies. read_at() copies log[offset .. offset + len) and returns 0 or -errno. */
struct artifact_source {
    int (*read_at)(void *context, void *bytes, size_t len, uint64_t offset);
    void *context;
};

/* A source over the memory of run_result.h behind a borrowed descriptor, which is to outlive it. */
struct artifact_source artifact_source_of(const int *result_fd);

/* Reads on, up to `used` as the header has it. What breaks the rules ends the reading for good; what was read before
 * stays. Returns 0 or -ENOMEM. */
int artifacts_take(struct artifacts *artifacts, const struct settings *settings, const struct artifact_source *source,
                   uint64_t used);

/* Appends {"path", "mime", "size", "base64"} as JSON. Returns 0, -ENOMEM, or what read_at() failed with. */
int artifact_append_json(const struct artifact *artifact, const struct artifact_source *source,
                         struct byte_buffer *text);

/* Appends `,"artifacts":[...]` and `,"artifacts_skipped":[...]`, each where there is something to say. */
int artifacts_append_members(const struct artifacts *artifacts, const struct artifact_source *source,
                             struct byte_buffer *text);

/* All zeros are an empty list, and what is left. */
void artifacts_free(struct artifacts *artifacts);

#endif
