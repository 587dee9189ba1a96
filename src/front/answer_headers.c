#include "front/answer_headers.h"

#include <errno.h>
#include <stdio.h>

void answer_headers_of_problem(struct answer_headers *headers, const struct problem *problem) {
    headers->retry_after = problem->retry_after;
    headers->allow = problem->allow;
    headers->challenge = problem->challenge;
    headers->close = problem->close;
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

int answer_headers_add(const struct answer_headers *headers, struct MHD_Response *response, const char *type) {
    struct adder adder = {.response = response};
    add(&adder, "X-Request-Id", headers->id);
    add(&adder, "Cache-Control", "no-store");
    add(&adder, "X-Content-Type-Options", "nosniff");
    add(&adder, "Content-Type", type);
    add(&adder, "Allow", headers->allow);
    add(&adder, "WWW-Authenticate", headers->challenge);
    add_note(&adder, &headers->note);
    if (headers->retry_after > 0) {
        add_number(&adder, "Retry-After", headers->retry_after);
    }
    if (headers->close) {
        add(&adder, "Connection", "close");
    }
    return adder.failed ? -ENOMEM : 0;
}
