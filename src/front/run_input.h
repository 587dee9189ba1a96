/* A request for a run, decoded: what the keeper, the sandbox and the answer need of it. */
#ifndef PYEXEC_FRONT_RUN_INPUT_H
#define PYEXEC_FRONT_RUN_INPUT_H

#include <stdint.h>

#include "front/byte_buffer.h"
#include "wire/guest_kind.h"
#include "wire/run_request.h"

struct run_input {
    enum run_mode mode;
    int banner;
    int stream; /* the body asks for events */
    uint64_t timeout_ms;
    uint64_t memory_bytes;
    enum guest_kind wants;      /* the guest whose imports fit the script best */
    struct byte_buffer request; /* a whole run_request, header and sections, as the sandbox reads it; owned */
};

static inline void run_input_free(struct run_input *input) {
    byte_buffer_free(&input->request);
}

#endif
