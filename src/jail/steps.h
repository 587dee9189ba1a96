/* The steps of entering a jail, in the one order of enter.c; a failure names its step. */
#ifndef PYEXEC_JAIL_STEPS_H
#define PYEXEC_JAIL_STEPS_H

enum jail_step {
    JAIL_STEP_NONE = 0,
    JAIL_STEP_CGROUP,       /* join the slot's control groups */
    JAIL_STEP_DESCRIPTORS,  /* standard streams in place, everything else closed */
    JAIL_STEP_NAMESPACES,   /* user, mount, ipc, uts, net of the slot's init; private /tmp */
    JAIL_STEP_ROOT,         /* read-only minimal tree as / */
    JAIL_STEP_RLIMITS,      /* resource limits */
    JAIL_STEP_IDENTITY,     /* the slot's own user and group, no supplementary groups */
    JAIL_STEP_DIRECTORY,    /* without namespaces: the private directory and a session of its own */
    JAIL_STEP_CAPABILITIES, /* none left, none to be had */
    JAIL_STEP_NO_NEW_PRIVS, /* no gain by exec; not dumpable; dies with its parent */
    JAIL_STEP_LANDLOCK,     /* files, TCP, signals, abstract sockets */
    JAIL_STEP_SECCOMP,      /* the system call table; last */
    JAIL_STEP_REHEARSAL,    /* the warm-up run inside the finished jail */
    JAIL_STEPS,
};

/* "cgroup", "descriptors", ...: static text, "unknown" for a number outside the enum. */
const char *jail_step_name(unsigned step);

#endif
