/* Log lines to standard error: "2026-01-31T12:00:00.123Z level process: message".
 *
 * For processes only: code in base, wire and jail returns its errors and never logs. */
#ifndef PYEXEC_BASE_LOG_H
#define PYEXEC_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR = 0, LOG_LEVEL_WARNING = 1, LOG_LEVEL_INFO = 2, LOG_LEVEL_DEBUG = 3 };

/* Names this process in its log lines and sets the level. `process` is borrowed for the process' life (a literal).
 * May be called again. */
void log_start(const char *process, enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
