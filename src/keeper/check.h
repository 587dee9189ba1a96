/* `pyexecd check`: what this host offers, the tier that follows, each layer in force or missing with its reason, and
 * what one change would add. Starts nothing and leaves nothing. */
#ifndef PYEXEC_KEEPER_CHECK_H
#define PYEXEC_KEEPER_CHECK_H

#include <stdio.h>

#include "base/settings.h"

/* Looks and prints, as text or as one JSON object. Returns 0 when the service would start here, 1 when it would refuse
 * (the report says why), or -errno when it could not look. */
int keeper_check(const struct settings *settings, int as_json, FILE *out);

#endif
