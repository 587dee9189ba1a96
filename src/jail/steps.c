#include "jail/steps.h"

static const char *const step_names[JAIL_STEPS] = {
    [JAIL_STEP_NONE] = "none",
    [JAIL_STEP_CGROUP] = "cgroup",
    [JAIL_STEP_DESCRIPTORS] = "descriptors",
    [JAIL_STEP_NAMESPACES] = "namespaces",
    [JAIL_STEP_DIRECTORY] = "private directory",
    [JAIL_STEP_ROOT] = "root",
    [JAIL_STEP_RLIMITS] = "rlimits",
    [JAIL_STEP_IDENTITY] = "identity",
    [JAIL_STEP_CAPABILITIES] = "capabilities",
    [JAIL_STEP_NO_NEW_PRIVS] = "no_new_privs",
    [JAIL_STEP_LANDLOCK] = "landlock",
    [JAIL_STEP_SECCOMP] = "seccomp",
    [JAIL_STEP_REHEARSAL] = "rehearsal",
};

const char *jail_step_name(unsigned step) {
    return step < JAIL_STEPS ? step_names[step] : "unknown";
}
