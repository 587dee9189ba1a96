#include "front/http_head.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "front/http_negotiation.h"
#include "front/http_origin.h"
#include "front/mcp/message.h"

#define READ_ALLOW "GET, HEAD, OPTIONS"
#define ANY_ALLOW "GET, HEAD, POST, OPTIONS"

/* ---- headers ---- */

static const struct http_header *find(const struct http_head *head, const char *name, size_t *ret_count) {
    const struct http_header *found = NULL;
    size_t count = 0, len = strlen(name);
    for (size_t i = 0; i < head->n_headers; i++) {
        const struct http_header *header = &head->headers[i];
        if (header->name_len == len && strncasecmp(header->name, name, len) == 0) {
            found = found ? found : header;
            count++;
        }
    }
    if (ret_count) {
        *ret_count = count;
    }
    return found;
}

static int value_is(const struct http_header *header, const char *text) {
    size_t len = strlen(text);
    return header->value_len == len && strncasecmp(header->value, text, len) == 0;
}

static int is_token(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!isalnum(c) && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c))) {
            return 0;
        }
    }
    return len > 0;
}

static int has_control(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return 1;
        }
    }
    return 0;
}

/* ---- refusals ---- */

static void refuse(struct http_judgement *judgement, unsigned status, const char *error, const char *message,
                   const char *suggestion) {
    judgement->refused = 1;
    problem_set(&judgement->problem, status, error, "%s", message);
    problem_suggest(&judgement->problem, "%s", suggestion);
}

/* Bytes behind such a head may be another request to somebody else on the way: none of them is read. */
static void refuse_framing(struct http_judgement *judgement, const char *message, const char *suggestion) {
    refuse(judgement, 400, "invalid_input", message, suggestion);
    judgement->problem.close = 1;
}

static void judge_header_lines(const struct http_head *head, struct http_judgement *judgement) {
    for (size_t i = 0; i < head->n_headers; i++) {
        const struct http_header *header = &head->headers[i];
        if (!header->value) {
            refuse_framing(judgement, "A header goes on in the next line, which is not allowed any more.",
                           "Write each header on one line");
            return;
        }
        if (!is_token(header->name, header->name_len)) {
            refuse_framing(judgement, "A header's name contains a character that no name may have.",
                           "Write each header as 'Name: value', without white space before the colon");
            return;
        }
        if (has_control(header->value, header->value_len)) {
            refuse_framing(judgement, "A header's value contains a control character.",
                           "Write each header on one line of printable characters");
            return;
        }
    }
}

static int is_plausible_host(const struct http_header *host) {
    for (size_t i = 0; i < host->value_len; i++) {
        unsigned char c = (unsigned char)host->value[i];
        if (c <= 0x20 || c >= 0x7F || strchr("/\\@?#,<>\"", c)) {
            return 0;
        }
    }
    return 1;
}

static void judge_host(const struct http_head *head, struct http_judgement *judgement) {
    size_t n_hosts;
    const struct http_header *host = find(head, "Host", &n_hosts);
    if (n_hosts > 1 || (n_hosts == 0 && strcmp(head->version, "HTTP/1.0") != 0)) {
        refuse_framing(judgement,
                       n_hosts ? "The request has more than one Host header." : "The request has no Host header.",
                       "Send exactly one Host header, as HTTP/1.1 asks");
    } else if (host && !is_plausible_host(host)) {
        refuse_framing(judgement, "The Host header is not a host name with an optional port.",
                       "Send a Host header such as 'Host: 127.0.0.1:8080'");
    }
}

static void judge_framing(const struct http_head *head, struct http_judgement *judgement) {
    size_t n_lengths, n_encodings;
    const struct http_header *length = find(head, "Content-Length", &n_lengths);
    const struct http_header *encoding = find(head, "Transfer-Encoding", &n_encodings);
    if (n_lengths > 1) {
        refuse_framing(judgement, "The request has more than one Content-Length header.", "Send exactly one");
    } else if (n_lengths && n_encodings) {
        refuse_framing(judgement, "The request has Content-Length together with Transfer-Encoding.",
                       "Send one of them: a body has either a length or chunks");
    } else if (n_encodings > 1 || (n_encodings && !value_is(encoding, "chunked"))) {
        refuse_framing(judgement, "Transfer-Encoding must be 'chunked', alone and once.",
                       "Send the body with a Content-Length, or chunked");
    } else if (n_encodings && strcmp(head->version, "HTTP/1.0") == 0) {
        refuse_framing(judgement, "HTTP/1.0 has no Transfer-Encoding.", "Send the body with a Content-Length");
    }
    judgement->has_body = n_encodings > 0;
    judgement->length_known = n_encodings == 0;
    if (length) {
        /* The library has refused whatever is no number of 64 bits. */
        judgement->length = strtoull(length->value, NULL, 10);
        judgement->has_body = judgement->has_body || judgement->length > 0;
    }
    const struct http_header *expect = find(head, "Expect", NULL);
    judgement->expects_continue = expect && value_is(expect, "100-continue");
}

/* Whose name an attacker could have pointed at this machine for the browser of somebody who sits at it (DNS rebinding).
 * Such a page needs no Origin for reading, so every request is looked at. */
static void judge_host_name(const struct http_head *head, const struct http_rules *rules,
                            struct http_judgement *judgement) {
    const struct http_header *host = find(head, "Host", NULL);
    if (!host || (!rules->on_loopback && !*rules->allowed_hosts) || http_host_is_local(host->value, host->value_len) ||
        http_host_is_listed(host->value, host->value_len, rules->allowed_hosts)) {
        return;
    }
    refuse(judgement, 403, "forbidden", "The Host header names a host that this service does not serve.",
           "Ask for it as localhost or by its IP address, or have the operator add the name to allowed_hosts");
}

static void judge_origin(const struct http_head *head, const struct http_rules *rules,
                         struct http_judgement *judgement) {
    size_t n_origins;
    const struct http_header *origin = find(head, "Origin", &n_origins);
    const struct http_header *host = find(head, "Host", NULL);
    if (n_origins == 0) {
        return;
    }
    if (n_origins == 1 && origin->value_len <= HTTP_ORIGIN_MAX &&
        http_list_has(rules->cors_origins, origin->value, origin->value_len)) {
        memcpy(judgement->cors_origin, origin->value, origin->value_len);
        judgement->cors_origin[origin->value_len] = '\0';
        judgement->is_preflight = find(head, "Access-Control-Request-Method", NULL) != NULL;
    } else if (n_origins > 1 || !host ||
               !http_origin_is_own(origin->value, origin->value_len, host->value, host->value_len)) {
        refuse(judgement, 403, "forbidden", "This request comes from a web page of another origin.",
               "Call the service from a program, from a page that is served under the same host and port, or have the "
               "operator add the page's origin to cors_origins");
    }
}

/* ---- POST /execute ---- */

/* "application/json", with or without charset=utf-8; other parameters say nothing about the bytes. */
static int is_json(const struct http_header *type) {
    const char *end = type->value + type->value_len;
    const char *semicolon = memchr(type->value, ';', type->value_len);
    const char *media_end = semicolon ? semicolon : end;
    while (media_end > type->value && (media_end[-1] == ' ' || media_end[-1] == '\t')) {
        media_end--;
    }
    struct http_header media = {.value = type->value, .value_len = (size_t)(media_end - type->value)};
    if (!value_is(&media, "application/json")) {
        return 0;
    }
    for (const char *at = semicolon; at && at < end; at = memchr(at, ';', (size_t)(end - at))) {
        at++;
        while (at < end && (*at == ' ' || *at == '\t')) {
            at++;
        }
        if ((size_t)(end - at) < 8 || strncasecmp(at, "charset=", 8) != 0) {
            continue;
        }
        at += 8;
        const char *value_end = memchr(at, ';', (size_t)(end - at));
        value_end = value_end ? value_end : end;
        while (value_end > at && (value_end[-1] == ' ' || value_end[-1] == '\t')) {
            value_end--;
        }
        if (value_end - at >= 2 && *at == '"' && value_end[-1] == '"') {
            at++;
            value_end--;
        }
        struct http_header charset = {.value = at, .value_len = (size_t)(value_end - at)};
        if (!value_is(&charset, "utf-8") && !value_is(&charset, "utf8")) {
            return 0;
        }
        at = value_end;
    }
    return 1;
}

static int contains(const struct http_header *header, const char *text) {
    size_t len = strlen(text);
    for (size_t at = 0; at + len <= header->value_len; at++) {
        if (strncasecmp(header->value + at, text, len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The client takes events and no whole answer: many name both. */
static int wants_event_stream(const struct http_head *head) {
    int takes_events = 0, takes_json = 0;
    for (size_t i = 0; i < head->n_headers; i++) {
        const struct http_header *header = &head->headers[i];
        if (header->name_len == 6 && strncasecmp(header->name, "Accept", 6) == 0) {
            takes_events |= contains(header, "text/event-stream");
            takes_json |= contains(header, "application/json") || contains(header, "/*");
        }
    }
    return takes_events && !takes_json;
}

/* Visible characters, in quotation marks as draft-ietf-httpapi-idempotency-key-header has them, or without. */
static void take_idempotency_key(const struct http_head *head, struct http_judgement *judgement) {
    size_t n_keys;
    const struct http_header *header = find(head, "Idempotency-Key", &n_keys);
    if (n_keys == 0) {
        return;
    }
    struct http_header key = *header;
    if (key.value_len >= 2 && key.value[0] == '"' && key.value[key.value_len - 1] == '"') {
        key.value++;
        key.value_len -= 2;
    }
    int is_right = n_keys == 1 && key.value_len > 0 && key.value_len <= HTTP_IDEMPOTENCY_KEY_MAX;
    for (size_t i = 0; is_right && i < key.value_len; i++) {
        is_right = key.value[i] > 0x20 && key.value[i] < 0x7F;
    }
    if (!is_right) {
        refuse(judgement, 400, "invalid_input", "The Idempotency-Key is not one of 1 to 255 visible characters.",
               "Send one such header, for example with a random UUID, or none");
        return;
    }
    memcpy(judgement->idempotency_key, key.value, key.value_len);
    judgement->idempotency_key[key.value_len] = '\0';
}

/* A body that is one JSON text. */
static void judge_json_body(const struct http_head *head, const struct http_rules *rules,
                            struct http_judgement *judgement) {
    size_t n_types;
    const struct http_header *type = find(head, "Content-Type", &n_types);
    const struct http_header *encoding = find(head, "Content-Encoding", NULL);
    if (n_types != 1 || !is_json(type)) {
        refuse(judgement, 415, "invalid_input",
               n_types == 0 ? "The Content-Type header is missing; it must be application/json."
                            : "The Content-Type must be application/json, in UTF-8.",
               "Send the header 'Content-Type: application/json'");
    } else if (encoding && !value_is(encoding, "identity")) {
        refuse(judgement, 415, "invalid_input", "The body has a Content-Encoding, and this service knows none.",
               "Send the body uncompressed");
    } else if (judgement->length > rules->max_body_bytes) {
        judgement->refused = 1;
        problem_set(&judgement->problem, 413, "invalid_input",
                    "The request body is too large: %llu bytes, and max_body_bytes is %llu.",
                    (unsigned long long)judgement->length, (unsigned long long)rules->max_body_bytes);
        problem_suggest(&judgement->problem, "Send less data with one request");
    }
}

static void judge_execute(const struct http_head *head, const struct http_rules *rules,
                          struct http_judgement *judgement) {
    judgement->takes_events_only = wants_event_stream(head);
    judge_json_body(head, rules, judgement);
    if (!judgement->refused) {
        take_idempotency_key(head, judgement);
    }
}

/* ---- POST /mcp ---- */

/* A client takes whichever of the two the server chooses. Without the header it takes anything. */
static int takes_json_and_events(const struct http_head *head) {
    int is_there = 0, takes_events = 0, takes_json = 0;
    for (size_t i = 0; i < head->n_headers; i++) {
        const struct http_header *header = &head->headers[i];
        if (header->name_len == 6 && strncasecmp(header->name, "Accept", 6) == 0) {
            is_there = 1;
            const int takes_all = contains(header, "*/*");
            takes_events |= takes_all || contains(header, "text/event-stream") || contains(header, "text/*");
            takes_json |= takes_all || contains(header, "application/json") || contains(header, "application/*");
        }
    }
    return !is_there || (takes_events && takes_json);
}

/* Ours are hexadecimal digits. Nothing is stored under them, but somebody else's would be a mistake worth telling. */
static void take_session(const struct http_head *head, struct http_judgement *judgement) {
    size_t n;
    const struct http_header *session = find(head, "Mcp-Session-Id", &n);
    if (n == 0) {
        return;
    }
    int is_ours = n == 1 && session->value_len == HTTP_SESSION_LEN;
    for (size_t i = 0; is_ours && i < HTTP_SESSION_LEN; i++) {
        is_ours = isxdigit((unsigned char)session->value[i]) != 0;
    }
    if (!is_ours) {
        refuse(judgement, 404, "not_found", "The Mcp-Session-Id is none of this service's.",
               "Begin a new session with the method initialize, without that header");
        return;
    }
    memcpy(judgement->session, session->value, HTTP_SESSION_LEN);
}

/* What comes without the header counts as of 2025-03-26, as the specification has it: so that may be said as well. */
static int takes_mcp_version(const struct http_header *version) {
    return mcp_known_version(version->value, version->value_len) != NULL || value_is(version, "2025-03-26");
}

static void judge_mcp(const struct http_head *head, const struct http_rules *rules, struct http_judgement *judgement) {
    size_t n_versions;
    const struct http_header *version = find(head, "MCP-Protocol-Version", &n_versions);
    judge_json_body(head, rules, judgement);
    if (judgement->refused) {
        return;
    }
    if (!takes_json_and_events(head)) {
        refuse(judgement, 406, "invalid_input", "The Accept header must list application/json and text/event-stream.",
               "Send the header 'Accept: application/json, text/event-stream'");
    } else if (n_versions > 1 || (n_versions == 1 && !takes_mcp_version(version))) {
        refuse(judgement, 400, "invalid_input",
               "The MCP-Protocol-Version is none that this service speaks: 2025-11-25 and 2025-06-18.",
               "Send the version that the answer to initialize has");
    } else {
        take_session(head, judgement);
    }
}

/* ---- GET / ---- */

static void judge_page(const struct http_head *head, const struct http_rules *rules, struct http_judgement *judgement) {
    int gzip = -1, any = -1;
    for (size_t i = 0; i < head->n_headers; i++) {
        const struct http_header *header = &head->headers[i];
        if (header->name_len == 15 && strncasecmp(header->name, "Accept-Encoding", 15) == 0) {
            gzip = gzip >= 0 ? gzip : http_takes_coding(header->value, header->value_len, "gzip");
            any = any >= 0 ? any : http_takes_coding(header->value, header->value_len, "*");
        }
    }
    judgement->takes_gzip = gzip >= 0 ? gzip : any == 1;
    const char *etag = judgement->takes_gzip ? rules->page_etag_packed : rules->page_etag;
    const struct http_header *known = find(head, "If-None-Match", NULL);
    judgement->has_page = known && http_lists_etag(known->value, known->value_len, etag);
}

/* ---- all of it ---- */

const char *http_target_path(const char *target) {
    if (strncasecmp(target, "http://", 7) != 0 && strncasecmp(target, "https://", 8) != 0) {
        return target;
    }
    const char *authority = strchr(target, ':') + 3;
    const char *path = strchr(authority, '/');
    return path ? path : "/";
}

static void refuse_method(struct http_judgement *judgement, const struct http_head *head, const char *path,
                          const char *allow) {
    char quoted[PROBLEM_QUOTE_MAX];
    judgement->refused = 1;
    problem_set(&judgement->problem, 405, "method_not_allowed", "%s does not take the method %s.", path,
                problem_quote(head->method, strlen(head->method), quoted));
    problem_suggest(&judgement->problem, "Use one of: %s", allow);
    judgement->problem.allow = allow;
}

/* What there is, and what it takes. */
static const struct resource {
    const char *path;
    enum http_route route;
    const char *allow; /* with OPTIONS, which every one takes */
} resources[] = {
    {"/execute", ROUTE_EXECUTE, "POST, OPTIONS"}, {"/health", ROUTE_HEALTH, READ_ALLOW},
    {"/health/live", ROUTE_LIVE, READ_ALLOW},     {"/health/ready", ROUTE_READY, READ_ALLOW},
    {"/metrics", ROUTE_METRICS, READ_ALLOW},      {"/openapi.json", ROUTE_OPENAPI, READ_ALLOW},
    {"/v1/packages", ROUTE_PACKAGES, READ_ALLOW}, {"/v1/limits", ROUTE_LIMITS, READ_ALLOW},
    {"/mcp", ROUTE_MCP, "POST, OPTIONS"},         {"/", ROUTE_PLAYGROUND, READ_ALLOW},
};

static int takes_method(const struct resource *resource, const char *method) {
    if (resource->route == ROUTE_EXECUTE || resource->route == ROUTE_MCP) {
        return strcmp(method, "POST") == 0;
    }
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void judge_route(const struct http_head *head, const struct http_rules *rules,
                        struct http_judgement *judgement) {
    const char *path = http_target_path(head->target);
    const struct resource *resource = NULL;
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        resource = strcmp(path, resources[i].path) == 0 ? &resources[i] : resource;
    }
    if (resource &&
        ((resource->route == ROUTE_MCP && !rules->mcp) || (resource->route == ROUTE_PLAYGROUND && !rules->page_etag))) {
        resource = NULL;
    }
    if (strcmp(head->method, "OPTIONS") == 0 && (resource || strcmp(path, "*") == 0)) {
        judgement->route = ROUTE_OPTIONS;
        judgement->allow = resource ? resource->allow : ANY_ALLOW;
    } else if (!resource) {
        char quoted[PROBLEM_QUOTE_MAX];
        judgement->refused = 1;
        problem_set(&judgement->problem, 404, "not_found", "There is nothing at '%s'.",
                    problem_quote(path, strlen(path), quoted));
        problem_suggest(&judgement->problem, "POST /execute runs a script, GET /health tells the service's state, GET "
                                             "/openapi.json describes all there is");
    } else if (!takes_method(resource, head->method)) {
        refuse_method(judgement, head, path, resource->allow);
    } else {
        judgement->route = resource->route;
        if (resource->route == ROUTE_EXECUTE) {
            judge_execute(head, rules, judgement);
        } else if (resource->route == ROUTE_MCP) {
            judge_mcp(head, rules, judgement);
        } else if (resource->route == ROUTE_PLAYGROUND) {
            judge_page(head, rules, judgement);
        }
    }
}

/* One key at most: with two, who is asked whose request it is could choose. */
static void take_key(const struct http_head *head, struct http_judgement *judgement) {
    static const char scheme[] = "Bearer ";
    size_t n_authorizations, n_api_keys;
    const struct http_header *authorization = find(head, "Authorization", &n_authorizations);
    const struct http_header *api_key = find(head, "X-Api-Key", &n_api_keys);
    int is_bearer = n_authorizations > 0 && authorization->value_len >= sizeof scheme - 1 &&
                    strncasecmp(authorization->value, scheme, sizeof scheme - 1) == 0;
    if (n_authorizations > 1 || n_api_keys > 1 || (is_bearer && n_api_keys > 0)) {
        refuse(judgement, 400, "invalid_input", "The request has more than one key.",
               "Send either 'Authorization: Bearer KEY' or 'X-Api-Key: KEY', once");
    } else if (is_bearer) {
        judgement->key = authorization->value + sizeof scheme - 1;
        judgement->key_len = authorization->value_len - (sizeof scheme - 1);
    } else if (n_api_keys > 0) {
        judgement->key = api_key->value;
        judgement->key_len = api_key->value_len;
    }
}

static void take_request_id(const struct http_head *head, struct http_judgement *judgement) {
    size_t n_ids;
    const struct http_header *id = find(head, "X-Request-Id", &n_ids);
    if (n_ids != 1 || id->value_len == 0 || id->value_len > HTTP_REQUEST_ID_MAX) {
        return;
    }
    for (size_t i = 0; i < id->value_len; i++) {
        char c = id->value[i];
        if (!isalnum((unsigned char)c) && c != '.' && c != '_' && c != '-') {
            return;
        }
    }
    memcpy(judgement->request_id, id->value, id->value_len);
    judgement->request_id[id->value_len] = '\0';
}

static void take_trace_context(const struct http_head *head, struct http_judgement *judgement) {
    size_t n;
    const struct http_header *parent = find(head, "traceparent", &n);
    if (n == 1) {
        (void)trace_context_parse(parent->value, parent->value_len, &judgement->trace);
    }
}

void http_head_judge(const struct http_head *head, const struct http_rules *rules,
                     struct http_judgement *ret_judgement) {
    struct http_judgement *judgement = ret_judgement;
    *judgement = (struct http_judgement){.length_known = 1};
    take_request_id(head, judgement);
    take_trace_context(head, judgement);
    judge_header_lines(head, judgement);
    if (!judgement->refused) {
        judge_framing(head, judgement);
    }
    if (!judgement->refused) {
        judge_host(head, judgement);
    }
    if (!judgement->refused && head->bytes > rules->max_header_bytes) {
        refuse(judgement, 431, "invalid_input", "The request's header is larger than max_header_bytes.",
               "Send fewer and shorter headers");
        judgement->problem.close = 1;
    }
    if (!judgement->refused) {
        judge_host_name(head, rules, judgement);
    }
    if (!judgement->refused) {
        judge_origin(head, rules, judgement);
    }
    if (!judgement->refused) {
        take_key(head, judgement);
    }
    if (!judgement->refused) {
        judge_route(head, rules, judgement);
    }
}
