#include <errno.h>
#include <sys/resource.h>

#include "jail/layers.h"

static int set_limit(int resource, rlim_t soft, rlim_t hard) {
    /* Never above the hard limit that is in force: raising it would need a capability. */
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) < 0) {
        return -errno;
    }
    if (hard > now.rlim_max) {
        hard = now.rlim_max;
    }
    if (soft > hard) {
        soft = hard;
    }
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}

int jail_set_rlimits(const struct jail_options *options) {
    /* For a single process, and a second more than the whole sandbox may use: the keeper's watch looks at that, and
     * knows what went before the script came. */
    const rlim_t cpu_s = (rlim_t)((options->max_cpu_ms + 999) / 1000) + 1;
    const rlim_t processes = options->max_processes ? options->max_processes : RLIM_INFINITY;
    const rlim_t tag = options->tag ? options->tag : RLIM_INFINITY;
    const struct {
        int resource;
        rlim_t soft, hard;
    } limits[] = {
        {RLIMIT_NPROC, processes, processes},
        {RLIMIT_NOFILE, options->max_open_files, options->max_open_files},
        {RLIMIT_FSIZE, options->max_file_bytes, options->max_file_bytes},
        /* SIGXCPU first, SIGKILL a second later for a script that ignores it. */
        {RLIMIT_CPU, cpu_s, cpu_s + 1},
        /* 1, not 0: 0 does not stop a core helper that the host pipes to; it would run with root's rights. */
        {RLIMIT_CORE, 1, 1},
        {RLIMIT_MEMLOCK, 0, 0},
        {RLIMIT_MSGQUEUE, 0, 0},
        {RLIMIT_SIGPENDING, 256, 256},
        {RLIMIT_RTPRIO, 0, 0},
        {RLIMIT_NICE, 0, 0},
        {RLIMIT_STACK, 8u << 20, 64u << 20},
        /* The kernel has counted no locks since 2.4, and the filter lets nobody change this one: it is the label by
         * which the keeper knows a sandbox's processes, whatever they do with sessions, groups and parents. */
        {RLIMIT_LOCKS, tag, tag},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        int error = set_limit(limits[i].resource, limits[i].soft, limits[i].hard);
        if (error) {
            return error;
        }
    }
    return options->niceness > 0 && setpriority(PRIO_PROCESS, 0, (int)options->niceness) < 0 ? -errno : 0;
}
