/* The description of the HTTP interface that /openapi.json answers with: openapi.json, compiled in. */
#ifndef PYEXEC_FRONT_OPENAPI_H
#define PYEXEC_FRONT_OPENAPI_H

#include <stddef.h>

extern const size_t openapi_text_len;
extern const unsigned char openapi_text[]; /* JSON */

#endif
