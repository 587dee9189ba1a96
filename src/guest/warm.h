/* The warm interpreter: libpython initialised, modules imported, our Python side loaded. */
#ifndef PYEXEC_GUEST_WARM_H
#define PYEXEC_GUEST_WARM_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "guest/options.h"

/* The functions of python/runner.py that the C side calls; the order of a run is that of run.c. */
struct runner {
    PyObject *get_ready;
    PyObject *prepare;
    PyObject *missing_main;
    PyObject *await_result;
    PyObject *succeed;
    PyObject *fail;
    PyObject *fail_again;
    PyObject *flush_streams;
    PyObject *end;
    PyObject *rewind;
};

/* Gives the process the environment that scripts see, initialises Python and imports what a guest of this kind and the
 * operator want. Without a memory group Python does without shared anonymous memory (python/shared_maps.py). Call once.
 * Returns 0, or -errno after a message to the log or to standard error: -ENOPKG when a module that the operator named
 * cannot be had. */
int warm_start(const struct guest_options *options, struct runner *ret_runner);

/* After the last object of the guest's own was made: refuses threads, and descriptors above `last_descriptor`, that
 * imported modules left behind, and freezes the heap. Returns 0 or -1, as above. */
int warm_settle(int last_descriptor);

/* Around a fork of the guest: tell Python when it must know (python/forking.py). */
void warm_before_fork(void);
void warm_after_fork_parent(void);
void warm_after_fork_child(void);

/* What scripts can import, for the keeper: a descriptor as wire/packages.h describes it (owned), or -1 when there is
 * none to tell, which is no error of a lean guest's; a data guest's goes to the log. Once, after warm_start(). */
int warm_take_packages(void);

/* The text of python/<name>.py; NULL when there is none. */
const char *warm_source(const char *name);

#endif
