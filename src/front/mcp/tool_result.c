#include "front/mcp/tool_result.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "front/base64.h"
#include "front/json_text.h"
#include "front/mcp/reply.h"
#include "front/utf8.h"

/* The members that the text is made of; absent ones have no text. */
struct parts {
    struct json_span success, result, error, type, message, traceback, suggestions, functions, out, err, artifacts,
        skipped, id;
};

static void find_parts(const struct json_span *object, struct parts *parts) {
    const struct {
        const char *name;
        struct json_span *value;
    } members[] = {
        {"success", &parts->success},
        {"result", &parts->result},
        {"error", &parts->error},
        {"error_type", &parts->type},
        {"message", &parts->message},
        {"traceback", &parts->traceback},
        {"suggestions", &parts->suggestions},
        {"available_functions", &parts->functions},
        {"stdout", &parts->out},
        {"stderr", &parts->err},
        {"artifacts", &parts->artifacts},
        {"artifacts_skipped", &parts->skipped},
        {"id", &parts->id},
    };
    struct json_walk walk;
    struct json_span name, value;
    json_walk_start(&walk, object);
    while (json_walk_member(&walk, &name, &value)) {
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            if (json_text_equals(&name, members[i].name)) {
                *members[i].value = value;
            }
        }
    }
}

static int is_true(const struct json_span *value) {
    return value->text && value->kind == JSON_TEXT_BOOLEAN && value->text[0] == 't';
}

/* ---- the text ---- */

/* Head and tail of what is long. */
static int append_shown(const char *bytes, size_t len, struct byte_buffer *text) {
    if (len <= MCP_SHOWN_BYTES) {
        return byte_buffer_append(text, bytes, len);
    }
    const size_t tail = MCP_SHOWN_BYTES / 4;
    size_t head = MCP_SHOWN_BYTES - tail;
    head -= utf8_partial_end(bytes, head);
    size_t from = len - tail;
    from += utf8_partial_start(bytes + from, tail);
    char note[96];
    (void)snprintf(note, sizeof note, "\n[... %zu bytes left out here; structuredContent has more ...]\n", from - head);
    int error = byte_buffer_append(text, bytes, head);
    error = error ? error : byte_buffer_append_text(text, note);
    return error ? error : byte_buffer_append(text, bytes + from, len - from);
}

static int append_heading(const char *heading, struct byte_buffer *text) {
    int error = text->len > 0 ? byte_buffer_append_text(text, "\n\n") : 0;
    return error ? error : byte_buffer_append_text(text, heading);
}

/* A string's own text, or another value as it is, beneath a heading; nothing when there is nothing to show. */
static int append_section(const char *heading, const struct json_span *value, struct byte_buffer *text) {
    cleanup_byte_buffer struct byte_buffer decoded = {0};
    if (!value->text) {
        return 0;
    }
    const char *bytes = value->text;
    size_t len = value->len;
    if (value->kind == JSON_TEXT_STRING) {
        int error = json_text_append(&decoded, value, NULL);
        if (error) {
            return error;
        }
        bytes = decoded.bytes;
        len = decoded.len;
    }
    while (len > 0 && bytes[len - 1] == '\n') {
        len--;
    }
    if (len == 0) {
        return 0;
    }
    int error = append_heading(heading, text);
    return error ? error : append_shown(bytes, len, text);
}

static int append_list(const char *heading, const struct json_span *list, struct byte_buffer *text) {
    struct json_walk walk;
    struct json_span entry;
    int error = 0, first = 1;
    if (!list->text || list->kind != JSON_TEXT_ARRAY) {
        return 0;
    }
    json_walk_start(&walk, list);
    while (!error && json_walk_element(&walk, &entry)) {
        if (entry.kind != JSON_TEXT_STRING) {
            continue;
        }
        error = first ? append_heading(heading, text) : 0;
        error = error ? error : byte_buffer_append_text(text, first ? "- " : "\n- ");
        error = error ? error : json_text_append(text, &entry, NULL);
        first = 0;
    }
    return error;
}

static int append_member(const char *before, const struct json_span *object, const char *name, const char *after,
                         struct byte_buffer *text) {
    struct json_walk walk;
    struct json_span member, value;
    json_walk_start(&walk, object);
    while (json_walk_member(&walk, &member, &value)) {
        if (json_text_equals(&member, name)) {
            int error = byte_buffer_append_text(text, before);
            if (!error) {
                error = value.kind == JSON_TEXT_STRING ? json_text_append(text, &value, NULL)
                                                       : byte_buffer_append(text, value.text, value.len);
            }
            return error ? error : byte_buffer_append_text(text, after);
        }
    }
    return 0;
}

/* Which files came along, and which did not. */
static int append_files(const struct parts *parts, struct byte_buffer *text) {
    struct json_walk walk;
    struct json_span entry;
    int error = 0;
    if (parts->artifacts.text) {
        error = append_heading("Files:", text);
        json_walk_start(&walk, &parts->artifacts);
        while (!error && json_walk_element(&walk, &entry)) {
            error = append_member("\n- ", &entry, "path", "", text);
            error = error ? error : append_member(" (", &entry, "mime", "", text);
            error = error ? error : append_member(", ", &entry, "size", " bytes)", text);
        }
    }
    if (!error && parts->skipped.text) {
        error = append_heading("Files left out:", text);
        json_walk_start(&walk, &parts->skipped);
        while (!error && json_walk_element(&walk, &entry)) {
            error = append_member("\n- ", &entry, "path", "", text);
            error = error ? error : append_member(": ", &entry, "reason", "", text);
        }
    }
    return error;
}

/* "runtime_error: KeyError: 'x'", then what is known of it. */
static int append_failure(const struct parts *parts, struct byte_buffer *text) {
    cleanup_byte_buffer struct byte_buffer message = {0};
    int error = parts->error.text ? json_text_append(text, &parts->error, NULL) : 0;
    error = error ? error : byte_buffer_append_text(text, ": ");
    if (!error && parts->type.text && parts->type.kind == JSON_TEXT_STRING) {
        error = json_text_append(text, &parts->type, NULL);
        error = error ? error : byte_buffer_append_text(text, ": ");
    }
    if (!error && parts->message.text) {
        error = json_text_append(&message, &parts->message, NULL);
    }
    error = error ? error : append_shown(message.bytes, message.len, text);
    error = error ? error : append_section("", &parts->traceback, text);
    error = error ? error : append_list("Suggestions:\n", &parts->suggestions, text);
    error = error ? error : append_list("Functions the script defines:\n", &parts->functions, text);
    error = error ? error : append_section("Output before that:\n", &parts->out, text);
    return error ? error : append_section("Standard error:\n", &parts->err, text);
}

static int append_success(const struct parts *parts, struct byte_buffer *text) {
    const int has_result = parts->result.text && parts->result.kind != JSON_TEXT_NULL;
    int error = has_result ? append_section("Result:\n", &parts->result, text) : 0;
    error = error ? error : append_section("Output:\n", &parts->out, text);
    error = error ? error : append_section("Standard error:\n", &parts->err, text);
    if (!error && text->len == 0) {
        error =
            byte_buffer_append_text(text, "The script ran to its end, printed nothing and has no result. Print what "
                                          "you want to see, or let the last line be an expression.");
    }
    return error;
}

static int append_text_block(const struct parts *parts, struct byte_buffer *out) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    int error = is_true(&parts->success) ? append_success(parts, &text) : append_failure(parts, &text);
    error = error ? error : append_files(parts, &text);
    return error ? error
                 : mcp_append_json(
                       json_pack("{s:s, s:s%}", "type", "text", "text", text.bytes ? text.bytes : "", text.len), out);
}

/* ---- the files ---- */

struct file {
    struct json_span path, mime, content;
};

static void read_file(const struct json_span *entry, struct file *file) {
    struct json_walk walk;
    struct json_span name, value;
    json_walk_start(&walk, entry);
    while (json_walk_member(&walk, &name, &value)) {
        if (json_text_equals(&name, "path")) {
            file->path = value;
        } else if (json_text_equals(&name, "mime")) {
            file->mime = value;
        } else if (json_text_equals(&name, "base64")) {
            file->content = value;
        }
    }
}

/* What clients show to models as a picture: SVG, which can hold scripts, is not among them. */
static int is_picture(const struct json_span *mime) {
    static const char *const types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (json_text_equals(mime, types[i])) {
            return 1;
        }
    }
    return 0;
}

/* pyexec://runs/ID/PATH, with what may not stand in a URI escaped. */
static int append_uri(const struct json_span *id, const struct json_span *path, struct byte_buffer *out) {
    cleanup_byte_buffer struct byte_buffer name = {0};
    char escaped[4];
    int error = byte_buffer_append_text(out, "\"pyexec://runs/");
    if (!error && id->text && id->kind == JSON_TEXT_STRING) {
        error = byte_buffer_append(out, id->text + 1, id->len - 2); /* letters, digits, . _ - */
    }
    error = error ? error : json_text_append(&name, path, NULL);
    error = error ? error : byte_buffer_append_text(out, "/");
    for (size_t i = 0; !error && i < name.len; i++) {
        const unsigned char c = (unsigned char)name.bytes[i];
        const int plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~/", c));
        (void)snprintf(escaped, sizeof escaped, plain ? "%c" : "%%%02X", c);
        error = byte_buffer_append_text(out, escaped);
    }
    return error ? error : byte_buffer_append_text(out, "\"");
}

/* Control characters would be written as six bytes each, and no model can read them. */
static int is_readable(const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
            return 0;
        }
    }
    return utf8_valid_len(bytes, len) == len;
}

/* The content as text, where it is some: a model reads that, and base64 it does not. Returns 1, 0 or -ENOMEM. */
static int append_as_text(const struct json_span *content, struct byte_buffer *out) {
    cleanup_byte_buffer struct byte_buffer decoded = {0};
    size_t len, fault;
    if (content->len == 2) {
        int error = byte_buffer_append_text(out, ",\"text\":\"\"");
        return error ? error : 1;
    }
    int error = byte_buffer_append(&decoded, content->text + 1, content->len - 2);
    if (error) {
        return error;
    }
    if (base64_decode(decoded.bytes, decoded.len, &len, &fault) < 0 || !is_readable(decoded.bytes, len)) {
        return 0;
    }
    error = byte_buffer_append_text(out, ",\"text\":");
    error = error ? error : mcp_append_json(json_stringn(decoded.bytes, len), out);
    return error ? error : 1;
}

static int append_resource(const struct parts *parts, const struct file *file, struct byte_buffer *out) {
    int error = byte_buffer_append_text(out, "{\"type\":\"resource\",\"resource\":{\"uri\":");
    error = error ? error : append_uri(&parts->id, &file->path, out);
    error = error ? error : byte_buffer_append_text(out, ",\"mimeType\":");
    error = error ? error : byte_buffer_append(out, file->mime.text, file->mime.len);
    if (!error) {
        error = append_as_text(&file->content, out);
    }
    if (error == 0) {
        error = byte_buffer_append_text(out, ",\"blob\":");
        error = error ? error : byte_buffer_append(out, file->content.text, file->content.len);
    }
    return error < 0 ? error : byte_buffer_append_text(out, "}}");
}

static int append_picture(const struct file *file, struct byte_buffer *out) {
    int error = byte_buffer_append_text(out, "{\"type\":\"image\",\"data\":");
    error = error ? error : byte_buffer_append(out, file->content.text, file->content.len);
    error = error ? error : byte_buffer_append_text(out, ",\"mimeType\":");
    error = error ? error : byte_buffer_append(out, file->mime.text, file->mime.len);
    return error ? error : byte_buffer_append_text(out, "}");
}

static int append_file_blocks(const struct parts *parts, struct byte_buffer *out) {
    struct json_walk walk;
    struct json_span entry;
    int error = 0;
    if (!parts->artifacts.text) {
        return 0;
    }
    json_walk_start(&walk, &parts->artifacts);
    while (!error && json_walk_element(&walk, &entry)) {
        struct file file = {0};
        read_file(&entry, &file);
        if (!file.path.text || !file.mime.text || !file.content.text) {
            continue;
        }
        error = byte_buffer_append_text(out, ",");
        if (!error) {
            error = is_picture(&file.mime) ? append_picture(&file, out) : append_resource(parts, &file, out);
        }
    }
    return error;
}

/* ---- structuredContent ---- */

/* The members of an object but one, which stands in for `except`. */
static int append_object_without(const struct json_span *object, const char *except, const struct byte_buffer *instead,
                                 struct byte_buffer *out) {
    struct json_walk walk;
    struct json_span name, value;
    int error = byte_buffer_append_text(out, "{"), first = 1;
    json_walk_start(&walk, object);
    while (!error && json_walk_member(&walk, &name, &value)) {
        const int is_it = json_text_equals(&name, except);
        if (is_it && !instead) {
            continue;
        }
        error = first ? 0 : byte_buffer_append_text(out, ",");
        error = error ? error : byte_buffer_append(out, name.text, name.len);
        error = error ? error : byte_buffer_append_text(out, ":");
        if (!error) {
            error = is_it ? byte_buffer_append(out, instead->bytes, instead->len)
                          : byte_buffer_append(out, value.text, value.len);
        }
        first = 0;
    }
    return error ? error : byte_buffer_append_text(out, "}");
}

static int append_structured(const struct json_span *object, const struct parts *parts, struct byte_buffer *out) {
    cleanup_byte_buffer struct byte_buffer files = {0};
    struct json_walk walk;
    struct json_span entry;
    int error = byte_buffer_append_text(&files, "[");
    if (parts->artifacts.text) {
        json_walk_start(&walk, &parts->artifacts);
        while (!error && json_walk_element(&walk, &entry)) {
            error = files.len > 1 ? byte_buffer_append_text(&files, ",") : 0;
            error = error ? error : append_object_without(&entry, "base64", NULL, &files);
        }
    }
    error = error ? error : byte_buffer_append_text(&files, "]");
    return error ? error : append_object_without(object, "artifacts", &files, out);
}

int mcp_tool_result(const struct byte_buffer *answer, struct byte_buffer *text) {
    const struct json_span object = {.text = answer->bytes, .len = answer->len, .kind = JSON_TEXT_OBJECT};
    struct parts parts = {0};
    find_parts(&object, &parts);
    int error = byte_buffer_append_text(text, "{\"content\":[");
    error = error ? error : append_text_block(&parts, text);
    error = error ? error : append_file_blocks(&parts, text);
    error = error ? error : byte_buffer_append_text(text, "],\"structuredContent\":");
    error = error ? error : append_structured(&object, &parts, text);
    return error
               ? error
               : byte_buffer_append_text(text, is_true(&parts.success) ? ",\"isError\":false}" : ",\"isError\":true}");
}
