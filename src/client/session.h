/* What every command needs: a service to talk to, signals, the screen, and asking again while the service is busy. */
#ifndef PYEXEC_CLIENT_SESSION_H
#define PYEXEC_CLIENT_SESSION_H

#include "client/local_service.h"
#include "client/options.h"
#include "client/screen.h"
#include "client/transfer.h"
#include "front/byte_buffer.h"

struct session {
    const struct options *options;
    struct signals signals;
    struct screen screen;
    struct address address;
    struct local_service local; /* all zeros: the service is somebody else's */
    const char *key;            /* of the environment; NULL: none */
};

/* Signals and screen, so that something can be said. Returns 0 or -errno. */
int session_open(struct session *session, const struct options *options);

/* Reads the environment, finds the service or starts one. Returns 0, or -1 with *failure; session_end() either way. */
int session_start(struct session *session, struct failure *failure);

void session_end(struct session *session);

/* A request without a body, or of this body, with what is the session's filled in. */
struct transfer session_request(struct session *session, const char *path, const struct byte_buffer *body);

/* What a transfer and its answer's body came to; for deciding whether to ask again. */
enum session_verdict {
    SESSION_DONE, /* answered, or failed for good */
    SESSION_BUSY, /* 503 or 429: nothing has run */
    SESSION_LOST, /* the connection broke: something may have run */
};

/* Performs attempt() until it is done, a signal came, or the retries are used up; a lost connection is tried again only
 * where `may_repeat`. attempt() resets what an earlier one has left. Returns what the last one returned. */
int session_persist(struct session *session, struct transfer *transfer, int may_repeat,
                    int (*attempt)(void *context, struct failure *failure, enum session_verdict *ret_verdict),
                    void *context, struct failure *failure);

#endif
