/* The attack techniques, and each of them as a run. The JSON is our own, from tests/escape/catalogue.py. */
#ifndef PYEXEC_FRONT_SELFTEST_CATALOGUE_H
#define PYEXEC_FRONT_SELFTEST_CATALOGUE_H

#include <jansson.h>

#include "base/settings.h"
#include "front/run_input.h"

/* All texts are the catalogue's. */
struct technique {
    const char *name, *family;
    const char *prelude, *script; /* the Python source is one behind the other */
    char *kwargs;                 /* a JSON text; owned */
    uint64_t timeout_ms;
    uint64_t memory_bytes; /* 0: the service's default */
    int bomb;              /* takes what it can get: those go off after all others, beside a neighbour */
    const json_t *rule;    /* see judge.h */
};

struct catalogue {
    json_t *root; /* owned */
    const json_t *left_out;
    struct technique *techniques; /* owned */
    size_t n;
};

/* Reads a catalogue. Returns 0 with *ret_catalogue filled (catalogue_free() it), -EBADMSG when it is none, or -ENOMEM.
 */
int catalogue_load(const char *text, size_t len, struct catalogue *ret_catalogue);

void catalogue_free(struct catalogue *catalogue);

/* The run of a technique, within the limits that the settings permit. Returns 0 with *ret_input filled
 * (run_input_free() it), or -ENOMEM. */
int technique_input(const struct technique *technique, const struct settings *settings, struct run_input *ret_input);

#endif
