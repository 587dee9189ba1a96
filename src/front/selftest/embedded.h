/* The catalogue of techniques as it was when this program was built: JSON, written by tests/escape/catalogue.py. */
#ifndef PYEXEC_FRONT_SELFTEST_EMBEDDED_H
#define PYEXEC_FRONT_SELFTEST_EMBEDDED_H

#include <stddef.h>

extern const char embedded_catalogue[]; /* ended by NUL */
extern const size_t embedded_catalogue_len;

#endif
