#include "front/record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "front/json_text.h"
#include "front/utf8.h"
#include "wire/last_words.h"

#define RECORD_MAX_DEPTH 4u
#define MESSAGE_MAX (64u << 10)
#define DENIED_MAX 32
#define ERROR_TYPE_MAX 1024u
#define TRACEBACK_MAX (256u << 10)
#define RESULT_TEXT_MAX_CHARACTERS 1001u /* 1,000 and the mark of the cut */
#define LIST_MAX_TEXTS 1000u
#define LIST_MAX_BYTES (64u << 10)
#define LINE_MAX 0x7FFFFFFF

#define REPLACEMENT "\xEF\xBF\xBD"

static int invalid(struct run_record *record, const char *fault) {
    record->fault = fault;
    return -EBADMSG;
}

static int read_text(struct run_record *record, const struct json_span *value, size_t most, struct byte_buffer *text) {
    if (value->kind == JSON_TEXT_NULL) {
        return 0;
    }
    if (value->kind != JSON_TEXT_STRING) {
        return invalid(record, "a text is not a string");
    }
    int error = json_text_append(text, value, NULL);
    if (error) {
        return error;
    }
    if (text->len > most) {
        text->len = most - utf8_partial_end(text->bytes, most);
    }
    return 0;
}

static int read_number(struct run_record *record, const struct json_span *value, long long least, long long most,
                       long long *number) {
    long long read;
    if (value->kind == JSON_TEXT_NULL) {
        return 0;
    }
    if (value->kind != JSON_TEXT_NUMBER || json_text_integer(value, &read) < 0 || read < least || read > most) {
        return invalid(record, "a number is not an integer in its range");
    }
    *number = read;
    return 0;
}

static int append_list_text(struct text_list *list, const char *text, size_t len) {
    int error = 0;
    while (!error && len > 0) {
        const char *nul = memchr(text, '\0', len);
        size_t part = nul ? (size_t)(nul - text) : len;
        error = byte_buffer_append(&list->texts, text, part);
        if (!error && nul) {
            error = byte_buffer_append_text(&list->texts, REPLACEMENT);
            part++;
        }
        text += part;
        len -= part;
    }
    list->n++;
    return error ? error : byte_buffer_append(&list->texts, "", 1);
}

static int read_list(struct run_record *record, const struct json_span *value, struct text_list *list) {
    if (value->kind == JSON_TEXT_NULL) {
        return 0;
    }
    if (value->kind != JSON_TEXT_ARRAY) {
        return invalid(record, "a list is not an array");
    }
    struct json_walk walk;
    struct json_span element;
    json_walk_start(&walk, value);
    while (list->n < LIST_MAX_TEXTS && list->texts.len < LIST_MAX_BYTES && json_walk_element(&walk, &element)) {
        cleanup_byte_buffer struct byte_buffer text = {0};
        if (element.kind != JSON_TEXT_STRING) {
            return invalid(record, "a list has an element that is not a string");
        }
        int error = json_text_append(&text, &element, NULL);
        error = error ? error : append_list_text(list, text.bytes, text.len);
        if (error) {
            return error;
        }
    }
    return 0;
}

static int read_kind(struct run_record *record, const struct json_span *value) {
    static const struct {
        const char *name;
        enum record_kind kind;
    } kinds[] = {
        {"result", RECORD_RESULT},
        {"exit", RECORD_EXIT},
        {"missing_main", RECORD_MISSING_MAIN},
        {"syntax_error", RECORD_SYNTAX_ERROR},
        {"exception", RECORD_EXCEPTION},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (json_text_equals(value, kinds[i].name)) {
            record->kind = kinds[i].kind;
            return 0;
        }
    }
    return invalid(record, "the kind is unknown");
}

/* The members and where they go; one that is not here is ignored, and what is too long is cut. */
enum member_type { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_LIST };

static const struct member {
    const char *name;
    enum member_type type;
    size_t offset;
    long long least, most; /* numbers: the range; texts: `most` bytes */
} members[] = {
    {"message", MEMBER_TEXT, offsetof(struct run_record, message), 0, MESSAGE_MAX},
    {"error_type", MEMBER_TEXT, offsetof(struct run_record, error_type), 0, ERROR_TYPE_MAX},
    {"line", MEMBER_NUMBER, offsetof(struct run_record, line), 0, LINE_MAX},
    {"column", MEMBER_NUMBER, offsetof(struct run_record, column), 0, LINE_MAX},
    {"text", MEMBER_TEXT, offsetof(struct run_record, text), 0, MESSAGE_MAX},
    {"traceback", MEMBER_TEXT, offsetof(struct run_record, traceback), 0, TRACEBACK_MAX},
    {"suggestions", MEMBER_LIST, offsetof(struct run_record, suggestions), 0, 0},
    {"available_functions", MEMBER_LIST, offsetof(struct run_record, available_functions), 0, 0},
    {"result_text", MEMBER_TEXT, offsetof(struct run_record, result_text), 0, MESSAGE_MAX},
    {"denied", MEMBER_TEXT, offsetof(struct run_record, denied), 0, DENIED_MAX},
    {"exit_code", MEMBER_NUMBER, offsetof(struct run_record, exit_code), 0, 255},
};

#define N_MEMBERS (sizeof members / sizeof members[0])

static int read_member(struct run_record *record, const struct json_span *name, const struct json_span *value,
                       unsigned *seen) {
    for (size_t i = 0; i < N_MEMBERS; i++) {
        const struct member *member = &members[i];
        if (!json_text_equals(name, member->name)) {
            continue;
        }
        if (*seen & (1u << i)) {
            return invalid(record, "a member is there twice");
        }
        *seen |= 1u << i;
        char *place = (char *)record + member->offset;
        switch (member->type) {
        case MEMBER_TEXT:
            return read_text(record, value, (size_t)member->most, (struct byte_buffer *)(void *)place);
        case MEMBER_NUMBER:
            return read_number(record, value, member->least, member->most, (long long *)(void *)place);
        case MEMBER_LIST:
            return read_list(record, value, (struct text_list *)(void *)place);
        }
    }
    return 0;
}

static int read_members(struct run_record *record, const char *text, size_t len) {
    struct json_span object, name, value;
    struct json_fault fault;
    if (json_text_check(text, len, RECORD_MAX_DEPTH, &object, &fault) < 0 || object.kind != JSON_TEXT_OBJECT) {
        return invalid(record, "the record is not a JSON object");
    }
    struct json_walk walk;
    unsigned seen = 0;
    int kinds = 0;
    json_walk_start(&walk, &object);
    while (json_walk_member(&walk, &name, &value)) {
        int is_kind = json_text_equals(&name, "kind");
        kinds += is_kind;
        int error = is_kind ? read_kind(record, &value) : read_member(record, &name, &value, &seen);
        if (error) {
            return error;
        }
    }
    return kinds == 1 ? 0 : invalid(record, "the record has not exactly one kind");
}

static int read_value(struct run_record *record, const char *value, size_t len, size_t max_value) {
    struct json_span span;
    struct json_fault fault;
    if (record->kind != RECORD_RESULT) {
        return 0;
    }
    if (len > max_value) {
        return invalid(record, "the result is over its cap");
    }
    if (json_text_check(value, len, JSON_TEXT_MAX_DEPTH, &span, &fault) < 0) {
        return invalid(record, "the result is not JSON");
    }
    return byte_buffer_append(&record->value, span.text, span.len);
}

static int read_record(const struct run_result_header *header, const char *text, const char *value, size_t max_value,
                       struct run_record *record) {
    if (header->magic != RUN_RESULT_MAGIC || header->phase > RUN_PHASE_ENDING || header->banner_written > 1 ||
        header->complete > 1) {
        return invalid(record, "the header is damaged");
    }
    record->phase = header->phase;
    record->banner_written = (int)header->banner_written;
    if (!header->complete) {
        return 0;
    }
    if (header->record_len > RUN_RESULT_RECORD_MAX || header->value_len > RUN_RESULT_VALUE_MAX) {
        return invalid(record, "the header's lengths are out of range");
    }
    int error = read_members(record, text, header->record_len);
    error = error ? error : read_value(record, value, header->value_len, max_value);
    if (!error) {
        record->result_text.len =
            utf8_cut(record->result_text.bytes, record->result_text.len, RESULT_TEXT_MAX_CHARACTERS);
    }
    return error;
}

int record_parse(const struct run_result_header *header, const char *text, const char *value, size_t max_value,
                 struct run_record *ret_record) {
    struct run_record record = {.kind = RECORD_NONE, .line = -1, .column = -1, .exit_code = -1};
    int error = read_record(header, text, value, max_value, &record);
    if (error == -EBADMSG) {
        /* Nothing of a damaged record is believed but where the run had got to. */
        struct run_record damaged = {.kind = RECORD_INVALID, .line = -1, .column = -1, .exit_code = -1};
        damaged.fault = record.fault;
        damaged.phase = record.phase;
        damaged.banner_written = record.banner_written;
        record_free(&record);
        record = damaged;
    } else if (error) {
        record_free(&record);
        return error;
    }
    *ret_record = record;
    return 0;
}

/* Reads up to `len` bytes; a sandbox cannot make the memory shorter, so a short read only leaves zeros. */
static int read_at(int fd, size_t offset, size_t len, struct byte_buffer *bytes) {
    int error = byte_buffer_reserve(bytes, len + 1);
    if (error) {
        return error;
    }
    memset(bytes->bytes, 0, len);
    bytes->len = len;
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, bytes->bytes + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    return 0;
}

int record_read_last_words(int result_fd, struct run_record *record) {
    cleanup_byte_buffer struct byte_buffer bytes = {0};
    struct last_words words;
    int error = read_at(result_fd, LAST_WORDS_OFFSET, sizeof words, &bytes);
    if (error) {
        return error;
    }
    memcpy(&words, bytes.bytes, sizeof words);
    if (words.text_len == 0 || words.text_len > LAST_WORDS_TEXT_MAX) {
        return 0;
    }
    record->stopped_line = words.line > 0 && words.line <= LINE_MAX ? (long long)words.line : 0;
    return utf8_append_replaced(&record->stopped_at, words.text, words.text_len);
}

int record_read(int result_fd, size_t max_value, struct run_record *ret_record) {
    cleanup_byte_buffer struct byte_buffer head = {0}, text = {0}, value = {0};
    struct run_result_header header;
    int error = read_at(result_fd, 0, sizeof header, &head);
    if (error) {
        return error;
    }
    memcpy(&header, head.bytes, sizeof header);
    int readable = header.magic == RUN_RESULT_MAGIC && header.complete == 1 &&
                   header.record_len <= RUN_RESULT_RECORD_MAX && header.value_len <= RUN_RESULT_VALUE_MAX;
    if (readable) {
        error = read_at(result_fd, RUN_RESULT_RECORD_OFFSET, header.record_len, &text);
        error = error ? error : read_at(result_fd, RUN_RESULT_VALUE_OFFSET, header.value_len, &value);
    }
    error = error ? error : record_parse(&header, text.bytes, value.bytes, max_value, ret_record);
    if (!error && header.magic == RUN_RESULT_MAGIC) {
        ret_record->artifacts_used = header.artifacts_used; /* they hold when a run was killed as well */
    }
    return error;
}

void record_free(struct run_record *record) {
    byte_buffer_free(&record->message);
    byte_buffer_free(&record->error_type);
    byte_buffer_free(&record->text);
    byte_buffer_free(&record->traceback);
    byte_buffer_free(&record->result_text);
    byte_buffer_free(&record->suggestions.texts);
    byte_buffer_free(&record->available_functions.texts);
    byte_buffer_free(&record->stopped_at);
    byte_buffer_free(&record->denied);
    byte_buffer_free(&record->value);
}
