/* A request's head, from a client, as lines of text: it is judged, and the judgement holds together. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "front/http_head.h"

#define MAX_HEADERS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct http_header headers[MAX_HEADERS];
    struct http_rules rules = {
        .max_header_bytes = 4096,
        .max_body_bytes = 1 << 20,
        .on_loopback = 1,
        .allowed_hosts = "runner.example.org,b",
        .cors_origins = "https://a.example,http://b:1",
        .page_etag = "\"a1\"",
        .page_etag_packed = "\"a1-gzip\"",
    };
    struct http_judgement judgement;
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    char *rest = text;
    const char *method = strsep(&rest, "\n"), *target = rest ? strsep(&rest, "\n") : "/execute";
    struct http_head head = {.method = method,
                             .target = target,
                             .version = size % 2 ? "HTTP/1.1" : "HTTP/1.0",
                             .headers = headers,
                             .bytes = size};
    while (rest && head.n_headers < MAX_HEADERS) {
        const char *line = strsep(&rest, "\n");
        const char *colon = strchr(line, ':');
        size_t name_len = colon ? (size_t)(colon - line) : strlen(line);
        const char *value = colon ? colon + 1 : "";
        /* Copies of their own size, so that the sanitizers see any step beyond the end. */
        struct http_header *header = &headers[head.n_headers++];
        header->name = strndup(line, name_len);
        header->name_len = name_len;
        header->value = strdup(value);
        header->value_len = strlen(value);
    }
    http_head_judge(&head, &rules, &judgement);
    if (judgement.refused && (judgement.problem.status < 400 || !judgement.problem.message[0])) {
        abort();
    }
    if (judgement.cors_origin[0] && strncasecmp(judgement.cors_origin, "http", 4) != 0) {
        abort();
    }
    for (size_t i = 0; i < head.n_headers; i++) {
        free((void *)(uintptr_t)headers[i].name);
        free((void *)(uintptr_t)headers[i].value);
    }
    free(text);
    return 0;
}
