/* The request as a new sandbox reads it from its control socket, and what of it is laid out before Python is asked. */
#ifndef PYEXEC_GUEST_REQUEST_H
#define PYEXEC_GUEST_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "wire/run_request.h"

struct request_part {
    const unsigned char *bytes;
    uint64_t size;
};

struct request {
    struct run_request_header header;
    struct request_part script, args, kwargs, env, files, stdin_content;
    unsigned char *body; /* all of the above; mmap()ed */
    size_t body_size;
};

/* Reads one request to its end. Returns 1, 0 when the peer closed without a request (the sandbox is not wanted any
 * more), or -errno (-EPROTO: not a request). After 1 the request is released with request_release(). */
int request_read(int fd, struct request *ret_request);

/* Gives the memory back; the parts are gone. NULL-safe in its members. */
void request_release(struct request *request);

/* Writes the posted files beneath `directory_fd`; directories are made on the way, links never followed. Returns 0 or
 * -errno, with the file in *ret_path (points into the request, not NUL-ended, *ret_path_len bytes). */
int request_write_files(const struct request *request, int directory_fd, const char **ret_path, uint32_t *ret_path_len);

/* Fills descriptor 0, an empty file, and rewinds it. Returns 0 or -errno. */
int request_write_stdin(const struct request *request);

#endif
