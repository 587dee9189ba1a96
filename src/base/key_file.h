/* The file of API keys: its lines, and how it reaches a process that may open no file.
 *
 *     # name   hash                                    caps
 *     alice    sha256:<32 hex digits>:<64 hex digits>  requests_per_minute=60 running=4 max_timeout=30
 *     alice    sha256:...                              # the next key of the same name, while the old one still holds
 *
 * A line is a name, the salt and the hash of one key, and caps. Caps belong to the name: they stand on one of its
 * lines, or alike on several. The hash is SHA-256 of the salt and the key; who makes it and compares is not decided
 * here. docs/keys.md is the description for operators. */
#ifndef PYEXEC_BASE_KEY_FILE_H
#define PYEXEC_BASE_KEY_FILE_H

#include <stddef.h>
#include <stdint.h>

#define KEY_NAME_MAX 64 /* letters, digits, '.', '_' and '-' */
#define KEY_SALT_BYTES 16
#define KEY_DIGEST_BYTES 32

#define KEY_FILE_MAX_BYTES (1u << 20)
#define KEY_FILE_MAX_KEYS 1024u

/* How every key that we make begins, so that one is known wherever it turns up. */
#define KEY_PREFIX "pyx_"

/* Who comes without a key; no key may bear this name. */
#define KEY_NAME_NOBODY "anonymous"

/* A cap that is not given. */
#define KEY_NO_CAP UINT64_MAX

/* What the bearer of a name may do, besides the service's own limits. */
struct key_caps {
    uint64_t requests_per_minute;
    uint64_t running; /* at one time; 0: may run nothing */
    uint64_t cpu_us_per_minute;
    uint64_t max_timeout_ms;
    uint64_t max_memory_bytes;
    uint64_t metrics; /* 1: may read /metrics; 0 or KEY_NO_CAP: may not */
};

struct key_line {
    char name[KEY_NAME_MAX + 1];
    unsigned char salt[KEY_SALT_BYTES];
    unsigned char digest[KEY_DIGEST_BYTES];
    struct key_caps caps; /* the name's, the same on each of its lines */
};

/* Caps that limit nothing. */
struct key_caps key_no_caps(void);

/* Takes text[0 .. len) apart. Returns 0 with *ret_lines (free() it; NULL when there is none) and *ret_count, -EINVAL
 * with "line 3: what is wrong" in error[0 .. error_size), or -ENOMEM. */
int key_file_parse(const char *text, size_t len, struct key_line **ret_lines, size_t *ret_count, char *error,
                   size_t error_size);

/* Takes a cap of the command line or the file apart, "running=4". Returns 0 with the cap set in *caps, or -EINVAL with
 * a message. */
int key_file_parse_cap(const char *text, struct key_caps *caps, char *error, size_t error_size);

/* A name that a key may bear: 1 or 0. */
int key_name_is_valid(const char *name, size_t len);

/* Copies the file into memory (a memfd, close-on-exec) that cannot change any more, if it is a valid file of keys, so
 * that who has the descriptor needs no right to open anything and reads exactly what was checked. Returns the
 * descriptor, or -errno with a message that begins with the path. */
int key_file_open(const char *path, char *error, size_t error_size);

/* Reads what key_file_open() gave, from its beginning. Returns as key_file_parse() does, or another -errno. */
int key_file_read(int fd, struct key_line **ret_lines, size_t *ret_count, char *error, size_t error_size);

#endif
