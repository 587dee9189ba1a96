#include "front/request_log.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "front/byte_buffer.h"
#include "front/utf8.h"

/* Of a path, and of a script or an output, so that a line stays within LOG_LINE_MAX however it is escaped. */
#define PATH_MAX_BYTES 128u
#define CONTENT_MAX_BYTES 1000u
#define CONTENT_LESS_BYTES 150u

/* Foreign bytes, cut, as a JSON string. NULL when out of memory, which json_object_set_new() takes for a failure. */
static json_t *foreign_text(const char *text, size_t len, size_t most) {
    cleanup_byte_buffer struct byte_buffer valid = {0};
    size_t taken = len < most ? len : most;
    taken -= taken < len ? utf8_partial_end(text, taken) : 0;
    if (utf8_append_replaced(&valid, text, taken) < 0) {
        return NULL;
    }
    return json_stringn(valid.bytes ? valid.bytes : "", valid.len);
}

static json_t *milliseconds(uint64_t us) {
    return json_real((double)us / 1000.0);
}

static json_t *begin_line(enum log_level level, const char *message) {
    char time[LOG_TIME_LENGTH + 1];
    log_time(time);
    return json_pack("{s:s, s:s, s:s, s:s}", "time", time, "level", log_level_word(level), "process",
                     log_process_name(), "message", message);
}

/* Writes the object and frees it. Returns 0, or -1 when it is longer than a line may be. */
static int end_line(json_t *line) {
    char text[LOG_LINE_MAX];
    size_t len = line ? json_dumpb(line, text, sizeof text, JSON_REAL_PRECISION(9)) : 0;
    json_decref(line);
    if (len > LOG_LINE_MAX - 1) {
        return -1;
    }
    if (len > 0) {
        log_write(text, len);
    }
    return 0;
}

static void write_json(enum log_level level, const struct request_log_entry *entry) {
    json_t *line = begin_line(level, "request");
    (void)json_object_set_new(line, "id", json_string(entry->id));
    if (entry->trace->trace_id[0]) {
        (void)json_object_set_new(line, "trace_id", json_string(entry->trace->trace_id));
        (void)json_object_set_new(line, "span_id", json_string(entry->trace->span_id));
        (void)json_object_set_new(line, "trace_sampled", json_boolean(entry->trace->sampled));
    }
    if (entry->key) {
        (void)json_object_set_new(line, "key", foreign_text(entry->key, strlen(entry->key), PATH_MAX_BYTES));
    }
    (void)json_object_set_new(line, "method", foreign_text(entry->method, strlen(entry->method), PATH_MAX_BYTES));
    (void)json_object_set_new(line, "path", foreign_text(entry->path, strlen(entry->path), PATH_MAX_BYTES));
    (void)json_object_set_new(line, "status", json_integer(entry->status));
    (void)json_object_set_new(line, "outcome", json_string(entry->outcome));
    (void)json_object_set_new(line, "streamed", json_boolean(entry->streamed));
    (void)json_object_set_new(line, "total_ms", milliseconds(entry->total_us));
    if (entry->run) {
        (void)json_object_set_new(line, "queue_ms", milliseconds(entry->run->queue_us));
        (void)json_object_set_new(line, "wall_ms", milliseconds(entry->run->wall_us));
        (void)json_object_set_new(line, "cpu_ms", milliseconds(entry->run->cpu_us));
        (void)json_object_set_new(line, "memory_peak_bytes", json_integer((json_int_t)entry->run->memory_peak_bytes));
    }
    (void)json_object_set_new(line, "request_bytes", json_integer((json_int_t)entry->request_bytes));
    (void)json_object_set_new(line, "response_bytes", json_integer((json_int_t)entry->response_bytes));
    (void)end_line(line);
}

/* What a client chose goes to a terminal in printable ASCII only. */
static void print_plain(const char *text, char *ret_plain, size_t size) {
    size_t n = 0;
    for (; *text && n + 1 < size; text++) {
        ret_plain[n++] = (char)(*text > ' ' && *text < 0x7F ? *text : '?');
    }
    ret_plain[n] = '\0';
}

static void write_text(enum log_level level, const struct request_log_entry *entry) {
    char time[LOG_TIME_LENGTH + 1], method[PATH_MAX_BYTES], path[PATH_MAX_BYTES], run[160] = "", line[LOG_LINE_MAX];
    log_time(time);
    print_plain(entry->method, method, sizeof method);
    print_plain(entry->path, path, sizeof path);
    if (entry->run) {
        (void)snprintf(run, sizeof run, ", queue %.1f, wall %.1f, cpu %.1f ms, peak %.1f MiB",
                       (double)entry->run->queue_us / 1000.0, (double)entry->run->wall_us / 1000.0,
                       (double)entry->run->cpu_us / 1000.0, (double)entry->run->memory_peak_bytes / 1048576.0);
    }
    int n = snprintf(line, sizeof line, "%s %s %s: %s %s %u %s in %.1f ms%s, %llu bytes in, %llu out, id %s%s%s%s%s",
                     time, log_level_word(level), log_process_name(), method, path, entry->status, entry->outcome,
                     (double)entry->total_us / 1000.0, run, (unsigned long long)entry->request_bytes,
                     (unsigned long long)entry->response_bytes, entry->id, entry->key ? ", key " : "",
                     entry->key ? entry->key : "", entry->trace->trace_id[0] ? ", trace " : "", entry->trace->trace_id);
    log_write(line, (size_t)n);
}

static enum log_level level_of(const struct request_log_entry *entry) {
    if (entry->is_probe) {
        return LOG_LEVEL_DEBUG;
    }
    return entry->status == 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
}

void request_log_write(const struct request_log_entry *entry) {
    const enum log_level level = level_of(entry);
    if (!log_wants(level)) {
        return;
    }
    if (log_is_json()) {
        write_json(level, entry);
    } else {
        write_text(level, entry);
    }
}

/* JSON in either form of log: no other way shows on one line what has many. */
static int write_content(const struct content_log_entry *entry, size_t most) {
    json_t *line = begin_line(LOG_LEVEL_INFO, "content");
    (void)json_object_set_new(line, "id", json_string(entry->id));
    (void)json_object_set_new(line, "script", foreign_text(entry->script, entry->script_len, most));
    (void)json_object_set_new(line, "stdout", foreign_text(entry->out, entry->out_len, most));
    (void)json_object_set_new(line, "stderr", foreign_text(entry->err, entry->err_len, most));
    return end_line(line);
}

void request_log_write_content(const struct content_log_entry *entry) {
    if (log_wants(LOG_LEVEL_INFO) && write_content(entry, CONTENT_MAX_BYTES) < 0) {
        (void)write_content(entry, CONTENT_LESS_BYTES);
    }
}
