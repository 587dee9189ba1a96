#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/layers.h"

static int limit_bounding_set(uint64_t kept) {
    for (unsigned long capability = 0; capability < 64; capability++) {
        if ((kept & 1ULL << capability) || prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) {
            continue;
        }
        /* EINVAL ends the list: this kernel knows no such capability. EPERM: the caller has no CAP_SETPCAP, so it is no
         * root, and no_new_privs is what keeps it so. */
        return errno == EINVAL || errno == EPERM ? 0 : -errno;
    }
    return 0;
}

int jail_drop_bounding_set(void) {
    return limit_bounding_set(0);
}

int jail_limit_capabilities(uint64_t kept) {
    int error = limit_bounding_set(kept);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    if (!error && syscall(SYS_capget, &header, data) < 0) {
        error = -errno;
    }
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].permitted &= (uint32_t)(kept >> (32 * i));
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    return error ? error : syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int jail_drop_capabilities(void) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) {
        return -errno;
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capset, &header, data) < 0) {
        return -errno;
    }
    if (syscall(SYS_capget, &header, data) < 0) {
        return -errno;
    }
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if (data[i].effective || data[i].permitted || data[i].inheritable) {
            return -EPERM;
        }
    }
    return 0;
}
