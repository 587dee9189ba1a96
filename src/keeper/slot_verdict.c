#include <signal.h>

#include "base/log.h"
#include "keeper/cgroup.h"
#include "keeper/host_oom.h"
#include "keeper/process.h"
#include "keeper/slot_inside.h"
#include "keeper/state.h"

/* CPU time of the slot's sandbox up to now. */
static uint64_t cpu_used_us(const struct slot *slot) {
    if (cgroups_has(&slot->keeper->cgroups, CGROUP_CPUACCT)) {
        return cgroup_slot_cpu_us(&slot->keeper->cgroups, slot->index);
    }
    if (!slot->main_ended) {
        return slot->main_pid > 0 ? process_cpu_us(slot->main_pid) : 0;
    }
    /* What its first process and those that it has waited for used, or what the watch has seen of all together. */
    return slot->end.cpu_us > slot->watched_cpu_us ? slot->end.cpu_us : slot->watched_cpu_us;
}

static uint64_t memory_peak_bytes(const struct slot *slot) {
    if (cgroups_has(&slot->keeper->cgroups, CGROUP_MEMORY)) {
        return cgroup_slot_memory_peak(&slot->keeper->cgroups, slot->index);
    }
    /* What it had made its own when it was ready and what its largest process has grown by since, or what the watch has
     * seen of all together: it does not look at a run that is over in a moment. */
    uint64_t own = slot->touched_before_bytes;
    if (slot->end.max_rss_bytes > slot->rss_before_bytes) {
        own += slot->end.max_rss_bytes - slot->rss_before_bytes;
    }
    return own > slot->watched_peak_bytes ? own : slot->watched_peak_bytes;
}

/* Whether the kernel ended it for memory that is short elsewhere. Its own group counts that exactly; the figure of the
 * machine counts what other groups' limits ended as well, so it is for those without a group. */
static int out_of_memory_around(const struct slot *slot) {
    const struct keeper *keeper = slot->keeper;
    return cgroups_has(&keeper->cgroups, CGROUP_MEMORY) ? cgroup_slot_oom_killed_for_any(&keeper->cgroups, slot->index)
                                                        : host_oom_happened(keeper);
}

/* What ended the sandbox: the keeper's own doing first, then what the kernel did for a limit, then its own end. */
static void judge(const struct slot *slot, uint64_t cpu_us, struct front_verdict *verdict) {
    struct keeper *keeper = slot->keeper;
    const struct settings *settings = keeper->settings;
    if (slot->cause) {
        verdict->cause = slot->cause;
        verdict->limit_value = slot->limit_value;
    } else if (!slot->main_ended) {
        verdict->cause = VERDICT_INTERNAL;
    } else if (slot->end.exited) {
        verdict->cause = VERDICT_EXITED;
        verdict->exit_code = slot->end.exit_code;
    } else if (slot->end.signal == SIGKILL && cgroup_slot_oom_killed(&slot->keeper->cgroups, slot->index)) {
        verdict->cause = VERDICT_MEMORY;
        verdict->limit_value = slot->memory_bytes;
    } else if ((slot->end.signal == SIGXCPU || slot->end.signal == SIGKILL) &&
               cpu_us + 500000 >= settings->max_cpu_ms * 1000) {
        verdict->cause = VERDICT_CPU;
        verdict->limit_value = settings->max_cpu_ms;
    } else if (slot->end.signal == SIGKILL && out_of_memory_around(slot)) {
        log_error("slot %zu: a run was ended by the kernel, since there is no memory left on this host or in the "
                  "container or unit that the service is in",
                  slot->index);
        verdict->cause = VERDICT_INTERNAL;
    } else {
        verdict->cause = VERDICT_SIGNALED;
        verdict->signal = slot->end.signal;
    }
}

void slot_send_verdict(const struct slot *slot) {
    uint64_t cpu_us = cpu_used_us(slot);
    cpu_us = cpu_us > slot->cpu_before_us ? cpu_us - slot->cpu_before_us : 0;
    struct front_verdict verdict = {
        .head = {.type = FRONT_VERDICT, .size = sizeof verdict},
        .sandbox_id = slot->sandbox_id,
        .started = (uint32_t)slot->started,
        .wall_us = slot->started ? slot->ended_us - slot->started_us : 0,
        .cpu_us = cpu_us,
        .memory_peak_bytes = memory_peak_bytes(slot),
    };
    judge(slot, cpu_us, &verdict);
    (void)front_send(slot->keeper, &verdict, NULL, 0);
}
