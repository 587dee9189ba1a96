#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 1024

static const char *log_process = "pyexecd";
static enum log_level log_threshold = LOG_LEVEL_INFO;
static enum log_format log_form = LOG_FORMAT_AUTO;

/* What the sink has not taken: whole lines but for the first, which may be the rest of one. */
static char kept[LOG_KEPT_BYTES];
static size_t n_kept;
static unsigned long long n_dropped;
static unsigned long long n_reported; /* of those: told by a line that is kept itself; 0: by none */
static int is_torn;                   /* the sink's last byte is no newline */

/* ---- the sink ---- */

static enum {
    SINK_UNKNOWN,
    SINK_SOCKET,  /* each send() says that it does not wait */
    SINK_WAITING, /* a pipe or terminal that could not be opened anew: asked before each write whether it would wait */
    SINK_READY,   /* takes at once what it takes */
} sink;

static void look_at_sink(void) {
    struct stat status;
    const int flags = fcntl(STDERR_FILENO, F_GETFL);
    if (fstat(STDERR_FILENO, &status) < 0) {
        sink = SINK_READY;
    } else if (S_ISSOCK(status.st_mode)) {
        sink = SINK_SOCKET;
    } else {
        int may_wait = (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) && flags >= 0 && !(flags & O_NONBLOCK);
        sink = may_wait ? SINK_WAITING : SINK_READY;
    }
}

void log_open_sink(void) {
    struct stat status;
    if (fstat(STDERR_FILENO, &status) < 0 || !(S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))) {
        return; /* a file takes at once what it takes; sockets are told with each line */
    }
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        (void)dup2(fd, STDERR_FILENO);
        (void)close(fd);
    }
}

static ssize_t write_once(const char *bytes, size_t len) {
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (sink == SINK_UNKNOWN) {
        look_at_sink();
    }
    if (sink == SINK_WAITING && poll(&room, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    ssize_t n;
    do {
        n = sink == SINK_SOCKET ? send(STDERR_FILENO, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : write(STDERR_FILENO, bytes, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* ---- what is kept ---- */

static void drop_kept(size_t len) {
    memmove(kept, kept + len, n_kept - len);
    n_kept -= len;
}

/* As many whole lines as go into a pipe in one piece; the first line always. */
static size_t piece_of_kept(void) {
    size_t most = n_kept < LOG_LINE_MAX ? n_kept : LOG_LINE_MAX;
    const char *end = memrchr(kept, '\n', most);
    return end ? (size_t)(end - kept) + 1 : most;
}

static unsigned long long count_lines(const char *bytes, size_t len) {
    unsigned long long lines = 0;
    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n';
    }
    return lines;
}

/* The sink is broken or full: what there is goes nowhere. */
static void drop_all(void) {
    n_dropped += count_lines(kept, n_kept) - (kept[0] == '\n') - (n_reported > 0);
    n_reported = 0;
    n_kept = 0;
}

static void keep(const char *bytes, size_t len) {
    if (len + 1 > sizeof kept - n_kept) {
        n_dropped++;
        return;
    }
    if (n_kept == 0 && is_torn) {
        kept[n_kept++] = '\n';
    }
    memcpy(kept + n_kept, bytes, len);
    n_kept += len;
}

static int must_wait(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
}

/* ---- lines ---- */

static const char *const level_words[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

const char *log_level_word(enum log_level level) {
    return level_words[level];
}

const char *log_process_name(void) {
    return log_process;
}

int log_wants(enum log_level level) {
    return level <= log_threshold;
}

void log_start(const char *process, enum log_level level) {
    if (strcmp(process, log_process) != 0) {
        n_kept = 0;
        n_dropped = 0;
        n_reported = 0;
        is_torn = 0;
    }
    log_process = process;
    log_threshold = level;
    look_at_sink();
}

/* At once: later there may be a jail, in which nothing can be asked of a terminal. */
void log_set_format(enum log_format format) {
    int saved = errno;
    if (format == LOG_FORMAT_AUTO) {
        format = isatty(STDERR_FILENO) ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
    }
    log_form = format;
    errno = saved;
}

int log_is_json(void) {
    if (log_form == LOG_FORMAT_AUTO) {
        log_set_format(LOG_FORMAT_AUTO);
    }
    return log_form == LOG_FORMAT_JSON;
}

void log_time(char ret_time[LOG_TIME_LENGTH + 1]) {
    struct timespec now;
    struct tm utc;
    char seconds[LOG_TIME_LENGTH + 1];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(ret_time, LOG_TIME_LENGTH + 1, "%.19s.%03uZ", seconds, (unsigned)(now.tv_nsec / 1000000) % 1000);
}

/* The text inside a JSON string. Our messages are ASCII but for what they quote; what would need more than a look at
 * the byte (control characters, other alphabets) becomes a question mark. */
static size_t write_escaped(char *to, size_t size, const char *text) {
    size_t n = 0;
    for (; *text && n + 2 < size; text++) {
        if (*text == '"' || *text == '\\') {
            to[n++] = '\\';
        }
        to[n++] = (char)(*text >= ' ' && *text < 0x7F ? *text : '?');
    }
    return n;
}

/* Writes a message as a line, newline included, and returns its length. */
static size_t form_line(char line[LOG_LINE_MAX], enum log_level level, const char *message) {
    char time_text[LOG_TIME_LENGTH + 1];
    log_time(time_text);
    if (!log_is_json()) {
        int n = snprintf(line, LOG_LINE_MAX, "%s %s %s: %s\n", time_text, level_words[level], log_process, message);
        return (size_t)n;
    }
    size_t used = (size_t)snprintf(line, LOG_LINE_MAX,
                                   "{\"time\": \"%s\", \"level\": \"%s\", \"process\": \"%s\", \"message\": \"",
                                   time_text, level_words[level], log_process);
    used += write_escaped(line + used, LOG_LINE_MAX - used - 4, message);
    memcpy(line + used, "\"}\n", sizeof "\"}\n");
    return used + 3;
}

static void report_dropped(void) {
    char line[LOG_LINE_MAX], message[80];
    (void)snprintf(message, sizeof message, "%llu log lines were dropped: the log's sink did not take them", n_dropped);
    n_reported = n_dropped;
    keep(line, form_line(line, LOG_LEVEL_WARNING, message));
}

int log_flush(void) {
    int saved = errno;
    while (n_kept > 0 || n_dropped > 0) {
        if (n_kept == 0) {
            report_dropped();
        }
        ssize_t n = write_once(kept, piece_of_kept());
        if (n <= 0) {
            if (n < 0 && !must_wait()) {
                drop_all();
            }
            break;
        }
        is_torn = kept[n - 1] != '\n';
        drop_kept((size_t)n);
        if (n_kept == 0) {
            n_dropped -= n_reported;
            n_reported = 0;
        }
    }
    errno = saved;
    return n_kept > 0;
}

void log_write(const char *line, size_t len) {
    char whole[LOG_LINE_MAX];
    len = len < sizeof whole - 1 ? len : sizeof whole - 1;
    memcpy(whole, line, len);
    whole[len] = '\n';
    keep(whole, len + 1);
    (void)log_flush();
}

static void log_message(enum log_level level, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void log_message(enum log_level level, const char *format, va_list arguments) {
    char message[MESSAGE_MAX], line[LOG_LINE_MAX];
    if (!log_wants(level)) {
        return;
    }
    (void)vsnprintf(message, sizeof message, format, arguments); /* first: errno is for %m */
    int saved = errno;
    keep(line, form_line(line, level, message));
    (void)log_flush();
    errno = saved;
}

#define LOG_FUNCTION(function, level)                                                                                  \
    void function(const char *format, ...) {                                                                           \
        va_list arguments;                                                                                             \
        va_start(arguments, format);                                                                                   \
        log_message(level, format, arguments);                                                                         \
        va_end(arguments);                                                                                             \
    }

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
