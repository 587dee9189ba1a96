/* Memory for front's own small, fixed-size things.
 *
 * Where a client decides about the size, -ENOMEM is handled and the client is told. A front that cannot even get a few
 * hundred bytes has no answer left to give: it ends, and the keeper starts another, which is as fast as anything it
 * could do about it and the only path that is tested. */
#ifndef PYEXEC_FRONT_ALLOCATE_H
#define PYEXEC_FRONT_ALLOCATE_H

#include <stddef.h>

/* Zeroed memory, never NULL; free() it. */
void *allocate_or_exit(size_t size);

/* As realloc(3), never NULL. */
void *reallocate_or_exit(void *memory, size_t size);

#endif
