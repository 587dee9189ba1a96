/* What a run hands back besides its result: the files beneath OUTPUT_DIRECTORY and the figures that it showed, written
 * into the artifacts' part of the result memory (src/wire/artifact_log.h). Only in the owner of that memory; elsewhere
 * every call is without effect. With the rights of the script, which may have prepared anything there. */
#ifndef PYEXEC_GUEST_ARTIFACTS_H
#define PYEXEC_GUEST_ARTIFACTS_H

#include <stddef.h>

#include "wire/artifact_log.h"

#define OUTPUT_DIRECTORY "/tmp/output"

/* Makes the directory where it is not there: output_hook.h says when. Returns 0 or -errno. */
int artifacts_make_directory(void);

/* A run begins, with these caps (all 0: nothing is handed back). */
void artifacts_begin(const struct artifact_caps *caps);

/* A figure, PNG; named figure-1.png and so on. NULL: one that could not be drawn. */
void artifacts_add_figure(const void *png, size_t size);

/* Every file of the output directory, as the last thing of a run. Removes each file that it has handed back, so that
 * its bytes do not count twice against the memory limit. Never follows a link, never waits for one who writes. */
void artifacts_collect(void);

#endif
