/* One request and its answer, as its three files share it: exchange.c has the steps, exchange_head.c what is decided by
 * the head alone, exchange_mcp.c what is different with POST /mcp. */
#ifndef PYEXEC_FRONT_EXCHANGE_INSIDE_H
#define PYEXEC_FRONT_EXCHANGE_INSIDE_H

#include "front/answer_headers.h"
#include "front/http_head.h"
#include "front/http_server.h"
#include "front/mcp/call.h"
#include "front/stream.h"

#define LOGGED_METHOD_MAX 16
#define LOGGED_PATH_MAX 129

enum exchange_state {
    EXCHANGE_BODY,    /* the body comes in, or is dropped when `answer` is there already */
    EXCHANGE_RUNNING, /* suspended: queued or running */
    EXCHANGE_READY,   /* the answer is there */
    EXCHANGE_BEGUN,   /* there is a stream, which the library does not know yet */
    EXCHANGE_SENT,    /* the library has the answer */
    EXCHANGE_GONE,    /* the client has gone while its run was on */
};

/* Members in the order that they are read best in: there is one for each connection. */
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct exchange {
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    enum exchange_state state;
    struct http_judgement head;
    struct account *account; /* held; NULL: not known */
    char id[HTTP_REQUEST_ID_MAX + 1];
    struct byte_buffer body;
    size_t held; /* bytes taken from the budget */
    int is_owed; /* counted in server->n_owed */
    struct run *run;
    struct idempotency_waiter shared; /* with an Idempotency-Key, instead of the run's own waiter */
    struct stream *stream;            /* from the run's beginning, when the client wants events */
    int wants_events;
    struct mcp_call call; /* of POST /mcp, instead of `run` */
    int asked_for_run;    /* POST /mcp: the message asked for one */
    char session[HTTP_SESSION_LEN + 1];

    struct answer answer;
    int has_answer;
    unsigned status; /* of what was sent; 0: nothing was */
    int has_run;
    struct run_measures run_measures; /* of a run whose answer this is */
    uint64_t body_bytes, answer_bytes;
    char method[LOGGED_METHOD_MAX], path[LOGGED_PATH_MAX]; /* their beginnings */
    uint64_t began_us;
    const char *error; /* how it ended: the contract's word, NULL for success */
    struct answer_headers headers;
};

/* The answer is there, to be sent; takes its text. Of a problem one is made; without memory for a few hundred bytes the
 * exchange is EXCHANGE_GONE and its connection to be closed. */
void exchange_take_answer(struct exchange *exchange, struct answer *answer);
void exchange_take_problem(struct exchange *exchange, const struct problem *problem);

/* The body is read and not needed any more. */
void exchange_drop_body(struct exchange *exchange);

/* "The memory for requests is used up". */
void exchange_memory_problem(struct problem *problem);

/* The answer will be a stream, which begins now. */
void exchange_begin_stream(struct exchange *exchange);

/* The run is over: with an answer, which is taken, or with a problem. */
void exchange_end_run(struct exchange *exchange, struct answer *answer, const struct problem *problem);

/* exchange_mcp.c: the whole body is there. Returns 0 when there is an answer, or will be, or -errno and a problem. */
int exchange_submit_mcp(struct exchange *exchange, struct problem *problem);

/* exchange_head.c: judges the head. Returns 0 or -ENOMEM. */
int exchange_judge_head(struct exchange *exchange, const char *url, const char *method, const char *version);

/* exchange_head.c: what a judged head alone decides: an answer, or none yet. */
void exchange_answer_head(struct exchange *exchange);

#endif
