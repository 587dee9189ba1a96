#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *log_process = "pyexecd";
static enum log_level log_threshold = LOG_LEVEL_INFO;

void log_start(const char *process, enum log_level level) {
    log_process = process;
    log_threshold = level;
}

static void log_line(enum log_level level, const char *name, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void log_line(enum log_level level, const char *name, const char *format, va_list arguments) {
    if (level > log_threshold) {
        return;
    }
    int saved = errno;
    struct timespec now;
    struct tm utc;
    char line[1024];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    used +=
        (size_t)snprintf(line + used, sizeof line - used, ".%03ldZ %s %s: ", now.tv_nsec / 1000000, name, log_process);
    errno = saved; /* for %m */
    int n = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    if (n > 0) {
        used += (size_t)n < sizeof line - used - 1 ? (size_t)n : sizeof line - used - 2;
    }
    line[used++] = '\n';
    /* One write, so that lines of several processes do not mix. A full or broken sink is not our problem. */
    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored;
    errno = saved;
}

#define LOG_FUNCTION(function, level, name)                                                                            \
    void function(const char *format, ...) {                                                                           \
        va_list arguments;                                                                                             \
        va_start(arguments, format);                                                                                   \
        log_line(level, name, format, arguments);                                                                      \
        va_end(arguments);                                                                                             \
    }

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR, "error")
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING, "warning")
LOG_FUNCTION(log_info, LOG_LEVEL_INFO, "info")
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG, "debug")
