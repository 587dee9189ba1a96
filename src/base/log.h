/* Log lines to standard error, for people
 *
 *     2026-01-31T12:00:00.123Z info keeper: ready on http://127.0.0.1:8080
 *
 * or, one JSON object a line, for programs
 *
 *     {"time": "2026-01-31T12:00:00.123Z", "level": "info", "process": "keeper", "message": "ready on ..."}
 *
 * No call ever waits for the sink. What it does not take at once is kept, up to LOG_KEPT_BYTES, and written with a
 * later line or by log_flush(); what finds no room there is counted, and a line says so when the sink takes lines
 * again.
 *
 * For processes only: code in base, wire and jail returns its errors and never logs. */
#ifndef PYEXEC_BASE_LOG_H
#define PYEXEC_BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR = 0, LOG_LEVEL_WARNING = 1, LOG_LEVEL_INFO = 2, LOG_LEVEL_DEBUG = 3 };

enum log_format {
    LOG_FORMAT_AUTO = 0, /* text where standard error is a terminal, else JSON */
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON,
};

/* The longest line: a pipe takes so much in one piece or not at all, so lines of several processes do not mix. */
#define LOG_LINE_MAX 4096
#define LOG_KEPT_BYTES (128u << 10)

/* "2026-01-31T12:00:00.123Z" */
#define LOG_TIME_LENGTH 24

/* Names this process in its log lines and sets the level. `process` is borrowed for the process' life (a literal).
 * May be called again; another name means another process, which owes none of the lines that its parent keeps. */
void log_start(const char *process, enum log_level level);

/* Chooses the form; without it LOG_FORMAT_AUTO holds. */
void log_set_format(enum log_format format);

/* Makes writing to standard error never wait, for this process and those that it starts, without changing the sink for
 * anybody else: a pipe or terminal is opened anew, since O_NONBLOCK would be shared. To be called once, early. */
void log_open_sink(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For who builds lines itself: whether lines of this level are wanted, and whether they are to be JSON. */
int log_wants(enum log_level level);
int log_is_json(void);

/* The time of now, the level's and this process' name, as lines have them. */
void log_time(char ret_time[LOG_TIME_LENGTH + 1]);
const char *log_level_word(enum log_level level);
const char *log_process_name(void);

/* A line that is whole but for its newline, of at most LOG_LINE_MAX - 1 bytes; a longer one is cut. */
void log_write(const char *line, size_t len);

/* Writes what is kept, as much as the sink takes. Returns 1 when something is still left: to be called again soon. */
int log_flush(void);

#endif
