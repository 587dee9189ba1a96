/* Artifacts as JSON. Contents are pasted: base64 has no character that JSON would write otherwise, and a copy of
 * megabytes is saved. */
#include "front/artifacts.h"

#include <errno.h>
#include <jansson.h>

#include "front/base64.h"

#define PART_BYTES (48u << 10) /* divisible by 3: no padding but at the end */

static int write_to_buffer(const char *text, size_t len, void *buffer) {
    return byte_buffer_append(buffer, text, len);
}

static int append_object(json_t *object, struct byte_buffer *text) {
    int failed = !object || json_dump_callback(object, write_to_buffer, text, JSON_COMPACT) < 0;
    json_decref(object);
    return failed ? -ENOMEM : 0;
}

static int append_content(const struct artifact *artifact, const struct artifact_source *source,
                          struct byte_buffer *text) {
    static char part[PART_BYTES]; /* front has one thread */
    int error = byte_buffer_reserve(text, BASE64_SIZE(artifact->size) + 1);
    for (uint64_t done = 0; !error && done < artifact->size;) {
        size_t len = artifact->size - done < sizeof part ? (size_t)(artifact->size - done) : sizeof part;
        error = source->read_at(source->context, part, len, artifact->at + done);
        if (!error) {
            text->len += base64_encode(part, len, text->bytes + text->len);
            done += len;
        }
    }
    return error;
}

int artifact_append_json(const struct artifact *artifact, const struct artifact_source *source,
                         struct byte_buffer *text) {
    int error = append_object(json_pack("{s:s, s:s, s:I}", "path", artifact->path, "mime", artifact->mime, "size",
                                        (json_int_t)artifact->size),
                              text);
    if (error) {
        return error;
    }
    text->len--; /* the object goes on */
    error = byte_buffer_append_text(text, ",\"base64\":\"");
    error = error ? error : append_content(artifact, source, text);
    return error ? error : byte_buffer_append_text(text, "\"}");
}

static int append_skips(const struct artifacts *artifacts, struct byte_buffer *text) {
    int error = byte_buffer_append_text(text, ",\"artifacts_skipped\":[");
    for (size_t i = 0; !error && i < artifacts->n_skips; i++) {
        const struct artifact_skip *skip = &artifacts->skips[i];
        error = i > 0 ? byte_buffer_append_text(text, ",") : 0;
        if (!error) {
            error = append_object(json_pack("{s:s%, s:s}", "path", skip->path ? skip->path : "",
                                            skip->path ? skip->path_len : (size_t)0, "reason", skip->reason),
                                  text);
        }
    }
    return error ? error : byte_buffer_append_text(text, "]");
}

int artifacts_append_members(const struct artifacts *artifacts, const struct artifact_source *source,
                             struct byte_buffer *text) {
    int error = 0;
    for (size_t i = 0; !error && i < artifacts->n; i++) {
        error = byte_buffer_append_text(text, i > 0 ? "," : ",\"artifacts\":[");
        error = error ? error : artifact_append_json(&artifacts->items[i], source, text);
    }
    if (!error && artifacts->n > 0) {
        error = byte_buffer_append_text(text, "]");
    }
    if (!error && artifacts->n_skips > 0) {
        error = append_skips(artifacts, text);
    }
    return error;
}
