#include "front/answer_headers.h"

#include <errno.h>
#include <stdio.h>

void answer_headers_of_problem(struct answer_headers *headers, const struct problem *problem) {
    headers->retry_after = problem->retry_after;
    headers->allow = problem->allow;
    headers->challenge = problem->challenge;
    headers->close = problem->close;
}

/* No answer is kept, taken for another type, run, framed or embedded by a page, whatever a script has put into it. */
static const struct {
    const char *name, *value;
    int is_not_the_pages; /* the page at "/" has its own */
} security_headers[] = {
    {"Cache-Control", "no-store", 1},
    {"X-Content-Type-Options", "nosniff", 0},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'", 1},
    {"Cross-Origin-Resource-Policy", "same-origin", 0},
    {"Referrer-Policy", "no-referrer", 0},
};

void answer_headers_write_security(char *ret_text, size_t size) {
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < sizeof security_headers / sizeof security_headers[0] && used < size; i++) {
        used += (size_t)snprintf(ret_text + used, size - used, "%s: %s\r\n", security_headers[i].name,
                                 security_headers[i].value);
    }
}

struct adder {
    struct MHD_Response *response;
    int failed;
};

static void add(struct adder *adder, const char *name, const char *value) {
    adder->failed |= value && MHD_add_response_header(adder->response, name, value) != MHD_YES;
}

static void add_number(struct adder *adder, const char *name, uint64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    add(adder, name, text);
}

static void add_note(struct adder *adder, const struct rate_note *note) {
    char policy[80];
    if (!note->is_there) {
        return;
    }
    add_number(adder, "RateLimit-Limit", note->limit);
    add_number(adder, "RateLimit-Remaining", note->left);
    add_number(adder, "RateLimit-Reset", note->reset_s);
    (void)snprintf(policy, sizeof policy, "%llu;w=60%s%s%s", (unsigned long long)note->limit,
                   note->of_what ? ";comment=\"" : "", note->of_what ? note->of_what : "", note->of_what ? "\"" : "");
    add(adder, "RateLimit-Policy", policy);
}

/* It is the same for everybody, runs what it is made of and nothing else, and no window that opened it has a hold on
 * it.
 */
static void add_page(struct adder *adder, const struct page_headers *page) {
    if (!page->etag) {
        return;
    }
    add(adder, "Cache-Control", "no-cache");
    add(adder, "ETag", page->etag);
    add(adder, "Vary", "Accept-Encoding");
    add(adder, "Content-Encoding", page->encoding);
    add(adder, "Content-Security-Policy", page->policy);
    add(adder, "Cross-Origin-Opener-Policy", "same-origin");
}

/* What a page of another origin may do and read. The browser asks again after ten minutes. */
static void add_cors(struct adder *adder, const struct answer_headers *headers) {
    if (!headers->cors_origin || !*headers->cors_origin) {
        return;
    }
    add(adder, "Access-Control-Allow-Origin", headers->cors_origin);
    add(adder, "Vary", "Origin");
    if (headers->is_preflight) {
        add(adder, "Access-Control-Allow-Methods", headers->allow);
        add(adder, "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, MCP-Protocol-Version, Mcp-Session-Id, traceparent, "
            "tracestate, "
            "X-Api-Key, X-Request-Id");
        add(adder, "Access-Control-Max-Age", "600");
    } else {
        add(adder, "Access-Control-Expose-Headers",
            "Idempotent-Replayed, Mcp-Session-Id, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, "
            "RateLimit-Reset, "
            "Retry-After, "
            "X-Request-Id");
    }
}

int answer_headers_add(const struct answer_headers *headers, struct MHD_Response *response, const char *type) {
    struct adder adder = {.response = response};
    add(&adder, "X-Request-Id", headers->id);
    for (size_t i = 0; i < sizeof security_headers / sizeof security_headers[0]; i++) {
        if (!headers->page.etag || !security_headers[i].is_not_the_pages) {
            add(&adder, security_headers[i].name, security_headers[i].value);
        }
    }
    add_page(&adder, &headers->page);
    add_cors(&adder, headers);
    add(&adder, "Content-Type", type);
    add(&adder, "Allow", headers->allow);
    add(&adder, "WWW-Authenticate", headers->challenge);
    add_note(&adder, &headers->note);
    add(&adder, "Mcp-Session-Id", headers->session);
    add(&adder, "Idempotent-Replayed", headers->is_replay ? "true" : NULL);
    if (headers->retry_after > 0) {
        add_number(&adder, "Retry-After", headers->retry_after);
    }
    if (headers->close) {
        add(&adder, "Connection", "close");
    }
    return adder.failed ? -ENOMEM : 0;
}
