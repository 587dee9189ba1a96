/* The C functions that our Python modules call: an extension module that is never put into sys.modules. */
#ifndef PYEXEC_GUEST_NATIVE_H
#define PYEXEC_GUEST_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Returns a new reference, or NULL with an exception set. */
PyObject *native_new(void);

#endif
