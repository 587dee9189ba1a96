#include "wire/front_link.h"

#include <errno.h>

int front_message_shape(uint32_t type, uint32_t *ret_size, uint32_t *ret_n_fds) {
    switch (type) {
    case FRONT_READY:
        *ret_size = sizeof(struct front_ready);
        *ret_n_fds = READY_FDS;
        return 0;
    case FRONT_VERDICT:
        *ret_size = sizeof(struct front_verdict);
        break;
    case FRONT_STATUS:
        *ret_size = sizeof(struct front_status);
        break;
    case FRONT_DRAINING:
    case FRONT_ACCEPT:
    case FRONT_RETIRE:
    case FRONT_LEAVING:
    case FRONT_PING:
    case KEEPER_PONG:
        *ret_size = sizeof(struct front_message_head);
        break;
    case FRONT_SETTINGS:
        *ret_size = sizeof(struct front_settings);
        *ret_n_fds = 1;
        return 0;
    case FRONT_PACKAGES:
        *ret_size = sizeof(struct front_message_head);
        *ret_n_fds = 1;
        return 0;
    case KEEPER_START:
        *ret_size = sizeof(struct keeper_start);
        break;
    case KEEPER_CANCEL:
        *ret_size = sizeof(struct keeper_cancel);
        break;
    default:
        return -EPROTO;
    }
    *ret_n_fds = 0;
    return 0;
}
