/* The list of what scripts can import: made once by the data guest, shown by front at /v1/packages.
 *
 * A sealed memfd that holds a JSON object in UTF-8 and nothing else. The keeper hands it on without reading it. */
#ifndef PYEXEC_WIRE_PACKAGES_H
#define PYEXEC_WIRE_PACKAGES_H

#define PACKAGES_MAX_BYTES (1u << 20)

#endif
