/* Posts one request again and again and writes down what became of each: see usage() below.
 *
 * Open loop (--rate): requests are due at fixed times, evenly spaced, whatever the service does. A due request takes
 * the connection that became free last, of a pool of kept-alive ones; when none is free it waits here, and that wait
 * counts, since its latency begins when it was due. One that was never sent is written down as such.
 *
 * Closed loop (--count): each connection sends, waits for the answer, pauses, sends again. A connection that the server
 * closes after an answer is opened again at once, so connecting is never part of a latency.
 *
 * The figures are made elsewhere (stats.py), from the records. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_ANSWER 65536u
#define MAX_EXPECTED 8
#define MAX_CONNECT_FAILURES 200u
#define RECONNECT_PAUSE_NS 20000000
#define NEVER INT64_MAX
#define SECOND_NS 1000000000LL

enum { STATUS_FAILED = 0, STATUS_NEVER_SENT = -1 };
enum { FLAG_RIGHT = 1, FLAG_MARKED = 2 };

/* One request; times in nanoseconds since the start, -1 when it never happened. stats.py knows this layout. */
struct record {
    int64_t due, sent, done;
    int64_t queue_us; /* "queue_ms" of the answer, or -1 */
    int32_t status;   /* HTTP, or one of the above */
    int32_t flags;
};
_Static_assert(sizeof(struct record) == 40, "stats.py reads 40 bytes a record");

enum state { CLOSED, CONNECTING, IDLE, BUSY };

struct connection {
    int fd;
    enum state state;
    size_t request; /* BUSY: index into the records */
    size_t len;
    int64_t connect_at;  /* CLOSED: no attempt to connect earlier */
    int64_t pause_until; /* no request earlier */
    char answer[MAX_ANSWER + 1];
};

static struct {
    struct sockaddr_in address;
    const char *address_text;
    const char *body_path, *out_path;
    char *expected[MAX_EXPECTED]; /* without blanks */
    size_t n_expected;
    char *marked;
    double rate, seconds, grace_s;
    size_t count, n_connections;
    int64_t pause_ns;
} options = {.n_connections = 1, .grace_s = 15};

static char *request_text;
static size_t request_len;
static struct record *records;
static struct connection *connections;
static size_t n_due, n_taken, n_over;
static size_t *free_stack; /* open loop: idle connections, the last one that became free on top */
static size_t n_free;
static unsigned n_connect_failures;
static int epoll_fd;
static int64_t start_ns;

static void die(const char *what) {
    fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void usage(void) {
    fputs(
        "usage: bench-load --address 127.0.0.1:PORT --body FILE --out FILE --expect TEXT [--expect TEXT ...]\n"
        "    --rate R --seconds S [--connections N] [--grace S]      open loop\n"
        "    --count N [--connections N] [--pause-ms MS]             closed loop\n"
        "    --mark TEXT   sets a flag in the record of each answer that has this text\n"
        "POSTs FILE to /execute. An answer is right when it has status 200 and every expected text, blanks left out.\n",
        stderr);
    exit(2);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec - start_ns;
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) {
        die("memory");
    }
    return memory;
}

/* ---- answers ---- */

static size_t drop_blanks(char *text, size_t len) {
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)text[i])) {
            text[kept++] = text[i];
        }
    }
    text[kept] = '\0';
    return kept;
}

static char *without_blanks(const char *text) {
    char *copy = strdup(text);
    if (!copy) {
        die("memory");
    }
    (void)drop_blanks(copy, strlen(copy));
    return copy;
}

/* The value of a header within the head, which ends with a NUL, or NULL. */
static const char *header(const char *head, const char *name) {
    size_t name_len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, name_len) == 0 && line[2 + name_len] == ':') {
            return line + 2 + name_len + 1 + strspn(line + 2 + name_len + 1, " ");
        }
    }
    return NULL;
}

static void judge(struct record *record, char *body, size_t body_len) {
    (void)drop_blanks(body, body_len);
    record->flags = record->status == 200 ? FLAG_RIGHT : 0;
    for (size_t i = 0; i < options.n_expected; i++) {
        if (!strstr(body, options.expected[i])) {
            record->flags &= ~FLAG_RIGHT;
        }
    }
    if (options.marked && strstr(body, options.marked)) {
        record->flags |= FLAG_MARKED;
    }
    const char *queue = strstr(body, "\"queue_ms\":");
    if (queue) {
        record->queue_us = (int64_t)(strtod(queue + strlen("\"queue_ms\":"), NULL) * 1000);
    }
}

/* ---- connections ---- */

static void watch(struct connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)(connection - connections)};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) < 0) {
        die("epoll_ctl");
    }
}

static void set_idle(struct connection *connection) {
    connection->state = IDLE;
    free_stack[n_free++] = (size_t)(connection - connections);
}

static void close_connection(struct connection *connection, int64_t again) {
    if (connection->state == IDLE) {
        for (size_t i = 0; i < n_free; i++) {
            if (free_stack[i] == (size_t)(connection - connections)) {
                memmove(free_stack + i, free_stack + i + 1, (--n_free - i) * sizeof *free_stack);
                break;
            }
        }
    }
    (void)close(connection->fd);
    connection->fd = -1;
    connection->state = CLOSED;
    connection->connect_at = again;
}

static void connection_failed(struct connection *connection) {
    if (++n_connect_failures > MAX_CONNECT_FAILURES) {
        die(options.address_text);
    }
    close_connection(connection, now_ns() + RECONNECT_PAUSE_NS);
}

static void start_connecting(struct connection *connection) {
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) {
        die("socket");
    }
    const int on = 1;
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->state = CONNECTING;
    if (connect(connection->fd, (const struct sockaddr *)&options.address, sizeof options.address) < 0 &&
        errno != EINPROGRESS) {
        connection_failed(connection);
        return;
    }
    watch(connection, EPOLL_CTL_ADD, EPOLLOUT);
}

static void finish_connecting(struct connection *connection) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error) {
        errno = error ? error : errno;
        connection_failed(connection);
        return;
    }
    n_connect_failures = 0;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP);
    set_idle(connection);
}

static void end_request(struct connection *connection, int status) {
    struct record *record = &records[connection->request];
    record->status = status;
    record->done = now_ns();
    n_over++;
}

static void send_request(struct connection *connection, size_t request, int64_t due) {
    struct record *record = &records[request];
    record->sent = now_ns();
    record->due = due < 0 ? record->sent : due;
    record->status = STATUS_FAILED; /* until it is answered */
    connection->state = BUSY;
    connection->request = request;
    connection->len = 0;
    /* A socket's buffer holds a request of ours whole. */
    if (write(connection->fd, request_text, request_len) != (ssize_t)request_len) {
        end_request(connection, STATUS_FAILED);
        close_connection(connection, 0);
    }
}

/* Looks whether the answer is complete, and if so ends the request. */
static void look_at_answer(struct connection *connection) {
    connection->answer[connection->len] = '\0';
    char *end = strstr(connection->answer, "\r\n\r\n");
    if (!end) {
        return;
    }
    end[2] = '\0'; /* the head is a text now; put back below */
    const char *length = header(connection->answer, "content-length");
    const char *keep = header(connection->answer, "connection");
    int status = strncmp(connection->answer, "HTTP/1.", 7) == 0 ? atoi(connection->answer + 8) : STATUS_FAILED;
    size_t body_len = length ? strtoul(length, NULL, 10) : 0;
    int closes = keep && strncasecmp(keep, "close", 5) == 0;
    end[2] = '\r';
    char *body = end + 4;
    if (!length || body_len > MAX_ANSWER) {
        end_request(connection, STATUS_FAILED); /* no answer of any peer is like this */
        close_connection(connection, 0);
    } else if (connection->len - (size_t)(body - connection->answer) >= body_len) {
        end_request(connection, status);
        judge(&records[connection->request], body, body_len);
        connection->pause_until = now_ns() + options.pause_ns;
        if (closes) {
            close_connection(connection, 0);
        } else {
            set_idle(connection);
        }
    }
}

static void on_readable(struct connection *connection) {
    ssize_t n = read(connection->fd, connection->answer + connection->len, MAX_ANSWER - connection->len);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        if (connection->state == BUSY) {
            end_request(connection, STATUS_FAILED);
        }
        close_connection(connection, 0);
        return;
    }
    connection->len += (size_t)n;
    if (connection->state == BUSY) {
        look_at_answer(connection);
    }
}

/* ---- who sends when ---- */

static int64_t due_time(size_t request) {
    return (int64_t)((double)request * 1e9 / options.rate);
}

/* Sends what is due on free connections; returns the time of the next thing to do. */
static int64_t dispatch_open(int64_t now) {
    while (n_due < options.count && due_time(n_due) <= now) {
        records[n_due].due = due_time(n_due);
        n_due++;
    }
    while (n_taken < n_due && n_free > 0) {
        size_t request = n_taken++;
        send_request(&connections[free_stack[--n_free]], request, records[request].due);
    }
    return n_due < options.count ? due_time(n_due) : NEVER;
}

static int64_t dispatch_closed(int64_t now) {
    int64_t next = NEVER;
    for (size_t i = 0; i < n_free && n_taken < options.count;) {
        struct connection *connection = &connections[free_stack[i]];
        if (connection->pause_until <= now) {
            memmove(free_stack + i, free_stack + i + 1, (--n_free - i) * sizeof *free_stack);
            send_request(connection, n_taken++, -1);
        } else {
            next = connection->pause_until < next ? connection->pause_until : next;
            i++;
        }
    }
    return next;
}

static int64_t reconnect(int64_t now) {
    int64_t next = NEVER;
    for (size_t i = 0; i < options.n_connections; i++) {
        if (connections[i].state == CLOSED && connections[i].connect_at <= now) {
            start_connecting(&connections[i]);
        }
        if (connections[i].state == CLOSED && connections[i].connect_at < next) {
            next = connections[i].connect_at;
        }
    }
    return next;
}

static void wait_for_events(int64_t until) {
    struct epoll_event events[256];
    int64_t wait = until - now_ns();
    wait = wait < 0 ? 0 : wait > SECOND_NS ? SECOND_NS : wait;
    struct timespec timeout = {.tv_sec = wait / SECOND_NS, .tv_nsec = wait % SECOND_NS};
    int n = epoll_pwait2(epoll_fd, events, 256, &timeout, NULL);
    for (int i = 0; i < n; i++) {
        struct connection *connection = &connections[events[i].data.u64];
        if (connection->state == CONNECTING) {
            finish_connecting(connection);
        } else if (connection->state != CLOSED) {
            on_readable(connection);
        }
    }
}

static void connect_all(void) {
    size_t before;
    do {
        (void)reconnect(now_ns());
        wait_for_events(now_ns() + SECOND_NS / 100);
        before = n_free;
    } while (before < options.n_connections);
}

static void serve(void) {
    int64_t end = options.rate > 0 ? (int64_t)((options.seconds + options.grace_s) * 1e9) : NEVER;
    while (n_over < options.count) {
        int64_t now = now_ns();
        if (now >= end) {
            return;
        }
        int64_t connect_at = reconnect(now);
        int64_t next = options.rate > 0 ? dispatch_open(now) : dispatch_closed(now);
        next = connect_at < next ? connect_at : next;
        wait_for_events(next < end ? next : end);
    }
}

/* ---- beginning and end ---- */

static char *read_file(const char *path, size_t *ret_len) {
    FILE *file = fopen(path, "rbe");
    char *text = allocate(1, MAX_ANSWER);
    if (!file) {
        die(path);
    }
    *ret_len = fread(text, 1, MAX_ANSWER, file);
    (void)fclose(file);
    return text;
}

static void make_request(void) {
    size_t body_len;
    char *body = read_file(options.body_path, &body_len);
    request_text = allocate(1, body_len + 512);
    int head =
        snprintf(request_text, 512,
                 "POST /execute HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                 options.address_text, body_len);
    memcpy(request_text + head, body, body_len);
    request_len = (size_t)head + body_len;
    free(body);
}

static void parse_address(const char *text) {
    char host[64];
    const char *colon = strrchr(text, ':');
    options.address_text = text;
    options.address.sin_family = AF_INET;
    if (!colon || (size_t)(colon - text) >= sizeof host) {
        usage();
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    options.address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &options.address.sin_addr) != 1) {
        usage();
    }
}

static void parse(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i];
        const char *value = argv[i + 1];
        if (strcmp(name, "--address") == 0) {
            parse_address(value);
        } else if (strcmp(name, "--body") == 0) {
            options.body_path = value;
        } else if (strcmp(name, "--out") == 0) {
            options.out_path = value;
        } else if (strcmp(name, "--expect") == 0 && options.n_expected < MAX_EXPECTED) {
            options.expected[options.n_expected++] = without_blanks(value);
        } else if (strcmp(name, "--mark") == 0) {
            options.marked = without_blanks(value);
        } else if (strcmp(name, "--rate") == 0) {
            options.rate = strtod(value, NULL);
        } else if (strcmp(name, "--seconds") == 0) {
            options.seconds = strtod(value, NULL);
        } else if (strcmp(name, "--grace") == 0) {
            options.grace_s = strtod(value, NULL);
        } else if (strcmp(name, "--count") == 0) {
            options.count = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--connections") == 0) {
            options.n_connections = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--pause-ms") == 0) {
            options.pause_ns = (int64_t)(strtod(value, NULL) * 1e6);
        } else {
            usage();
        }
    }
    if (options.rate > 0) {
        options.count = (size_t)(options.rate * options.seconds);
    }
    if (argc % 2 == 0 || !options.address_text || !options.body_path || !options.out_path || !options.n_expected ||
        !options.count || !options.n_connections) {
        usage();
    }
}

static void write_records(void) {
    FILE *file = fopen(options.out_path, "wbe");
    if (!file || fwrite(records, sizeof *records, options.count, file) != options.count || fclose(file) != 0) {
        die(options.out_path);
    }
}

int main(int argc, char **argv) {
    parse(argc, argv);
    make_request();
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) {
        die("epoll_create1");
    }
    connections = allocate(options.n_connections, sizeof *connections);
    free_stack = allocate(options.n_connections, sizeof *free_stack);
    records = allocate(options.count, sizeof *records);
    for (size_t i = 0; i < options.n_connections; i++) {
        connections[i].fd = -1;
    }
    for (size_t i = 0; i < options.count; i++) {
        records[i] = (struct record){
            .due = options.rate > 0 ? due_time(i) : -1,
            .sent = -1,
            .done = -1,
            .queue_us = -1,
            .status = STATUS_NEVER_SENT,
        };
    }
    connect_all();
    start_ns = now_ns() + start_ns;
    for (size_t i = 0; i < options.n_connections; i++) {
        connections[i].connect_at = 0;
    }
    serve();
    write_records();
    return 0;
}
