#include "base/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"

static int is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the blanks off both ends, in place. */
static char *trim(char *from, char *to) {
    while (from < to && is_blank(*from)) {
        from++;
    }
    while (to > from && is_blank(to[-1])) {
        to--;
    }
    *to = '\0';
    return from;
}

static int has_control(const char *from, const char *to) {
    for (; from < to; from++) {
        unsigned char c = (unsigned char)*from;
        if ((c < ' ' && !is_blank((char)c)) || c == 0x7F) {
            return 1;
        }
    }
    return 0;
}

/* A '#' behind a blank: a comment to its writer, part of the value to us. */
static int seems_commented(const char *value) {
    for (const char *c = value; *c; c++) {
        if (*c == '#' && (c == value || is_blank(c[-1]))) {
            return 1;
        }
    }
    return 0;
}

/* Returns NULL with *ret_name NULL for a line that sets nothing, or what is wrong with it. */
static const char *take_line(char *from, char *to, char **ret_name, char **ret_value) {
    *ret_name = NULL;
    if (has_control(from, to)) {
        return "a control character; the file is text in lines of `name = value`";
    }
    char *line = trim(from, to);
    if (*line == '\0' || *line == '#') {
        return NULL;
    }
    char *equals = strchr(line, '=');
    if (!equals || equals == line) {
        return "expected `name = value`, or a comment that begins with #";
    }
    *ret_value = trim(equals + 1, line + strlen(line));
    *ret_name = trim(line, equals);
    return seems_commented(*ret_value) ? "a comment needs a line of its own" : NULL;
}

int settings_file_parse(char *text, size_t len, int (*on_line)(void *context, const struct settings_line *line),
                        void *context, unsigned *ret_line, const char **ret_problem) {
    char *end = text + len;
    *ret_line = 0;
    *end = '\0';
    for (char *from = text; from < end;) {
        char *newline = memchr(from, '\n', (size_t)(end - from));
        char *to = newline ? newline : end;
        char *name, *value;
        ++*ret_line;
        *ret_problem = take_line(from, to, &name, &value);
        if (*ret_problem) {
            return -EINVAL;
        }
        const struct settings_line line = {.number = *ret_line, .name = name, .value = name ? value : NULL};
        int stop = name ? on_line(context, &line) : 0;
        if (stop) {
            return stop;
        }
        from = to + 1;
    }
    return 0;
}

int settings_file_load(const char *path, char **ret_text) {
    struct stat status;
    /* Non-blocking: a FIFO is refused, not waited for. */
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0) {
        return -errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return -EINVAL;
    }
    cleanup_free char *text = malloc(SETTINGS_FILE_MAX + 1);
    if (!text) {
        return -ENOMEM;
    }
    ssize_t n = io_read_full(fd, text, SETTINGS_FILE_MAX + 1);
    if (n < 0) {
        return (int)n;
    }
    if (n > (ssize_t)SETTINGS_FILE_MAX) {
        return -EFBIG;
    }
    *ret_text = text;
    text = NULL;
    return (int)n;
}
