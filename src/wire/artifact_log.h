/* What a run hands back besides its result: files of its output directory and figures, in the artifacts' part of the
 * result memory (run_result.h). An append-only log of frames, each at a multiple of ARTIFACT_ALIGN:
 *
 *     struct artifact_frame | path, padded | content, padded
 *
 * The header's artifacts_used grows only when a frame is whole, so that a run that is killed leaves whole frames, and
 * front may read while the script runs. Everything in it is a claim of the sandbox's. */
#ifndef PYEXEC_WIRE_ARTIFACT_LOG_H
#define PYEXEC_WIRE_ARTIFACT_LOG_H

#include <stdint.h>

#define ARTIFACT_MAGIC 0x70796172u /* "pyar" */
#define ARTIFACT_ALIGN 8u
#define ARTIFACT_NAMED_SKIPS_MAX 100u /* further ones are only counted */

enum artifact_kind {
    ARTIFACT_FILE = 1,    /* path, content */
    ARTIFACT_SKIPPED = 2, /* path and reason of something that was left out; size is 0 */
    ARTIFACT_MORE = 3,    /* size: how many more were left out; no path; at most once */
};

enum artifact_reason {
    ARTIFACT_IS_LINK = 1,
    ARTIFACT_IS_NO_FILE = 2, /* fifo, device, socket */
    ARTIFACT_UNREADABLE = 3,
    ARTIFACT_CHANGED = 4, /* while it was read */
    ARTIFACT_TOO_LARGE = 5,
    ARTIFACT_NO_ROOM = 6, /* the cap on all of them together */
    ARTIFACT_TOO_MANY = 7,
    ARTIFACT_TOO_DEEP = 8,
    ARTIFACT_BAD_NAME = 9,
    ARTIFACT_NOT_DRAWN = 10,  /* a figure that failed */
    ARTIFACT_NAME_TAKEN = 11, /* by a figure */
    ARTIFACT_REASONS = 12,
};

struct artifact_frame {
    uint32_t magic;
    uint32_t kind;   /* enum artifact_kind */
    uint32_t reason; /* enum artifact_reason for ARTIFACT_SKIPPED, else 0 */
    uint32_t path_len;
    uint64_t size;
};

/* What may be handed back; part of a run_request. All 0: nothing. */
struct artifact_caps {
    uint64_t count;
    uint64_t file_bytes, total_bytes;
    uint64_t depth;      /* names in a path */
    uint64_t path_bytes; /* at most ARTIFACT_PATH_MAX */
};

#define ARTIFACT_PATH_MAX 1024u

static inline uint64_t artifact_padded(uint64_t size) {
    return (size + ARTIFACT_ALIGN - 1) & ~(uint64_t)(ARTIFACT_ALIGN - 1);
}

#endif
