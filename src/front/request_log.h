/* One line in the log for each request, and, only where the operator asks for it (log_content), one with what a script
 * and its output began with. Lines go through base/log.h and never hold a request up. */
#ifndef PYEXEC_FRONT_REQUEST_LOG_H
#define PYEXEC_FRONT_REQUEST_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "front/trace_context.h"

/* How a run went, as its answer tells. */
struct run_measures {
    uint64_t queue_us, wall_us, cpu_us;
    uint64_t memory_peak_bytes;
};

/* All borrowed; texts may be NULL where that is said. */
struct request_log_entry {
    const char *id;
    const struct trace_context *trace; /* its trace_id is "" when there is none */
    const char *key;                   /* the API key's name, or NULL */
    const char *method, *path;         /* as the client sent them, any bytes; the path without its query */
    const char *outcome;               /* the contract's word, "success", "client_gone" or "bad_framing" */
    unsigned status;                   /* 0: no answer was begun */
    int streamed;
    int is_probe;                   /* of the service's state: of interest to debuggers only */
    const struct run_measures *run; /* NULL: nothing was run */
    uint64_t total_us;              /* from the head's arrival to the answer's last byte */
    uint64_t request_bytes, response_bytes;
};

void request_log_write(const struct request_log_entry *entry);

/* What a run was given and what it wrote, any bytes; only the beginnings are logged. */
struct content_log_entry {
    const char *id;
    const char *script, *out, *err;
    size_t script_len, out_len, err_len;
};

void request_log_write_content(const struct content_log_entry *entry);

#endif
