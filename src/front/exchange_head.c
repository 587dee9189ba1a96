#include <errno.h>

#include "base/clock.h"
#include "front/exchange_inside.h"
#include "front/limits_page.h"
#include "front/pages.h"
#include "front/playground.h"

struct header_list {
    struct byte_buffer headers; /* of struct http_header */
    int failed;
};

/* The library knows no folding: it moves the name of a line that goes on elsewhere, to append what follows to it, and
 * leaves the value where it was. In a line as it came the value lies behind the name. */
static int is_folded(const char *name, size_t name_len, const char *value) {
    return (uintptr_t)value <= (uintptr_t)name + name_len;
}

static enum MHD_Result collect_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                      const char *value, size_t value_len) {
    struct header_list *list = context;
    struct http_header header = {.name = name, .name_len = name_len};
    (void)kind;
    if (!is_folded(name, name_len, value)) {
        header.value = value;
        header.value_len = value_len;
    }
    list->failed |= byte_buffer_append(&list->headers, &header, sizeof header) < 0;
    return MHD_YES;
}

int exchange_judge_head(struct exchange *exchange, const char *url, const char *method, const char *version) {
    const struct http_server *server = exchange->server;
    struct header_list list = {0};
    (void)MHD_get_connection_values_n(exchange->mhd, MHD_HEADER_KIND, collect_header, &list);
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct http_head head = {
        .method = method,
        .target = url,
        .version = version,
        .headers = (const struct http_header *)(const void *)list.headers.bytes,
        .n_headers = list.headers.len / sizeof(struct http_header),
        .bytes = size ? size->header_size : 0,
    };
    struct http_rules rules = {
        .max_header_bytes = server->settings->max_header_bytes,
        .max_body_bytes = server->settings->max_body_bytes,
        .on_loopback = server->on_loopback,
        .allowed_hosts = server->settings->allowed_hosts,
        .cors_origins = server->settings->cors_origins,
        .mcp = (int)server->settings->mcp,
        .page_etag = server->settings->playground ? playground_plain.etag : NULL,
        .page_etag_packed = playground_packed.etag,
    };
    http_head_judge(&head, &rules, &exchange->head);
    byte_buffer_free(&list.headers);
    exchange->headers.cors_origin = exchange->head.cors_origin;
    return list.failed ? -ENOMEM : 0;
}

/* An answer that needs no run. */
static void take_page(struct exchange *exchange) {
    const struct http_server *server = exchange->server;
    struct answer answer;
    struct problem problem;
    int error;
    switch (exchange->head.route) {
    case ROUTE_METRICS:
        error = page_metrics(server, &answer);
        break;
    case ROUTE_PACKAGES:
        error = page_packages(server, &answer, &problem);
        break;
    case ROUTE_LIMITS:
        error = limits_page(server->settings, exchange->account, &answer);
        break;
    case ROUTE_LIVE:
        error = answer_live(&answer);
        break;
    case ROUTE_READY:
        error = page_ready(server, &answer);
        break;
    case ROUTE_OPENAPI:
        error = answer_openapi(&answer);
        break;
    case ROUTE_PLAYGROUND:
        playground_answer(&exchange->head, &answer, &exchange->headers);
        error = 0;
        break;
    case ROUTE_HEALTH:
    case ROUTE_EXECUTE:
    case ROUTE_MCP:
    case ROUTE_OPTIONS:
    default:
        error = page_health(server, !exchange->account, &answer);
        break;
    }
    if (error == -EAGAIN) {
        exchange_take_problem(exchange, &problem);
    } else if (error) {
        exchange->state = EXCHANGE_GONE;
    } else {
        exchange_take_answer(exchange, &answer);
    }
}

/* Who it is from, and whether they may. Returns 0 or -EPERM. */
static int pass_gate(struct exchange *exchange, struct problem *problem) {
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct gate_pass pass;
    int error = gate_judge(exchange->server->gate, &exchange->head, address ? address->client_addr : NULL,
                           clock_now_us(), &pass, problem);
    exchange->account = pass.account;
    exchange->headers.note = pass.note;
    exchange->head.key = NULL; /* it is the library's memory, and has served its purpose */
    return error;
}

void exchange_answer_head(struct exchange *exchange) {
    struct problem problem;
    if (exchange->head.refused) {
        exchange_take_problem(exchange, &exchange->head.problem);
    } else if (pass_gate(exchange, &problem) < 0) {
        exchange_take_problem(exchange, &problem);
    } else if (exchange->head.route != ROUTE_EXECUTE && exchange->head.route != ROUTE_MCP &&
               exchange->head.route != ROUTE_OPTIONS) {
        take_page(exchange);
    } else if (exchange->head.route == ROUTE_OPTIONS) {
        struct answer answer = {.status = 204};
        exchange_take_answer(exchange, &answer);
        exchange->headers.allow = exchange->head.allow;
        exchange->headers.is_preflight = exchange->head.is_preflight;
    } else if (exchange->server->draining) {
        admission_draining_problem(&problem);
        exchange_take_problem(exchange, &problem);
    }
}
