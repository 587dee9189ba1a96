#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "front/base64.h"
#include "front/decode.h"
#include "front/nearest_name.h"

#define PATH_MAX_BYTES 1024u
#define COMPONENT_MAX_BYTES 255u
#define PATH_MAX_DEPTH 32u
#define OUTPUT_NAME "output" /* a directory that is there when a script goes there */

/* One file's members as they stand in the request. */
struct file_spans {
    struct json_span path, content;
    int has_path, has_content, is_base64;
};

/* A path that was accepted, for finding collisions. Borrowed from the request's section by offset, since that moves. */
struct file_path {
    size_t offset, len;
    size_t index;
};

static int bad_member(size_t index, const struct json_span *name, struct problem *problem) {
    static const char *const members[] = {"path", "content", "base64"};
    char quoted[PROBLEM_QUOTE_MAX];
    decode_quote(name, quoted);
    int error = decode_problem(problem, "files[%zu] has the unknown member '%s'.", index, quoted);
    const char *nearest = nearest_name(quoted, strlen(quoted), members, 3);
    if (nearest) {
        problem_suggest(problem, "Did you mean '%s'?", nearest);
    }
    problem_suggest(problem, "A file is {\"path\": ..., \"content\": ...} or {\"path\": ..., \"base64\": ...}");
    return error;
}

static int wrong_file(struct problem *problem) {
    problem_suggest(problem, "Example: {\"files\": [{\"path\": \"data.csv\", \"content\": \"a,b\\n1,2\\n\"}]}");
    return -EBADMSG;
}

static int sort_member(size_t index, const struct json_span *name, const struct json_span *value,
                       struct file_spans *file, struct problem *problem) {
    const char *member;
    int *present;
    if (json_text_equals(name, "path")) {
        member = "path";
        present = &file->has_path;
        file->path = *value;
    } else if (json_text_equals(name, "content") || json_text_equals(name, "base64")) {
        int is_base64 = json_text_equals(name, "base64");
        member = is_base64 ? "base64" : "content";
        present = &file->has_content;
        if (file->has_content && file->is_base64 != is_base64) {
            (void)decode_problem(problem, "files[%zu] must have exactly one of 'content' and 'base64', not both.",
                                 index);
            return wrong_file(problem);
        }
        file->is_base64 = is_base64;
        file->content = *value;
    } else {
        return bad_member(index, name, problem);
    }
    if (*present) {
        (void)decode_problem(problem, "files[%zu] has the member '%s' more than once.", index, member);
        return wrong_file(problem);
    }
    *present = 1;
    if (value->kind != JSON_TEXT_STRING) {
        (void)decode_problem(problem, "files[%zu].%s must be a string, not %s.", index, member,
                             json_text_kind_name(value->kind));
        return wrong_file(problem);
    }
    return 0;
}

static int sort_members(size_t index, const struct json_span *value, struct file_spans *ret_file,
                        struct problem *problem) {
    *ret_file = (struct file_spans){0};
    if (value->kind != JSON_TEXT_OBJECT) {
        (void)decode_problem(problem, "files[%zu] must be an object, not %s.", index, json_text_kind_name(value->kind));
        return wrong_file(problem);
    }
    struct json_walk walk;
    struct json_span name, member;
    json_walk_start(&walk, value);
    while (json_walk_member(&walk, &name, &member)) {
        int error = sort_member(index, &name, &member, ret_file, problem);
        if (error) {
            return error;
        }
    }
    if (!ret_file->has_path) {
        (void)decode_problem(problem, "files[%zu] has no 'path'.", index);
        return wrong_file(problem);
    }
    if (!ret_file->has_content) {
        (void)decode_problem(problem, "files[%zu] must have exactly one of 'content' and 'base64'.", index);
        return wrong_file(problem);
    }
    return 0;
}

/* Why a path may not be written to, or NULL. */
static const char *path_fault(const char *path, size_t len) {
    if (len == 0) {
        return "it is empty";
    }
    if (memchr(path, '\0', len)) {
        return "it contains a null byte";
    }
    if (path[0] == '/') {
        return "it is absolute";
    }
    if (len > PATH_MAX_BYTES) {
        return "it is longer than 1024 bytes";
    }
    size_t depth = 0;
    for (size_t at = 0; at <= len; depth++) {
        const char *slash = memchr(path + at, '/', len - at);
        size_t component_len = slash ? (size_t)(slash - path) - at : len - at;
        const char *component = path + at;
        if (component_len == 0) {
            return "it has an empty part";
        }
        if (component_len > COMPONENT_MAX_BYTES) {
            return "one of its parts is longer than 255 bytes";
        }
        if (component_len == 1 && component[0] == '.') {
            return "it has the part '.'";
        }
        if (component_len == 2 && component[0] == '.' && component[1] == '.') {
            return "it climbs by '..'";
        }
        at += component_len + 1;
    }
    if (len == strlen(OUTPUT_NAME) && memcmp(path, OUTPUT_NAME, len) == 0) {
        return "it is the output directory";
    }
    return depth > PATH_MAX_DEPTH ? "it has more than 32 parts" : NULL;
}

static int check_path(size_t index, const char *path, size_t len, struct problem *problem) {
    const char *fault = path_fault(path, len);
    if (!fault) {
        return 0;
    }
    char quoted[PROBLEM_QUOTE_MAX];
    int error =
        decode_problem(problem, "files[%zu].path '%s' is refused: %s.", index, problem_quote(path, len, quoted), fault);
    problem_suggest(problem,
                    "Use a relative path such as data/input.csv; it is laid into the script's working directory");
    return error;
}

static int append_content(size_t index, const struct file_spans *file, struct byte_buffer *request,
                          struct problem *problem) {
    char field[48];
    (void)snprintf(field, sizeof field, "files[%zu].%s", index, file->is_base64 ? "base64" : "content");
    size_t start = request->len;
    int error = decode_text(&file->content, field, request, problem);
    if (error || !file->is_base64) {
        return error;
    }
    size_t len, fault;
    if (base64_decode(request->bytes + start, request->len - start, &len, &fault) < 0) {
        error = decode_problem(problem, "%s is not valid base64 at character %zu.", field, fault + 1);
        problem_suggest(problem,
                        "Use the standard alphabet (A-Z a-z 0-9 + /) with '=' padding and without white space");
        return error;
    }
    request->len = start + len;
    return 0;
}

static int append_file(size_t index, const struct file_spans *file, struct byte_buffer *request,
                       struct file_path *ret_path, struct problem *problem) {
    struct run_request_entry entry = {0};
    char field[48];
    size_t start = request->len;
    (void)snprintf(field, sizeof field, "files[%zu].path", index);
    int error = byte_buffer_append(request, &entry, sizeof entry);
    if (!error) {
        error = decode_text(&file->path, field, request, problem);
    }
    if (error) {
        return error;
    }
    size_t path_at = start + sizeof entry;
    size_t path_len = request->len - path_at;
    error = check_path(index, request->bytes + path_at, path_len, problem);
    if (!error) {
        error = append_content(index, file, request, problem);
    }
    if (error) {
        return error;
    }
    entry.name_len = (uint32_t)path_len;
    entry.value_len = (uint32_t)(request->len - path_at - path_len);
    memcpy(request->bytes + start, &entry, sizeof entry);
    *ret_path = (struct file_path){.offset = path_at, .len = path_len, .index = index};
    return 0;
}

/* '/' sorts before every other byte, so that a directory's files follow a file of the directory's name directly. */
static int compare_paths(const void *a, const void *b, void *section) {
    const struct file_path *left = a, *right = b;
    const unsigned char *left_text = (const unsigned char *)section + left->offset;
    const unsigned char *right_text = (const unsigned char *)section + right->offset;
    for (size_t i = 0; i < left->len && i < right->len; i++) {
        int l = left_text[i] == '/' ? 0 : left_text[i], r = right_text[i] == '/' ? 0 : right_text[i];
        if (l != r) {
            return l - r;
        }
    }
    return left->len < right->len ? -1 : left->len > right->len;
}

static int check_collisions(struct file_path *paths, size_t n, char *section, struct problem *problem) {
    qsort_r(paths, n, sizeof *paths, compare_paths, section);
    for (size_t i = 1; i < n; i++) {
        const struct file_path *shorter = &paths[i - 1], *longer = &paths[i];
        const char *path = section + longer->offset;
        if (longer->len < shorter->len || memcmp(section + shorter->offset, path, shorter->len) != 0) {
            continue;
        }
        char quoted[PROBLEM_QUOTE_MAX];
        int error = 0;
        problem_quote(section + shorter->offset, shorter->len, quoted);
        if (longer->len == shorter->len) {
            error = decode_problem(problem, "files[%zu] and files[%zu] have the same path '%s'.", shorter->index,
                                   longer->index, quoted);
        } else if (path[shorter->len] == '/') {
            error = decode_problem(problem, "files[%zu] needs the directory '%s', which files[%zu] is a file of.",
                                   longer->index, quoted, shorter->index);
        }
        if (error) {
            problem_suggest(problem, "Give each file a path of its own");
            return error;
        }
    }
    return 0;
}

int decode_files(const struct json_span *files, const struct settings *settings, struct byte_buffer *request,
                 uint32_t *ret_n, struct problem *ret_problem) {
    cleanup_byte_buffer struct byte_buffer paths = {0};
    struct json_walk walk;
    struct json_span value;
    size_t n = 0;
    json_walk_start(&walk, files);
    while (json_walk_element(&walk, &value)) {
        if (n == settings->max_files) {
            int error = decode_problem(ret_problem, "files has more than max_files (%llu) entries.",
                                       (unsigned long long)settings->max_files);
            problem_suggest(ret_problem, "Send an archive as one base64 file and unpack it in the script");
            return error;
        }
        struct file_spans file;
        struct file_path path = {0};
        int error = sort_members(n, &value, &file, ret_problem);
        error = error ? error : append_file(n, &file, request, &path, ret_problem);
        error = error ? error : byte_buffer_append(&paths, &path, sizeof path);
        if (error) {
            return error;
        }
        n++;
    }
    *ret_n = (uint32_t)n;
    return n < 2 ? 0 : check_collisions((struct file_path *)(void *)paths.bytes, n, request->bytes, ret_problem);
}
