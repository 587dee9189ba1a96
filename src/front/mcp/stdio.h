/* The protocol over standard input and output: one message a line, for the one program that has started us. */
#ifndef PYEXEC_FRONT_MCP_STDIO_H
#define PYEXEC_FRONT_MCP_STDIO_H

#include "front/mcp/call.h"

struct mcp_stdio {
    struct event_loop *loop;
    struct mcp_service *service;
    struct account *account;
    int in_fd, out_fd;
    struct watch in_watch, out_watch;
    struct timer read_on; /* for what no epoll takes, such as a file */
    struct timer grace;   /* the end of input has come */
    struct byte_buffer in, out;
    size_t scanned; /* of `in`: no line end is in there */
    size_t written; /* of `out` */
    unsigned n_calls;
    int skips; /* up to the next line end: the line is too long */
    int at_end, paused, out_is_watched;
};

/* Begins to read; descriptors, service and account are borrowed, and *stdio must stay where it is. The loop is stopped
 * once the input has come to its end and what was asked is answered, or `drain_timeout` has passed, or nobody reads
 * the output any more. Returns 0 or -errno. */
int mcp_stdio_start(struct mcp_stdio *stdio, struct mcp_service *service, struct account *account, int in_fd,
                    int out_fd);

/* Reads no more: as if the input were at its end. */
void mcp_stdio_finish(struct mcp_stdio *stdio);

#endif
