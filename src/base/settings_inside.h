/* What the files that make up settings.h share; nobody else's. */
#ifndef PYEXEC_BASE_SETTINGS_INSIDE_H
#define PYEXEC_BASE_SETTINGS_INSIDE_H

#include "base/complaint.h"
#include "base/settings.h"

/* Sets one setting from its text. `source` is what the operator wrote it as: "--max-timeout", "PYEXEC_MAX_TIMEOUT",
 * "FILE:3: max_timeout". Returns 0 or -EINVAL with a complaint. */
int settings_apply(struct settings *settings, const struct setting *setting, const char *source, const char *text,
                   const struct complaint *complaint);

#endif
