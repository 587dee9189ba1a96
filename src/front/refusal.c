#include "front/refusal.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "front/answer.h"
#include "front/answer_headers.h"
#include "front/request_id.h"

static const char *reason_phrase(unsigned status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Error";
    }
}

void refusal_write(int fd, const struct problem *problem, const char *id) {
    char made_id[REQUEST_ID_MADE_LEN + 1];
    if (!id) {
        request_id_make(made_id);
        id = made_id;
    }
    struct answer answer;
    if (answer_problem(problem, id, &answer) < 0) {
        return;
    }
    char retry_after[48] = "";
    if (problem->retry_after > 0) {
        (void)snprintf(retry_after, sizeof retry_after, "Retry-After: %u\r\n", problem->retry_after);
    }
    char security[SECURITY_HEADERS_MAX];
    answer_headers_write_security(security, sizeof security);
    char head[SECURITY_HEADERS_MAX + 512];
    int head_len =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %u %s\r\n"
                 "Content-Type: application/json\r\n"
                 "Content-Length: %zu\r\n"
                 "%s"
                 "X-Request-Id: %s\r\n"
                 "%s"
                 "Connection: close\r\n"
                 "\r\n",
                 problem->status, reason_phrase(problem->status), answer.text.len, security, id, retry_after);
    struct iovec parts[] = {{head, (size_t)head_len}, {answer.text.bytes, answer.text.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    (void)!sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    answer_free(&answer);
}
