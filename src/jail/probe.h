/* Trying what a host permits, each time in a child that ends afterwards. */
#ifndef PYEXEC_JAIL_PROBE_H
#define PYEXEC_JAIL_PROBE_H

struct jail_probe {
    int error;     /* 0: it works; else -errno */
    char step[28]; /* what failed: "user namespace", "namespaces", "mounts", "probe" */
};

/* Tries the namespaces and the mounts of the strongest tier, with a user namespace around them or without. Waits for
 * its child: some milliseconds. */
void jail_probe_namespaces(int use_user_namespace, struct jail_probe *ret_probe);

/* 1 when the kernel is gVisor's, by what it says of itself. */
int jail_probe_gvisor(void);

/* 1 when the caller has all of these capabilities (bits) in effect. */
int jail_has_capabilities(unsigned long long wanted);

#endif
