#include "client/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "front/base64.h"
#include "front/json_text.h"
#include "front/utf8.h"

/* No service takes more, see max_body_bytes. */
#define INPUT_MAX_BYTES (64u << 20)
#define READ_STEP (64u << 10)
#define VALUE_MAX_DEPTH 1000u

int request_append_string(struct byte_buffer *body, const char *bytes, size_t len) {
    int error = byte_buffer_append_text(body, "\"");
    for (size_t i = 0, start = 0; i <= len && !error; i++) {
        const unsigned char c = i < len ? (unsigned char)bytes[i] : '"';
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        char escape[8] = {'\\', (char)c};
        if (c < 0x20) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", c);
        }
        error = byte_buffer_append(body, bytes + start, i - start);
        if (!error) {
            error = byte_buffer_append_text(body, i < len ? escape : "\"");
        }
        start = i + 1;
    }
    return error;
}

int request_append_value(struct byte_buffer *body, const char *text) {
    struct json_span value;
    struct json_fault fault;
    const size_t len = strlen(text);
    if (json_text_check(text, len, VALUE_MAX_DEPTH, &value, &fault) == 0) {
        return byte_buffer_append(body, value.text, value.len);
    }
    return utf8_valid_len(text, len) == len ? request_append_string(body, text, len) : -EILSEQ;
}

/* A path, or "-" for standard input. */
static int read_input(const char *path, struct byte_buffer *ret, struct failure *failure) {
    const int ours = strcmp(path, "-") == 0;
    cleanup_close int opened = ours ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const int fd = ours ? STDIN_FILENO : opened;
    ssize_t n;
    if (fd < 0) {
        return fail(failure, EXIT_STATUS_NO_INPUT, "%s: %s", path, strerror(errno));
    }
    do {
        if (byte_buffer_reserve(ret, READ_STEP) < 0) {
            return fail(failure, EXIT_STATUS_FAILED, "out of memory");
        }
        n = read(fd, ret->bytes + ret->len, READ_STEP);
        ret->len += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && ret->len <= INPUT_MAX_BYTES) || (n < 0 && errno == EINTR));
    if (n < 0) {
        return fail(failure, EXIT_STATUS_NO_INPUT, "%s: %s", ours ? "standard input" : path, strerror(errno));
    }
    if (ret->len > INPUT_MAX_BYTES) {
        return fail(failure, EXIT_STATUS_NO_INPUT, "%s: over %u MiB, which no service takes",
                    ours ? "standard input" : path, INPUT_MAX_BYTES >> 20);
    }
    return 0;
}

static int is_text(const struct byte_buffer *bytes) {
    return utf8_valid_len(bytes->bytes ? bytes->bytes : "", bytes->len) == bytes->len;
}

/* ,"name": with the comma unless it is the first of the body. */
static int append_field(struct byte_buffer *body, const char *name) {
    int error = byte_buffer_append_text(body, body->len == 0 ? "{\"" : ",\"");
    error = error ? error : byte_buffer_append_text(body, name);
    return error ? error : byte_buffer_append_text(body, "\":");
}

static int append_raw_field(struct byte_buffer *body, const char *name, const char *json) {
    int error = append_field(body, name);
    return error ? error : byte_buffer_append_text(body, json);
}

static int append_text_file(struct byte_buffer *body, const char *name, const char *path, struct failure *failure) {
    cleanup_byte_buffer struct byte_buffer bytes = {0};
    if (read_input(path, &bytes, failure) < 0) {
        return -1;
    }
    if (!is_text(&bytes)) {
        return fail(failure, EXIT_STATUS_NO_INPUT, "%s: not UTF-8; other bytes are sent by --file",
                    strcmp(path, "-") == 0 ? "standard input" : path);
    }
    if (append_field(body, name) < 0 || request_append_string(body, bytes.bytes ? bytes.bytes : "", bytes.len) < 0) {
        return fail(failure, EXIT_STATUS_FAILED, "out of memory");
    }
    return 0;
}

static int append_content(struct byte_buffer *body, const struct byte_buffer *bytes) {
    const char *start = bytes->bytes ? bytes->bytes : "";
    if (is_text(bytes)) {
        int error = byte_buffer_append_text(body, ",\"content\":");
        error = error ? error : request_append_string(body, start, bytes->len);
        return error ? error : byte_buffer_append_text(body, "}");
    }
    int error = byte_buffer_append_text(body, ",\"base64\":\"");
    error = error ? error : byte_buffer_reserve(body, BASE64_SIZE(bytes->len));
    if (!error) {
        body->len += base64_encode(start, bytes->len, body->bytes + body->len);
        error = byte_buffer_append_text(body, "\"}");
    }
    return error;
}

/* [NAME=]PATH */
static int append_file(struct byte_buffer *body, const char *text, struct failure *failure) {
    const char *equals = strchr(text, '='), *slash = strrchr(text, '/');
    const char *path = equals ? equals + 1 : text;
    const char *name = equals || !slash ? text : slash + 1;
    const size_t name_len = equals ? (size_t)(equals - text) : strlen(name);
    cleanup_byte_buffer struct byte_buffer bytes = {0};
    if (utf8_valid_len(name, name_len) != name_len) {
        return fail(failure, EXIT_STATUS_USAGE, "--file: a name that is not UTF-8; give another as NAME=PATH");
    }
    if (read_input(path, &bytes, failure) < 0) {
        return -1;
    }
    if (byte_buffer_append_text(body, "{\"path\":") < 0 || request_append_string(body, name, name_len) < 0 ||
        append_content(body, &bytes) < 0) {
        return fail(failure, EXIT_STATUS_FAILED, "out of memory");
    }
    return 0;
}

/* NAME=VALUE, each kind with its own idea of VALUE. */
static int append_pair(struct byte_buffer *body, const struct input *input, struct failure *failure) {
    const char *equals = strchr(input->text, '=');
    const char *value = equals ? equals + 1 : NULL;
    const size_t name_len = equals ? (size_t)(equals - input->text) : strlen(input->text);
    if (!equals && input->kind == INPUT_ENV) {
        value = getenv(input->text);
        if (!value) {
            return fail(failure, EXIT_STATUS_USAGE, "--env %s: there is no such variable here", input->text);
        }
    }
    if (!value || name_len == 0) {
        return fail(failure, EXIT_STATUS_USAGE, "%s: NAME=VALUE is wanted", input->text);
    }
    if (utf8_valid_len(input->text, name_len) != name_len ||
        (input->kind != INPUT_KWARG && utf8_valid_len(value, strlen(value)) != strlen(value))) {
        return fail(failure, EXIT_STATUS_USAGE, "%.*s: not UTF-8", (int)name_len, input->text);
    }
    int error = request_append_string(body, input->text, name_len);
    error = error ? error : byte_buffer_append_text(body, ":");
    if (!error) {
        error = input->kind == INPUT_KWARG ? request_append_value(body, value)
                                           : request_append_string(body, value, strlen(value));
    }
    if (error == -EILSEQ) {
        return fail(failure, EXIT_STATUS_USAGE, "%.*s: neither JSON nor UTF-8", (int)name_len, input->text);
    }
    return error ? fail(failure, EXIT_STATUS_FAILED, "out of memory") : 0;
}

static int append_arg(struct byte_buffer *body, const struct input *input, struct failure *failure) {
    const size_t len = strlen(input->text);
    int error = -EILSEQ;
    if (input->kind == INPUT_ARG) {
        error = request_append_value(body, input->text);
    } else if (utf8_valid_len(input->text, len) == len) {
        error = request_append_string(body, input->text, len);
    }
    if (error == -EILSEQ) {
        return fail(failure, EXIT_STATUS_USAGE, "--arg: neither JSON nor UTF-8; bytes are sent by --file");
    }
    return error ? fail(failure, EXIT_STATUS_FAILED, "out of memory") : 0;
}

static const struct group {
    const char *field, *open, *close;
    unsigned kinds; /* bits */
    int (*append)(struct byte_buffer *body, const struct input *input, struct failure *failure);
} groups[] = {
    {"args", "[", "]", 1u << INPUT_ARG | 1u << INPUT_ARG_STRING, append_arg},
    {"kwargs", "{", "}", 1u << INPUT_KWARG | 1u << INPUT_KWARG_STRING, append_pair},
    {"files", "[", "]", 1u << INPUT_FILE, NULL},
    {"env", "{", "}", 1u << INPUT_ENV, append_pair},
};

/* All inputs of one field, in their order; nothing when there is none. */
static int append_group(struct byte_buffer *body, const struct options *options, const struct group *group,
                        struct failure *failure) {
    int is_open = 0;
    for (size_t i = 0; i < options->n_inputs; i++) {
        const struct input *input = &options->inputs[i];
        if (!(group->kinds >> input->kind & 1u)) {
            continue;
        }
        if ((!is_open && append_field(body, group->field) < 0) ||
            byte_buffer_append_text(body, is_open ? "," : group->open) < 0) {
            return fail(failure, EXIT_STATUS_FAILED, "out of memory");
        }
        is_open = 1;
        int failed = group->append ? group->append(body, input, failure) : append_file(body, input->text, failure);
        if (failed) {
            return failed;
        }
    }
    if (is_open && byte_buffer_append_text(body, group->close) < 0) {
        return fail(failure, EXIT_STATUS_FAILED, "out of memory");
    }
    return 0;
}

int request_build(const struct options *options, struct byte_buffer *body, struct failure *failure) {
    if (append_text_file(body, "script", options->script, failure) < 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (append_group(body, options, &groups[i], failure) < 0) {
            return -1;
        }
    }
    if (options->input_file && append_text_file(body, "stdin", options->input_file, failure) < 0) {
        return -1;
    }
    if ((options->timeout && append_raw_field(body, "timeout", options->timeout) < 0) ||
        (options->memory && append_raw_field(body, "memory_mb", options->memory) < 0) ||
        (options->mode &&
         append_raw_field(body, "mode", strcmp(options->mode, "script") == 0 ? "\"script\"" : "\"main\"") < 0) ||
        (!options->banner && append_raw_field(body, "banner", "false") < 0) ||
        append_raw_field(body, "stream", "true") < 0 || byte_buffer_append_text(body, "}") < 0) {
        return fail(failure, EXIT_STATUS_FAILED, "out of memory");
    }
    return 0;
}
