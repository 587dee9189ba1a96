/* What is decided about a request once its head is there and before a byte of its body is asked for. Pure. */
#ifndef PYEXEC_FRONT_HTTP_HEAD_H
#define PYEXEC_FRONT_HTTP_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "front/problem.h"
#include "front/trace_context.h"

#define HTTP_REQUEST_ID_MAX 128
#define HTTP_ORIGIN_MAX 255
#define HTTP_IDEMPOTENCY_KEY_MAX 255
#define HTTP_SESSION_LEN 32

/* A value of NULL: it went on in a second line, and neither name nor value can be trusted. */
struct http_header {
    const char *name, *value;
    size_t name_len, value_len;
};

/* A head as the HTTP library parsed it. Everything is borrowed. */
struct http_head {
    const char *method, *target, *version; /* "POST", "/execute" without its query, "HTTP/1.1" */
    const struct http_header *headers;     /* in their order, repeated ones repeatedly */
    size_t n_headers;
    size_t bytes; /* of the whole head */
};

struct http_rules {
    size_t max_header_bytes;
    uint64_t max_body_bytes;
    int on_loopback;              /* only this machine can connect */
    const char *allowed_hosts;    /* names that the Host header may have, separated by commas; "": see on_loopback */
    const char *cors_origins;     /* origins whose pages may use the service, separated by commas */
    int mcp;                      /* there is a /mcp */
    const char *page_etag;        /* of the page at "/" as it is; NULL: there is none */
    const char *page_etag_packed; /* and as gzip */
};

enum http_route {
    ROUTE_EXECUTE,
    ROUTE_HEALTH,
    ROUTE_LIVE,
    ROUTE_READY,
    ROUTE_METRICS,
    ROUTE_PACKAGES,
    ROUTE_LIMITS,
    ROUTE_OPENAPI,
    ROUTE_MCP,
    ROUTE_PLAYGROUND,
    ROUTE_OPTIONS,
};

struct http_judgement {
    int refused;            /* 1: `problem` is the answer */
    struct problem problem; /* with `close` set when the framing cannot be trusted */
    enum http_route route;  /* when not refused */
    const char *allow;      /* ROUTE_OPTIONS: the methods; static */
    int has_body;           /* more than no bytes, as far as the head tells */
    int length_known;
    uint64_t length; /* of the body when it is known */
    int expects_continue;
    int takes_events_only; /* the answer is to be text/event-stream */
    int takes_gzip;        /* ROUTE_PLAYGROUND */
    int has_page;          /* ROUTE_PLAYGROUND: the client has it, in the form that it takes */
    const char *key;       /* the API key that comes along, in the head's own memory, or NULL */
    size_t key_len;
    char cors_origin[HTTP_ORIGIN_MAX + 1];              /* the page that asks, where cors_origins names it, else "" */
    int is_preflight;                                   /* ROUTE_OPTIONS: it asks whether that page may */
    char idempotency_key[HTTP_IDEMPOTENCY_KEY_MAX + 1]; /* ROUTE_EXECUTE: "" when there is none */
    char session[HTTP_SESSION_LEN + 1];                 /* ROUTE_MCP: "" when there is none */
    struct trace_context trace;               /* the client's own; its trace_id is "" when there is no proper one */
    char request_id[HTTP_REQUEST_ID_MAX + 1]; /* the client's own when it is a proper one, else "" */
};

/* Judges a head. */
void http_head_judge(const struct http_head *head, const struct http_rules *rules,
                     struct http_judgement *ret_judgement);

/* The path of a request target: "http://host/path" becomes "/path"; others stay. Points into `target` or is static. */
const char *http_target_path(const char *target);

#endif
