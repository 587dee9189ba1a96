/* The kinds of warm guests. Both can import everything; they differ in what is imported already. */
#ifndef PYEXEC_WIRE_GUEST_KIND_H
#define PYEXEC_WIRE_GUEST_KIND_H

enum guest_kind {
    GUEST_LEAN = 0, /* the standard library's common modules */
    GUEST_DATA = 1, /* NumPy, pandas and matplotlib as well */
    GUEST_KINDS = 2,
};

#endif
