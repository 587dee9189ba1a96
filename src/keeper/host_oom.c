#include "keeper/host_oom.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "keeper/state.h"

#define INTERVAL_US 1000000u

/* Of the whole machine since it was started, those of control groups too; 0 when it cannot be told. */
static uint64_t count_of_machine(const struct keeper *keeper) {
    static const char name[] = "\noom_kill ";
    static char text[16384]; /* some hundred lines; a later kernel's may be more, and then nothing is told */
    if (io_read_text(keeper->proc_fd, "vmstat", text, sizeof text) <= 0) {
        return 0;
    }
    const char *line = strstr(text, name);
    return line ? strtoull(line + sizeof name - 1, NULL, 10) : 0;
}

static uint64_t count_kills(const struct keeper *keeper) {
    return keeper->oom_fd >= 0 ? cgroup_oom_kills(keeper->oom_fd) : count_of_machine(keeper);
}

void host_oom_sample(struct keeper *keeper, uint64_t now_us) {
    if (now_us >= keeper->oom_look_us) {
        keeper->oom_kills = count_kills(keeper);
        keeper->oom_look_us = now_us + INTERVAL_US;
    }
}

int host_oom_happened(const struct keeper *keeper) {
    return count_kills(keeper) > keeper->oom_kills;
}
