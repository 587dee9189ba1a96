/* The id of a request whose client sent none. */
#ifndef PYEXEC_FRONT_REQUEST_ID_H
#define PYEXEC_FRONT_REQUEST_ID_H

#define REQUEST_ID_MADE_LEN 32

/* Writes 128 random bits as hexadecimal digits, NUL-ended. */
void request_id_make(char ret_id[REQUEST_ID_MADE_LEN + 1]);

#endif
