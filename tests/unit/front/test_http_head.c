#include <string.h>

#include "unit.h"

#include "front/http_head.h"

#define MAX_HEADERS 8

/* Judges "Name: value" lines. */
static struct http_judgement judge_by(struct http_rules rules, const char *method, const char *target,
                                      const char *const *lines) {
    struct http_header headers[MAX_HEADERS];
    rules.max_header_bytes = 1000;
    rules.max_body_bytes = 100;
    rules.allowed_hosts = rules.allowed_hosts ? rules.allowed_hosts : "";
    rules.cors_origins = rules.cors_origins ? rules.cors_origins : "";
    struct http_head head = {
        .method = method, .target = target, .version = "HTTP/1.1", .headers = headers, .bytes = 100};
    for (; lines[head.n_headers]; head.n_headers++) {
        const char *line = lines[head.n_headers];
        const char *colon = strstr(line, ": ");
        headers[head.n_headers] = (struct http_header){
            .name = line, .name_len = (size_t)(colon - line), .value = colon + 2, .value_len = strlen(colon + 2)};
        if (strcmp(colon, ": FOLDED") == 0) { /* as the library gives such a header */
            headers[head.n_headers].value = NULL;
            headers[head.n_headers].value_len = 0;
        }
    }
    struct http_judgement judgement;
    http_head_judge(&head, &rules, &judgement);
    return judgement;
}

static struct http_judgement judge(const char *method, const char *target, const char *const *lines) {
    return judge_by((struct http_rules){.on_loopback = 1}, method, target, lines);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void takes_a_run(void **state) {
    (void)state;
    struct http_judgement judgement =
        judge("POST", "/execute",
              LINES("host: localhost", "CONTENT-TYPE: application/json; charset=\"UTF-8\"", "Content-Length: 100",
                    "X-Request-Id: a.b-c_1", "Expect: 100-Continue"));
    assert_int_equal(judgement.refused, 0);
    assert_int_equal(judgement.route, ROUTE_EXECUTE);
    assert_int_equal(judgement.length, 100);
    assert_true(judgement.has_body && judgement.length_known && judgement.expects_continue);
    assert_string_equal(judgement.request_id, "a.b-c_1");
}

static void routes(void **state) {
    (void)state;
    assert_int_equal(judge("GET", "/health", LINES("Host: localhost")).route, ROUTE_HEALTH);
    assert_int_equal(judge("HEAD", "http://x/health", LINES("Host: localhost")).route, ROUTE_HEALTH);
    assert_string_equal(judge("OPTIONS", "*", LINES("Host: localhost")).allow, "GET, HEAD, POST, OPTIONS");
    assert_int_equal(judge("GET", "/execute", LINES("Host: localhost")).problem.status, 405);
    assert_string_equal(judge("DELETE", "/health", LINES("Host: localhost")).problem.allow, "GET, HEAD, OPTIONS");
    assert_int_equal(judge("GET", "http://x", LINES("Host: localhost")).problem.status, 404);
    assert_string_equal(http_target_path("https://h:1/p?"), "/p?");
}

static void framing_closes(void **state) {
    (void)state;
    const char *const *const cases[] = {
        LINES("Host: localhost", "Content-Length: 1", "content-length: 1"),
        LINES("Host: localhost", "Content-Length: 1", "Transfer-Encoding: chunked"),
        LINES("Host: localhost", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        LINES("Host: localhost", "Transfer-Encoding: gzip"),
        LINES("Host: localhost", "Transfer-Encoding: chunked "),
        LINES("Host: localhost", "Content-Length : 1"),
        LINES("Host: localhost", "A: b\rContent-Length: 1"),
        LINES("Content-Length: 1"),
        LINES("Host: localhost", "Host: localhost"),
        LINES("Host: x/y"),
        LINES("Host: x", "Content-Length33: FOLDED"),
        LINES("Host: x", "X-Request-Idabc: FOLDED"),
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
    assert_int_equal(judge("POST", "/execute", LINES("Host: localhost")).problem.status, 415);
    assert_int_equal(judge("POST", "/execute", LINES("Host: localhost", json, json)).problem.status, 415);
    assert_int_equal(judge("POST", "/execute", LINES("Host: localhost", json, "Content-Encoding: br")).problem.status,
                     415);
    assert_int_equal(judge("POST", "/execute", LINES("Host: localhost", json, "Content-Length: 101")).problem.status,
                     413);
    assert_int_equal(
        judge("POST", "/execute", LINES("Host: localhost", json, "Accept: text/event-stream")).takes_events_only, 1);
    assert_int_equal(
        judge("POST", "/execute", LINES("Host: localhost", json, "Accept: text/event-stream, */*")).takes_events_only,
        0);
    assert_int_equal(judge("POST", "/execute", LINES("Host: localhost", json, "X-Request-Id: a b")).request_id[0],
                     '\0');
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

/* Without any Origin, as a page reads from what it takes for its own host. */
static void names_that_can_be_pointed_here_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *host, *allowed;
        int on_loopback, refused;
    } cases[] = {
        {"Host: localhost", "", 1, 0},
        {"Host: LocalHost:8080", "", 1, 0},
        {"Host: app.localhost:8080", "", 1, 0},
        {"Host: 127.0.0.1:8080", "", 1, 0},
        {"Host: 192.0.2.7", "", 1, 0},
        {"Host: [::1]:8080", "", 1, 0},
        {"Host: evil.example", "", 1, 1},
        {"Host: evil.example:8080", "", 1, 1},
        {"Host: notlocalhost", "", 1, 1},
        {"Host: localhost.evil.example", "", 1, 1},
        {"Host: 127.0.0.1.evil.example", "", 1, 1},
        {"Host: 127.1", "", 1, 1},
        {"Host: x", "", 1, 1},
        {"Host: localhost:80:80", "", 1, 1},
        {"Host: [localhost]", "", 1, 1},
        {"Host: ", "", 1, 1},
        {"Host: evil.example", "", 0, 0},
        {"Host: runner.example.org", "other,runner.example.org", 1, 0},
        {"Host: Runner.Example.org:8443", "other,runner.example.org", 1, 0},
        {"Host: example.org", "runner.example.org", 1, 1},
        {"Host: a.runner.example.org", "runner.example.org", 1, 1},
        {"Host: runner.example.org", "runner.example.org", 0, 0},
        {"Host: evil.example", "runner.example.org", 0, 1},
        {"Host: 192.0.2.7:8080", "runner.example.org", 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_rules rules = {.on_loopback = cases[i].on_loopback, .allowed_hosts = cases[i].allowed};
        struct http_judgement judgement = judge_by(rules, "GET", "/health", LINES(cases[i].host));
        if (judgement.refused != cases[i].refused) {
            fail_msg("%s, allowed \"%s\"", cases[i].host, cases[i].allowed);
        }
        if (judgement.refused) {
            assert_int_equal(judgement.problem.status, 403);
            assert_string_equal(judgement.problem.error, "forbidden");
        }
    }
}

static void listed_pages_may(void **state) {
    (void)state;
    const struct http_rules rules = {.on_loopback = 1, .cors_origins = "https://app.example.org,http://localhost:3000"};
    struct http_judgement judgement =
        judge_by(rules, "GET", "/health", LINES("Host: localhost:8080", "Origin: https://app.example.org"));
    assert_int_equal(judgement.refused, 0);
    assert_string_equal(judgement.cors_origin, "https://app.example.org");
    assert_false(judgement.is_preflight);
    judgement =
        judge_by(rules, "OPTIONS", "/execute",
                 LINES("Host: localhost:8080", "Origin: http://localhost:3000", "Access-Control-Request-Method: POST"));
    assert_int_equal(judgement.route, ROUTE_OPTIONS);
    assert_true(judgement.is_preflight);
    judgement = judge_by(rules, "POST", "/execute", LINES("Host: localhost", "Origin: https://app.example.org"));
    assert_int_equal(judgement.problem.status, 415); /* and the page may read that */
    assert_string_equal(judgement.cors_origin, "https://app.example.org");
    static const char *const others[] = {
        "Origin: http://app.example.org",
        "Origin: https://app.example.org:444",
        "Origin: https://app.example.org.evil.example",
        "Origin: https://evil.example",
        "Origin: null",
        "Origin: ",
        "Origin: https://app.example.org,http",
        "Origin: *",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        judgement = judge_by(rules, "GET", "/health", LINES("Host: localhost:8080", others[i]));
        assert_int_equal(judgement.refused, 1);
        assert_string_equal(judgement.cors_origin, "");
    }
    /* Its own page needs no header that says so. */
    judgement = judge_by(rules, "GET", "/health", LINES("Host: localhost:8080", "Origin: http://localhost:8080"));
    assert_int_equal(judgement.refused, 0);
    assert_string_equal(judgement.cors_origin, "");
}

static void one_key_at_most(void **state) {
    (void)state;
    struct http_judgement judgement = judge("GET", "/health", LINES("Host: localhost", "authorization: BEARER k1"));
    assert_int_equal(judgement.key_len, 2);
    assert_memory_equal(judgement.key, "k1", 2);
    judgement = judge("GET", "/health", LINES("Host: localhost", "Authorization: Basic k1", "X-API-KEY: k2"));
    assert_memory_equal(judgement.key, "k2", 2);
    assert_null(judge("GET", "/health", LINES("Host: localhost", "Authorization: Basic k1")).key);
    assert_null(judge("GET", "/health", LINES("Host: localhost")).key);
    assert_int_equal(judge("GET", "/health", LINES("Host: localhost", "X-Api-Key: a", "X-Api-Key: a")).problem.status,
                     400);
    assert_int_equal(
        judge("GET", "/health", LINES("Host: localhost", "Authorization: Bearer a", "X-Api-Key: a")).problem.status,
        400);
}

static struct http_judgement judge_page(const char *const *lines) {
    return judge_by((struct http_rules){.page_etag = "\"a1\"", .page_etag_packed = "\"a1-gzip\""}, "GET", "/", lines);
}

static void the_page_is_there_where_it_is_turned_on(void **state) {
    (void)state;
    assert_int_equal(judge_page(LINES("Host: x")).route, ROUTE_PLAYGROUND);
    assert_int_equal(judge_page(LINES("Host: x")).refused, 0);
    assert_int_equal(judge("GET", "/", LINES("Host: localhost")).problem.status, 404);
    assert_int_equal(judge("OPTIONS", "/", LINES("Host: localhost")).problem.status, 404);
    const struct http_rules rules = {.page_etag = "\"a1\"", .page_etag_packed = "\"a1-gzip\""};
    assert_int_equal(judge_by(rules, "HEAD", "http://x", LINES("Host: x")).route, ROUTE_PLAYGROUND);
    assert_string_equal(judge_by(rules, "OPTIONS", "/", LINES("Host: x")).allow, "GET, HEAD, OPTIONS");
    assert_int_equal(judge_by(rules, "POST", "/", LINES("Host: x")).problem.status, 405);
    assert_int_equal(judge_by(rules, "GET", "/index.html", LINES("Host: x")).problem.status, 404);
}

static void the_page_is_compressed_for_who_takes_that(void **state) {
    (void)state;
    const struct {
        int takes_gzip;
        const char *const *lines;
    } cases[] = {
        {0, LINES("Host: x")},
        {1, LINES("Host: x", "Accept-Encoding: gzip")},
        {1, LINES("Host: x", "accept-encoding: br;q=1.0, GZIP;q=0.8 , *;q=0.1")},
        {1, LINES("Host: x", "Accept-Encoding: deflate", "Accept-Encoding: gzip")},
        {1, LINES("Host: x", "Accept-Encoding: *")},
        {1, LINES("Host: x", "Accept-Encoding: gzip;q=0.001")},
        {1, LINES("Host: x", "Accept-Encoding: gzip, *;q=0")},
        {0, LINES("Host: x", "Accept-Encoding: ")},
        {0, LINES("Host: x", "Accept-Encoding: identity")},
        {0, LINES("Host: x", "Accept-Encoding: gzip;q=0")},
        {0, LINES("Host: x", "Accept-Encoding: gzip ; Q=0.000, *")},
        {0, LINES("Host: x", "Accept-Encoding: *;q=0.0")},
        {0, LINES("Host: x", "Accept-Encoding: gzipped, x;gzip")},
        {0, LINES("Host: x", "Accept-Encoding: ,;,q=1")},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(judge_page(cases[i].lines).takes_gzip, cases[i].takes_gzip);
    }
}

static void the_page_is_not_sent_again(void **state) {
    (void)state;
    assert_int_equal(judge_page(LINES("Host: x")).has_page, 0);
    assert_int_equal(judge_page(LINES("Host: x", "If-None-Match: \"a1\"")).has_page, 1);
    assert_int_equal(judge_page(LINES("Host: x", "If-None-Match: \"z,z\",W/\"a1\" ")).has_page, 1);
    assert_int_equal(judge_page(LINES("Host: x", "If-None-Match: *")).has_page, 1);
    assert_int_equal(judge_page(LINES("Host: x", "If-None-Match: a1")).has_page, 0);
    assert_int_equal(judge_page(LINES("Host: x", "If-None-Match: \"a1-gzip\"")).has_page, 0);
    assert_int_equal(judge_page(LINES("Host: x", "If-None-Match: \"A1\"")).has_page, 0);
    assert_int_equal(judge_page(LINES("Host: x", "Accept-Encoding: gzip", "If-None-Match: \"a1-gzip\"")).has_page, 1);
    assert_int_equal(judge_page(LINES("Host: x", "Accept-Encoding: gzip", "If-None-Match: \"a1\"")).has_page, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_run),
        cmocka_unit_test(routes),
        cmocka_unit_test(framing_closes),
        cmocka_unit_test(statuses),
        cmocka_unit_test(foreign_pages_are_refused),
        cmocka_unit_test(names_that_can_be_pointed_here_are_refused),
        cmocka_unit_test(listed_pages_may),
        cmocka_unit_test(one_key_at_most),
        cmocka_unit_test(the_page_is_there_where_it_is_turned_on),
        cmocka_unit_test(the_page_is_compressed_for_who_takes_that),
        cmocka_unit_test(the_page_is_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
