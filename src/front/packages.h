/* What scripts can import, as the data guest has listed it. */
#ifndef PYEXEC_FRONT_PACKAGES_H
#define PYEXEC_FRONT_PACKAGES_H

#include "front/byte_buffer.h"

/* Reads the borrowed descriptor (wire/packages.h) into *text, which is replaced when it is found to be a JSON object
 * and else left as it was. Returns 0 or -errno. */
int packages_read(int fd, struct byte_buffer *text);

#endif
