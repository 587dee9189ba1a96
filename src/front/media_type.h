/* The MIME type of a file by the end of its name. Pure. */
#ifndef PYEXEC_FRONT_MEDIA_TYPE_H
#define PYEXEC_FRONT_MEDIA_TYPE_H

/* "image/png" for "a/b.PNG"; "application/octet-stream" where nothing better is known. Static. */
const char *media_type_of(const char *path);

#endif
