/* Python values as strict JSON text, straight into the result's memory.
 *
 * Exact built-in types and their subclasses are written from C by their own data, so that nothing a script patches or
 * overrides comes into play. Every other type goes through one Python hook (python/values.py), which gives back a
 * simpler value for one level. All calls need the GIL; failures leave a Python exception set. */
#ifndef PYEXEC_GUEST_ENCODE_H
#define PYEXEC_GUEST_ENCODE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>

/* Containers within containers. The encoder recurses, about 0.5 KiB of stack each; front's own checker has to take as
 * many. */
#define ENCODE_MAX_DEPTH 5000

struct encode_output {
    unsigned char *bytes;
    size_t size; /* the cap */
    size_t used;
};

/* Takes what the encoder needs from the Python side, once, in the guest. `source` has the attributes
 *   enum_type            the class enum.Enum
 *   convert(value)       a simpler value, or NotImplemented
 *   convert_key(key)     an object's key as a text, or NotImplemented
 *   refuse(place, type_name, reason, subject)   the exception to raise for a value that has no JSON form
 * Returns 0 or -1. */
int encode_set_hooks(PyObject *source);

/* Appends `value` as JSON text to *output. `root` names the value in the places of error messages ("result").
 * Returns 0 or -1. */
int encode_json(PyObject *value, const char *root, struct encode_output *output);

#endif
