#include "wire/run_request.h"

#include <errno.h>
#include <string.h>

#define RUN_REQUEST_MAX_NAME 4096u

int run_request_body_size(const struct run_request_header *header, uint64_t *ret_size) {
    if (header->magic != RUN_REQUEST_MAGIC || header->mode > RUN_MODE_SCRIPT || header->banner > 1 ||
        header->reserved != 0) {
        return -EPROTO;
    }
    const uint64_t lengths[] = {header->script_len, header->args_len,  header->kwargs_len,
                                header->env_len,    header->files_len, header->stdin_len};
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        if (lengths[i] > RUN_REQUEST_MAX_BYTES) {
            return -EPROTO;
        }
        sum += lengths[i];
    }
    if (sum > RUN_REQUEST_MAX_BYTES) {
        return -EPROTO;
    }
    *ret_size = sum;
    return 0;
}

int run_request_next_entry(const unsigned char *section, uint64_t section_len, uint64_t *offset,
                           const unsigned char **ret_name, uint32_t *ret_name_len, const unsigned char **ret_value,
                           uint32_t *ret_value_len) {
    struct run_request_entry entry;
    if (*offset == section_len) {
        return 0;
    }
    if (*offset > section_len || section_len - *offset < sizeof entry) {
        return -EPROTO;
    }
    memcpy(&entry, section + *offset, sizeof entry);
    uint64_t left = section_len - *offset - sizeof entry;
    if (entry.name_len > RUN_REQUEST_MAX_NAME || entry.name_len > left || entry.value_len > left - entry.name_len) {
        return -EPROTO;
    }
    *ret_name = section + *offset + sizeof entry;
    *ret_name_len = entry.name_len;
    *ret_value = *ret_name + entry.name_len;
    *ret_value_len = entry.value_len;
    *offset += sizeof entry + entry.name_len + entry.value_len;
    return 1;
}
