/* The Python sources of src/guest/python, built into the program: nothing of ours is read from a file at run time. */
#ifndef PYEXEC_GUEST_EMBEDDED_H
#define PYEXEC_GUEST_EMBEDDED_H

struct embedded_source {
    const char *name; /* "loader" for loader.py */
    const char *text; /* UTF-8, NUL-ended */
};

/* Ends with an entry whose name is NULL. */
extern const struct embedded_source embedded_sources[];

#endif
