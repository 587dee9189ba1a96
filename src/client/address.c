#include "client/address.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static int is_this_machine(const char *host) {
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

static int read_unix(const char *path, struct address *ret_address, struct failure *failure) {
    if (path[0] != '/' || strlen(path) >= sizeof ret_address->unix_path) {
        return fail(failure, EXIT_STATUS_USAGE, "unix: wants an absolute path of at most %zu bytes behind it",
                    sizeof ret_address->unix_path - 1);
    }
    struct address address = {.base = "http://localhost"};
    memcpy(address.unix_path, path, strlen(path) + 1);
    *ret_address = address;
    return 0;
}

/* What libcurl made of it, which is also what will be connected to. */
static int take_parts(CURLU *parsed, struct address *ret_address, struct failure *failure) {
    char *scheme = NULL, *host = NULL, *whole = NULL, *unwanted = NULL;
    struct address address = {0};
    int failed = 0;
    if (curl_url_get(parsed, CURLUPART_USER, &unwanted, 0) == CURLUE_OK) {
        failed = fail(failure, EXIT_STATUS_USAGE, "no name or password in the URL: a key is taken from PYEXEC_API_KEY");
    } else if (curl_url_get(parsed, CURLUPART_QUERY, &unwanted, 0) == CURLUE_OK ||
               curl_url_get(parsed, CURLUPART_FRAGMENT, &unwanted, 0) == CURLUE_OK) {
        failed = fail(failure, EXIT_STATUS_USAGE, "the URL is that of the service, without ? and #");
    } else if (curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
               curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
               curl_url_get(parsed, CURLUPART_URL, &whole, 0) != CURLUE_OK ||
               (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
        failed = fail(failure, EXIT_STATUS_USAGE, "the URL begins with http://, https:// or unix:/");
    } else if (strlen(whole) >= sizeof address.base) {
        failed = fail(failure, EXIT_STATUS_USAGE, "the URL is too long");
    } else {
        memcpy(address.base, whole, strlen(whole) + 1);
        for (size_t len = strlen(whole); len > 0 && address.base[len - 1] == '/'; len--) {
            address.base[len - 1] = '\0';
        }
        address.is_open = strcmp(scheme, "http") == 0 && !is_this_machine(host);
        *ret_address = address;
    }
    curl_free(unwanted);
    curl_free(scheme);
    curl_free(host);
    curl_free(whole);
    return failed;
}

int address_read(const char *url, struct address *ret_address, struct failure *failure) {
    if (strncmp(url, "unix:", 5) == 0) {
        return read_unix(url + 5, ret_address, failure);
    }
    CURLU *parsed = curl_url();
    int failed = -1;
    if (!parsed || curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        failed = fail(failure, EXIT_STATUS_USAGE, "%.200s is no URL such as http://127.0.0.1:8080", url);
    } else {
        failed = take_parts(parsed, ret_address, failure);
    }
    curl_url_cleanup(parsed);
    return failed;
}
