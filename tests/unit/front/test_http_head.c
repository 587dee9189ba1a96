#include <string.h>

#include "unit.h"

#include "front/http_head.h"

#define MAX_HEADERS 8

/* Judges "Name: value" lines. */
static struct http_judgement judge(const char *method, const char *target, const char *const *lines) {
    struct http_header headers[MAX_HEADERS];
    struct http_rules rules = {.max_header_bytes = 1000, .max_body_bytes = 100, .on_loopback = 1};
    struct http_head head = {
        .method = method, .target = target, .version = "HTTP/1.1", .headers = headers, .bytes = 100};
    for (; lines[head.n_headers]; head.n_headers++) {
        const char *line = lines[head.n_headers];
        const char *colon = strstr(line, ": ");
        headers[head.n_headers] = (struct http_header){
            .name = line, .name_len = (size_t)(colon - line), .value = colon + 2, .value_len = strlen(colon + 2)};
    }
    struct http_judgement judgement;
    http_head_judge(&head, &rules, &judgement);
    return judgement;
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void takes_a_run(void **state) {
    (void)state;
    struct http_judgement judgement =
        judge("POST", "/execute",
              LINES("host: x", "CONTENT-TYPE: application/json; charset=\"UTF-8\"", "Content-Length: 100",
                    "X-Request-Id: a.b-c_1", "Expect: 100-Continue"));
    assert_int_equal(judgement.refused, 0);
    assert_int_equal(judgement.route, ROUTE_EXECUTE);
    assert_int_equal(judgement.length, 100);
    assert_true(judgement.has_body && judgement.length_known && judgement.expects_continue);
    assert_string_equal(judgement.request_id, "a.b-c_1");
}

static void routes(void **state) {
    (void)state;
    assert_int_equal(judge("GET", "/health", LINES("Host: x")).route, ROUTE_HEALTH);
    assert_int_equal(judge("HEAD", "http://x/health", LINES("Host: x")).route, ROUTE_HEALTH);
    assert_string_equal(judge("OPTIONS", "*", LINES("Host: x")).allow, "GET, HEAD, POST, OPTIONS");
    assert_int_equal(judge("GET", "/execute", LINES("Host: x")).problem.status, 405);
    assert_string_equal(judge("DELETE", "/health", LINES("Host: x")).problem.allow, "GET, HEAD, OPTIONS");
    assert_int_equal(judge("GET", "http://x", LINES("Host: x")).problem.status, 404);
    assert_string_equal(http_target_path("https://h:1/p?"), "/p?");
}

static void framing_closes(void **state) {
    (void)state;
    const char *const *const cases[] = {
        LINES("Host: x", "Content-Length: 1", "content-length: 1"),
        LINES("Host: x", "Content-Length: 1", "Transfer-Encoding: chunked"),
        LINES("Host: x", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        LINES("Host: x", "Transfer-Encoding: gzip"),
        LINES("Host: x", "Transfer-Encoding: chunked "),
        LINES("Host: x", "Content-Length : 1"),
        LINES("Host: x", "A: b\rContent-Length: 1"),
        LINES("Content-Length: 1"),
        LINES("Host: x", "Host: x"),
        LINES("Host: x/y"),
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_judgement judgement = judge("POST", "/execute", cases[i]);
        assert_int_equal(judgement.refused, 1);
        assert_int_equal(judgement.problem.status, 400);
        assert_int_equal(judgement.problem.close, 1);
    }
}

static void statuses(void **state) {
    (void)state;
    static const char json[] = "Content-Type: application/json";
    assert_int_equal(judge("POST", "/execute", LINES("Host: x")).problem.status, 415);
    assert_int_equal(judge("POST", "/execute", LINES("Host: x", json, json)).problem.status, 415);
    assert_int_equal(judge("POST", "/execute", LINES("Host: x", json, "Content-Encoding: br")).problem.status, 415);
    assert_int_equal(judge("POST", "/execute", LINES("Host: x", json, "Content-Length: 101")).problem.status, 413);
    assert_int_equal(judge("POST", "/execute", LINES("Host: x", json, "Accept: text/event-stream")).takes_events_only,
                     1);
    assert_int_equal(
        judge("POST", "/execute", LINES("Host: x", json, "Accept: text/event-stream, */*")).takes_events_only, 0);
    assert_int_equal(judge("POST", "/execute", LINES("Host: x", json, "X-Request-Id: a b")).request_id[0], '\0');
}

static void foreign_pages_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *host, *origin;
        int refused;
    } cases[] = {
        {"Host: localhost:8080", "Origin: http://localhost:8080", 0},
        {"Host: LOCALHOST:8080", "Origin: HTTP://localhost:8080", 0},
        {"Host: 127.0.0.1", "Origin: http://127.0.0.1:80", 0},
        {"Host: [::1]:8080", "Origin: http://[::1]:8080", 0},
        {"Host: 127.1.2.3:8080", "Origin: http://127.1.2.3:8080", 0},
        {"Host: localhost:8080", "Origin: http://localhost:8081", 1},
        {"Host: localhost:8080", "Origin: null", 1},
        {"Host: localhost:8080", "Origin: ", 1},
        {"Host: localhost:8080", "Origin: http://", 1},
        {"Host: evil.example:8080", "Origin: http://evil.example:8080", 1},
        {"Host: 127.0.0.1.evil.example", "Origin: http://127.0.0.1.evil.example", 1},
        {"Host: [::1", "Origin: http://[::1", 1},
        {"Host: [::1]x]", "Origin: http://[::1]x]", 1},
        {"Host: localhost", "Origin: file://localhost", 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_judgement judgement = judge("GET", "/health", LINES(cases[i].host, cases[i].origin));
        if (judgement.refused != cases[i].refused) {
            fail_msg("%s, %s", cases[i].host, cases[i].origin);
        }
        if (judgement.refused) {
            assert_int_equal(judgement.problem.status, 403);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_run),
        cmocka_unit_test(routes),
        cmocka_unit_test(framing_closes),
        cmocka_unit_test(statuses),
        cmocka_unit_test(foreign_pages_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
