#include "client/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define TICK_MS 100
#define CONNECT_TIMEOUT_S 15u
#define HEAD_MAX_BYTES (256u << 10) /* all heads, those of 1xx included */

/* One transfer under way. */
struct flight {
    struct transfer *transfer;
    struct failure *failure;
    CURL *easy;
    size_t head_bytes;
    uint64_t last_heard_us, first_byte_us;
    curl_off_t uploaded;
    int is_enough;
};

static int is_plain_word(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7F) {
            return 0;
        }
    }
    return len > 0;
}

/* The value when the line is this header, with its blanks cut off; else NULL. */
static const char *header_value(const char *line, size_t len, const char *name, size_t *ret_len) {
    const size_t name_len = strlen(name);
    if (len <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':') {
        return NULL;
    }
    const char *value = line + name_len + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t')) {
        value++;
    }
    while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ')) {
        end--;
    }
    *ret_len = (size_t)(end - value);
    return value;
}

static int is_type(const char *value, size_t len, const char *type) {
    const size_t type_len = strlen(type);
    return len >= type_len && strncasecmp(value, type, type_len) == 0 &&
           (len == type_len || value[type_len] == ';' || value[type_len] == ' ');
}

static size_t on_header(char *line, size_t size, size_t n, void *context) {
    struct flight *flight = context;
    struct transfer *transfer = flight->transfer;
    const size_t len = size * n;
    const char *value;
    size_t value_len;
    flight->last_heard_us = clock_now_us();
    flight->head_bytes += len;
    if (flight->head_bytes > HEAD_MAX_BYTES) {
        (void)fail(flight->failure, EXIT_STATUS_GARBAGE, "what answers sends a head without an end");
        return 0;
    }
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        transfer->is_json = transfer->is_events = 0;
        transfer->request_id[0] = '\0';
    } else if ((value = header_value(line, len, "Content-Type", &value_len))) {
        transfer->is_json = is_type(value, value_len, "application/json");
        transfer->is_events = is_type(value, value_len, "text/event-stream");
    } else if ((value = header_value(line, len, "X-Request-Id", &value_len)) &&
               value_len < sizeof transfer->request_id && is_plain_word(value, value_len)) {
        memcpy(transfer->request_id, value, value_len);
        transfer->request_id[value_len] = '\0';
    }
    return len;
}

static size_t on_bytes(char *bytes, size_t size, size_t n, void *context) {
    struct flight *flight = context;
    struct transfer *transfer = flight->transfer;
    flight->last_heard_us = clock_now_us();
    flight->first_byte_us = flight->first_byte_us ? flight->first_byte_us : flight->last_heard_us;
    (void)curl_easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &transfer->status);
    int result = transfer->on_body(transfer->context, bytes, size * n, flight->failure);
    flight->is_enough = result == TRANSFER_ENOUGH;
    return result ? 0 : size * n;
}

static int append_header(struct curl_slist **headers, const char *line) {
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (!longer) {
        return -ENOMEM;
    }
    *headers = longer;
    return 0;
}

static int append_value(struct curl_slist **headers, const char *name, const char *value) {
    char line[1024];
    int n = snprintf(line, sizeof line, "%s: %s", name, value);
    return n < 0 || (size_t)n >= sizeof line ? -EMSGSIZE : append_header(headers, line);
}

static int make_headers(const struct transfer *transfer, struct curl_slist **headers) {
    int error = append_header(headers, "Accept: application/json, text/event-stream");
    if (!error && transfer->body) {
        error = append_header(headers, "Content-Type: application/json");
    }
    if (!error && transfer->body) {
        error = append_header(headers, "Expect:"); /* the service asks for the body at once anyway */
    }
    if (!error && transfer->key) {
        error = append_value(headers, "X-Api-Key", transfer->key);
    }
    if (!error && transfer->idempotency_key) {
        error = append_value(headers, "Idempotency-Key", transfer->idempotency_key);
    }
    return error;
}

static int set_up(CURL *easy, struct flight *flight, struct curl_slist *headers, char *error_text) {
    const struct transfer *transfer = flight->transfer;
    const struct address *address = transfer->address;
    const unsigned connect_s = transfer->patience_s < CONNECT_TIMEOUT_S ? transfer->patience_s : CONNECT_TIMEOUT_S;
    char url[ADDRESS_MAX + 64];
    (void)snprintf(url, sizeof url, "%s%s", address->base, transfer->path);
    int failed = 0;
    failed |= curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "pyexec/" PYEXEC_VERSION) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)connect_s) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, flight) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, flight) != CURLE_OK;
    if (*address->unix_path) {
        failed |= curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, address->unix_path) != CURLE_OK;
        failed |= curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK;
    }
    if (transfer->certificates) {
        failed |= curl_easy_setopt(easy, CURLOPT_CAINFO, transfer->certificates) != CURLE_OK;
    }
    if (transfer->body) {
        failed |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_len) != CURLE_OK;
        failed |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body) != CURLE_OK;
    }
    return failed ? -ENOMEM : 0;
}

/* What ends a transfer besides its end. Returns 0 to go on. */
static int judge_wait(CURL *easy, struct flight *flight) {
    const struct transfer *transfer = flight->transfer;
    const uint64_t now = clock_now_us();
    curl_off_t uploaded = 0;
    if (signals_check(transfer->screen->signals)) {
        return fail(flight->failure, EXIT_STATUS_UNREACHABLE, "given up");
    }
    if (curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &uploaded) == CURLE_OK && uploaded != flight->uploaded) {
        flight->uploaded = uploaded;
        flight->last_heard_us = now;
    }
    if (now - flight->last_heard_us > transfer->patience_s * 1000000ull) {
        return fail(flight->failure, EXIT_STATUS_UNREACHABLE, "the service has said nothing for %u s (see --patience)",
                    transfer->patience_s);
    }
    if (transfer->deadline_s && flight->first_byte_us &&
        (now - flight->first_byte_us) / 1000000u > transfer->deadline_s) {
        return fail(flight->failure, EXIT_STATUS_GARBAGE, "the answer has no end, long after the run's time was up");
    }
    return 0;
}

static int judge_end(CURL *easy, CURLcode code, struct flight *flight, const char *error_text) {
    struct transfer *transfer = flight->transfer;
    curl_off_t retry_after = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &transfer->status);
    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0) {
        transfer->retry_after_s = retry_after > LONG_MAX ? LONG_MAX : (long)retry_after;
    }
    if (code == CURLE_OK || flight->is_enough) {
        return 0;
    }
    if (flight->failure->status) {
        return -1; /* a callback said why */
    }
    const char *why = *error_text ? error_text : curl_easy_strerror(code);
    const int is_garbage = code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
                           code == CURLE_HTTP2 || code == CURLE_BAD_CONTENT_ENCODING;
    return fail(flight->failure, is_garbage ? EXIT_STATUS_GARBAGE : EXIT_STATUS_UNREACHABLE, "%s: %s",
                *transfer->address->unix_path ? transfer->address->unix_path : transfer->address->base, why);
}

static int fly(CURLM *multi, CURL *easy, struct flight *flight, const char *error_text) {
    struct screen *screen = flight->transfer->screen;
    for (;;) {
        int n_running = 0, n_left;
        struct curl_waitfd others[2] = {{.fd = screen->signals->fd, .events = CURL_WAIT_POLLIN},
                                        {.fd = flight->transfer->watched_fd, .events = CURL_WAIT_POLLIN}};
        if (curl_multi_perform(multi, &n_running) != CURLM_OK) {
            return fail(flight->failure, EXIT_STATUS_FAILED, "out of memory");
        }
        CURLMsg *message = curl_multi_info_read(multi, &n_left);
        if (message && message->msg == CURLMSG_DONE) {
            return judge_end(easy, message->data.result, flight, error_text);
        }
        if (judge_wait(easy, flight) < 0) {
            return -1;
        }
        if (curl_multi_poll(multi, others, others[1].fd >= 0 ? 2 : 1, TICK_MS, NULL) != CURLM_OK) {
            return fail(flight->failure, EXIT_STATUS_FAILED, "out of memory");
        }
        if (others[1].fd >= 0 && others[1].revents) {
            return fail(flight->failure, EXIT_STATUS_NO_SERVICE, "the service has ended");
        }
        screen_tick(screen);
    }
}

int transfer_perform(struct transfer *transfer, struct failure *failure) {
    char error_text[CURL_ERROR_SIZE] = "";
    struct flight flight = {.transfer = transfer, .failure = failure, .last_heard_us = clock_now_us()};
    struct curl_slist *headers = NULL;
    transfer->status = 0;
    transfer->retry_after_s = 0;
    *failure = (struct failure){0};
    CURL *easy = flight.easy = curl_easy_init();
    CURLM *multi = curl_multi_init();
    int failed = -1;
    if (!easy || !multi || make_headers(transfer, &headers) < 0 || set_up(easy, &flight, headers, error_text) < 0 ||
        curl_multi_add_handle(multi, easy) != CURLM_OK) {
        (void)fail(failure, EXIT_STATUS_FAILED, "a request cannot be made: out of memory, or a value is too long");
    } else {
        failed = fly(multi, easy, &flight, error_text);
        (void)curl_multi_remove_handle(multi, easy); /* an unfinished one closes its connection: the run is ended */
    }
    curl_slist_free_all(headers);
    if (easy) {
        curl_easy_cleanup(easy);
    }
    if (multi) {
        (void)curl_multi_cleanup(multi);
    }
    return failed;
}
