/* One run of a script in a process that will do nothing else: prepare, module level, main(), result. */
#ifndef PYEXEC_GUEST_RUN_H
#define PYEXEC_GUEST_RUN_H

#include <stdbool.h>

#include "guest/request.h"
#include "guest/warm.h"

/* What does not depend on the request: streams over descriptors 0, 1 and 2, which must be in their places, the script's
 * module. Before each run_request(). Returns 0, or -1. */
int run_get_ready(const struct runner *runner);

/* Runs the request and leaves its record in the result's memory, up to but without the end of Python (threads, exit
 * handlers): see run_end(). The request is released before the script starts. Returns the exit status. */
int run_request(const struct runner *runner, struct request *request);

/* Joins threads, runs exit handlers, flushes, hands artifacts back, and leaves the process. */
_Noreturn void run_end(const struct runner *runner, int status);

/* Runs a small script of our own in just the same way, with its output going nowhere, and takes back what that left,
 * so that a sandbox's pages are its own, and caches warm, before it gets its request. `thorough` for the guest: there,
 * unlike in a sandbox, what only many scripts do costs nothing. Returns 0, or -1. */
int run_rehearsal(const struct runner *runner, enum guest_kind kind, bool thorough);

/* A script that raises: warms what reports errors. For the guest itself, once. Returns 0, or -1. */
int run_failing_rehearsal(const struct runner *runner);

#endif
