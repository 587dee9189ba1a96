/* An answer written past the HTTP library, for the moments in which it takes none: a connection too many, a body that
 * grows too large while it comes, a deadline. */
#ifndef PYEXEC_FRONT_REFUSAL_H
#define PYEXEC_FRONT_REFUSAL_H

#include "front/problem.h"

/* Writes a whole answer for the problem, with "Connection: close", without waiting: what the socket does not take is
 * lost. Nothing may have been written of another answer. The descriptor is left open. `id` may be NULL. */
void refusal_write(int fd, const struct problem *problem, const char *id);

#endif
