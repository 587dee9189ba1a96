#include "base/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/complaint.h"
#include "base/io.h"

#define HASH_PREFIX "sha256:"
#define HASH_LEN (sizeof HASH_PREFIX - 1 + 2 * KEY_SALT_BYTES + 1 + 2 * KEY_DIGEST_BYTES)
#define DIGITS_MAX 12 /* of a cap: no product with its scale overflows */

static const struct cap {
    const char *name; /* a name without '=' is a word that grants something */
    size_t offset;    /* into struct key_caps */
    uint64_t scale;   /* from the operator's unit to ours; 0: a word */
    uint64_t least, most;
} caps_table[] = {
    {"requests_per_minute", offsetof(struct key_caps, requests_per_minute), 1, 1, 1000000},
    {"running", offsetof(struct key_caps, running), 1, 0, 1024},
    {"cpu_seconds_per_minute", offsetof(struct key_caps, cpu_us_per_minute), 1000000, 1, 61440},
    {"max_timeout", offsetof(struct key_caps, max_timeout_ms), 1000, 1, 86400},
    {"max_memory_mb", offsetof(struct key_caps, max_memory_bytes), 1u << 20, 16, 1u << 20},
    {"metrics", offsetof(struct key_caps, metrics), 0, 0, 0},
};
#define N_CAPS (sizeof caps_table / sizeof caps_table[0])

struct key_caps key_no_caps(void) {
    return (struct key_caps){KEY_NO_CAP, KEY_NO_CAP, KEY_NO_CAP, KEY_NO_CAP, KEY_NO_CAP, KEY_NO_CAP};
}

/* ---- the words of a line ---- */

struct word {
    const char *start;
    size_t len;
};

static int is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of at[0 .. *len), or one of no length; a '#' that begins a word begins a remark. */
static struct word next_word(const char **at, const char *end) {
    while (*at < end && is_blank(**at)) {
        (*at)++;
    }
    struct word word = {*at, 0};
    if (*at < end && **at == '#') {
        *at = end;
    }
    while (*at < end && !is_blank(**at)) {
        (*at)++;
        word.len++;
    }
    return word;
}

/* For messages: printable, not endless, and never a key that stands where it does not belong. */
static const char *shown(struct word word, char ret_text[40]) {
    size_t n = word.len < 39 ? word.len : 39;
    size_t prefix_len = strlen(KEY_PREFIX);
    n = n >= prefix_len && memcmp(word.start, KEY_PREFIX, prefix_len) == 0 ? prefix_len : n;
    for (size_t i = 0; i < n; i++) {
        ret_text[i] = (char)(word.start[i] >= 0x21 && word.start[i] < 0x7F ? word.start[i] : '?');
    }
    ret_text[n] = '\0';
    return ret_text;
}

static int read_hex(const char *text, unsigned char *ret_bytes, size_t n_bytes) {
    for (size_t i = 0; i < 2 * n_bytes; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit) {
            return -EINVAL;
        }
        ret_bytes[i / 2] = (unsigned char)((ret_bytes[i / 2] << 4) | (digit - digits));
    }
    return 0;
}

static int read_hash(struct word word, struct key_line *line) {
    const size_t salt_at = sizeof HASH_PREFIX - 1, digest_at = salt_at + 2 * KEY_SALT_BYTES + 1;
    if (word.len != HASH_LEN || memcmp(word.start, HASH_PREFIX, salt_at) != 0 || word.start[digest_at - 1] != ':') {
        return -EINVAL;
    }
    return read_hex(word.start + salt_at, line->salt, KEY_SALT_BYTES) < 0 ||
                   read_hex(word.start + digest_at, line->digest, KEY_DIGEST_BYTES) < 0
               ? -EINVAL
               : 0;
}

int key_name_is_valid(const char *name, size_t len) {
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' &&
            c != '-') {
            return 0;
        }
    }
    return len > 0 && len <= KEY_NAME_MAX &&
           !(len == strlen(KEY_NAME_NOBODY) && memcmp(name, KEY_NAME_NOBODY, len) == 0);
}

static uint64_t *cap_value(struct key_caps *caps, const struct cap *cap) {
    return (uint64_t *)(void *)((char *)caps + cap->offset);
}

static int read_cap(struct word word, struct key_caps *caps, const struct complaint *complaint) {
    char text[40];
    const char *equals = memchr(word.start, '=', word.len);
    size_t name_len = equals ? (size_t)(equals - word.start) : word.len;
    const struct cap *cap = NULL;
    for (size_t i = 0; i < N_CAPS; i++) {
        if (strlen(caps_table[i].name) == name_len && memcmp(caps_table[i].name, word.start, name_len) == 0) {
            cap = &caps_table[i];
        }
    }
    if (!cap || (cap->scale == 0) != !equals) {
        return complain(complaint,
                        "\"%s\" is no cap; there are requests_per_minute=N, running=N, cpu_seconds_per_minute=N, "
                        "max_timeout=SECONDS, max_memory_mb=N and metrics",
                        shown(word, text));
    }
    uint64_t value = cap->scale == 0, digits = word.len - name_len - (equals != NULL);
    for (size_t i = 0; i < digits && digits <= DIGITS_MAX; i++) {
        char c = equals[1 + i];
        if (c < '0' || c > '9') {
            digits = 0;
            break;
        }
        value = value * 10 + (uint64_t)(c - '0');
    }
    if (cap->scale && (digits == 0 || digits > DIGITS_MAX || value < cap->least || value > cap->most)) {
        return complain(complaint, "\"%s\": %s is a whole number from %llu to %llu", shown(word, text), cap->name,
                        (unsigned long long)cap->least, (unsigned long long)cap->most);
    }
    *cap_value(caps, cap) = cap->scale ? value * cap->scale : 1;
    return 0;
}

int key_file_parse_cap(const char *text, struct key_caps *caps, char *error, size_t error_size) {
    const struct complaint complaint = {error, error_size};
    struct word word = {text, strlen(text)};
    return read_cap(word, caps, &complaint);
}

/* ---- all lines ---- */

/* A whole line. Returns 1 with *ret_line filled, 0 when there is nothing on it, or -EINVAL. */
static int read_line(const char *at, const char *end, struct key_line *ret_line, const struct complaint *complaint) {
    struct key_line line = {.caps = key_no_caps()};
    struct word name = next_word(&at, end);
    char text[40];
    if (name.len == 0) {
        return 0;
    }
    if (!key_name_is_valid(name.start, name.len)) {
        return complain(complaint,
                        "\"%s\" is no name: 1 to %d of A-Z a-z 0-9 . _ - are, but not \"" KEY_NAME_NOBODY "\"",
                        shown(name, text), KEY_NAME_MAX);
    }
    memcpy(line.name, name.start, name.len);
    struct word hash = next_word(&at, end);
    if (read_hash(hash, &line) < 0) {
        return complain(complaint,
                        "the second word is not the hash of a key, sha256:salt:hash as `pyexecd key %s` prints it",
                        line.name);
    }
    for (struct word word; (word = next_word(&at, end)).len > 0;) {
        int error = read_cap(word, &line.caps, complaint);
        if (error) {
            return error;
        }
    }
    *ret_line = line;
    return 1;
}

/* Gives each line what other lines of its name say. Returns 0, or -EINVAL when two of them disagree. */
static int join_caps(struct key_line *lines, size_t count, const struct complaint *complaint) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(lines[i].name, lines[j].name) != 0) {
                continue;
            }
            for (size_t k = 0; k < N_CAPS; k++) {
                uint64_t *mine = cap_value(&lines[i].caps, &caps_table[k]);
                uint64_t *theirs = cap_value(&lines[j].caps, &caps_table[k]);
                if (*mine != KEY_NO_CAP && *theirs != KEY_NO_CAP && *mine != *theirs) {
                    return complain(complaint,
                                    "%s has two values of %s; caps belong to the name, not to one of its keys",
                                    lines[i].name, caps_table[k].name);
                }
                *mine = *mine != KEY_NO_CAP ? *mine : *theirs;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            if (strcmp(lines[i].name, lines[j].name) == 0) {
                lines[i].caps = lines[j].caps; /* the last one has them all */
            }
        }
    }
    return 0;
}

static int is_same_key(const struct key_line *a, const struct key_line *b) {
    return memcmp(a->salt, b->salt, sizeof a->salt) == 0 && memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

struct lines {
    struct key_line *all; /* owned */
    size_t count, capacity;
};

static int add_line(struct lines *lines, const struct key_line *line, const struct complaint *complaint) {
    for (size_t i = 0; i < lines->count; i++) {
        if (is_same_key(&lines->all[i], line)) {
            return complain(complaint, "this key stands on an earlier line already");
        }
    }
    if (lines->count == KEY_FILE_MAX_KEYS) {
        return complain(complaint, "a file has at most %u keys", KEY_FILE_MAX_KEYS);
    }
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity ? 2 * lines->capacity : 16;
        struct key_line *more = realloc(lines->all, capacity * sizeof *more);
        if (!more) {
            return -ENOMEM;
        }
        lines->all = more;
        lines->capacity = capacity;
    }
    lines->all[lines->count++] = *line;
    return 0;
}

static int read_lines(const char *text, size_t len, struct lines *lines, const struct complaint *complaint) {
    char what[400] = "";
    const struct complaint one = {what, sizeof what};
    unsigned number = 1;
    for (const char *at = text, *end = text + len; at < end; number++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end ? line_end : end;
        struct key_line line;
        int found = read_line(at, line_end, &line, &one);
        int error = found > 0 ? add_line(lines, &line, &one) : found;
        if (error == -EINVAL) {
            return complain(complaint, "line %u: %s", number, what);
        }
        if (error) {
            return error;
        }
        at = line_end + (line_end < end);
    }
    return 0;
}

int key_file_parse(const char *text, size_t len, struct key_line **ret_lines, size_t *ret_count, char *error,
                   size_t error_size) {
    const struct complaint complaint = {error, error_size};
    struct lines lines = {0};
    int failed = read_lines(text, len, &lines, &complaint);
    failed = failed ? failed : join_caps(lines.all, lines.count, &complaint);
    if (failed) {
        free(lines.all);
        return failed;
    }
    *ret_lines = lines.all;
    *ret_count = lines.count;
    return 0;
}

/* ---- the file ---- */

int key_file_read(int fd, struct key_line **ret_lines, size_t *ret_count, char *error, size_t error_size) {
    const struct complaint complaint = {error, error_size};
    cleanup_free char *text = malloc(KEY_FILE_MAX_BYTES + 1);
    size_t len = 0;
    if (!text) {
        return -ENOMEM;
    }
    while (len <= KEY_FILE_MAX_BYTES) {
        ssize_t n = pread(fd, text + len, KEY_FILE_MAX_BYTES + 1 - len, (off_t)len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            int saved = errno;
            (void)complain(&complaint, "%s", strerror(saved));
            return -saved;
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
    }
    if (len > KEY_FILE_MAX_BYTES) {
        return complain(&complaint, "it is larger than %u bytes", KEY_FILE_MAX_BYTES);
    }
    return key_file_parse(text, len, ret_lines, ret_count, error, error_size);
}

static int copy_into(int memory, int file) {
    char part[16384];
    for (off_t at = 0;;) {
        ssize_t n = pread(file, part, sizeof part, at);
        if (n == 0) {
            return 0;
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            int error = io_write_full(memory, part, (size_t)n);
            if (error) {
                return error;
            }
            at += n;
        }
        if (at > (off_t)KEY_FILE_MAX_BYTES) {
            return 0; /* too large: reading it says so */
        }
    }
}

int key_file_open(const char *path, char *error, size_t error_size) {
    const struct complaint complaint = {error, error_size};
    struct stat status;
    /* Not for ever, should it be a pipe that nobody writes to. */
    cleanup_close int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 || fstat(file, &status) < 0) {
        int saved = errno;
        (void)complain(&complaint, "%s: %s", path, strerror(saved));
        return -saved;
    }
    if (!S_ISREG(status.st_mode)) {
        return complain(&complaint, "%s: it is not a regular file", path);
    }
    if (status.st_mode & S_IWOTH) {
        return complain(&complaint, "%s: everybody may write to it, and so give themselves a key; chmod o-w", path);
    }
    cleanup_close int memory = memfd_create("api keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) {
        int saved = errno;
        (void)complain(&complaint, "%s: %s", path, strerror(saved));
        return -saved;
    }
    int failed = copy_into(memory, file);
    if (!failed && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
        failed = -errno;
    }
    if (failed) {
        (void)complain(&complaint, "%s: %s", path, strerror(-failed));
        return failed;
    }
    char what[440] = "";
    struct key_line *lines = NULL;
    size_t count = 0;
    failed = key_file_read(memory, &lines, &count, what, sizeof what);
    free(lines); /* only whether it can be read matters here */
    if (failed) {
        (void)complain(&complaint, "%s: %s", path, *what ? what : strerror(-failed));
        return failed;
    }
    return take_fd(&memory);
}
