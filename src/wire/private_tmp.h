/* How a sandbox without a mount of its own gets its private /tmp: a library, preloaded into the guest and into whatever
 * a script starts, that resolves the libc's path calls beneath /tmp against a private directory.
 *
 * This is compatibility, not security: Landlock and seccomp hold the sandbox, and a script that goes round the library
 * finds only what those permit. */
#ifndef PYEXEC_WIRE_PRIVATE_TMP_H
#define PYEXEC_WIRE_PRIVATE_TMP_H

/* In the environment of a program that the library is preloaded into: the absolute name of the private directory. The
 * library takes it and its own LD_PRELOAD out of the environment when the program starts, and puts both into the
 * environment of every program that this one executes. */
#define PYEXEC_TMP_VARIABLE "PYEXEC_TMP"

/* The library's file, beside pyexec-guest. */
#define PYEXEC_TMP_LIBRARY "pyexec-tmp.so"

/* Exported by the library: from now on /tmp is `real_directory`, absolute and existing, here and in what this process
 * executes, whatever the variable said when it was started. For a freshly forked process with one thread, before a
 * script runs; after a failure /tmp is the system's own. Whoever calls it declares it weak, and finds NULL where the
 * library is not loaded. Returns 0 or -errno: -EINVAL for a name that is relative, shorter than "/tmp" or "/tmp"
 * itself, -ENAMETOOLONG. */
int pyexec_private_tmp_set(const char *real_directory);

#endif
