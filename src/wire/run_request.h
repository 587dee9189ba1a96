/* One run as front writes it into a sandbox's control socket: a fixed header, then the sections in the order of the
 * header's lengths. Host byte order: both ends are of one build on one machine.
 *
 *     header | script | args | kwargs | env entries | file entries | stdin
 *
 * An env entry is struct run_request_entry, the name, the value; a file entry the same with path and content. */
#ifndef PYEXEC_WIRE_RUN_REQUEST_H
#define PYEXEC_WIRE_RUN_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "wire/artifact_log.h"

#define RUN_REQUEST_MAGIC 0x70797271u /* "pyrq" */
#define RUN_REQUEST_MAX_BYTES (64u << 20)

enum run_mode { RUN_MODE_MAIN = 0, RUN_MODE_SCRIPT = 1 };

struct run_request_header {
    uint32_t magic;
    uint32_t mode;       /* enum run_mode */
    uint32_t banner;     /* 0 or 1; 1 only in mode main */
    uint32_t n_env;      /* entries */
    uint32_t n_files;    /* entries */
    uint32_t reserved;   /* 0 */
    uint64_t script_len; /* bytes, UTF-8, no NUL at the end */
    uint64_t args_len;   /* JSON text of an array, or 0 */
    uint64_t kwargs_len; /* JSON text of an object, or 0 */
    uint64_t env_len;    /* of all env entries with their heads */
    uint64_t files_len;  /* of all file entries with their heads */
    uint64_t stdin_len;
    uint64_t max_result_bytes; /* cap of the result's JSON text, at most RUN_RESULT_VALUE_MAX */
    struct artifact_caps artifacts;
};

struct run_request_entry {
    uint32_t name_len; /* at most 4096 */
    uint32_t value_len;
};

/* Bytes of everything behind the header. Returns 0, or -EPROTO when the header is not a valid one (magic, mode, flags,
 * sums over RUN_REQUEST_MAX_BYTES). */
int run_request_body_size(const struct run_request_header *header, uint64_t *ret_size);

/* Walks the entries of one section: reads the entry at *offset of section[0 .. section_len) and moves *offset behind
 * it. The pointers point into the section. Returns 1, 0 at the end, or -EPROTO when an entry does not fit. */
int run_request_next_entry(const unsigned char *section, uint64_t section_len, uint64_t *offset,
                           const unsigned char **ret_name, uint32_t *ret_name_len, const unsigned char **ret_value,
                           uint32_t *ret_value_len);

#endif
