/* The API keys in force, and whose they are. */
#ifndef PYEXEC_FRONT_KEYS_H
#define PYEXEC_FRONT_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "front/account.h"

struct key_row {
    unsigned char salt[KEY_SALT_BYTES];
    unsigned char digest[KEY_DIGEST_BYTES];
    struct account *account; /* held */
};

struct keys {
    int required; /* 1 once a file was loaded, be it an empty one */
    struct key_row *rows;
    size_t n_rows;
};

/* Reads the file of keys that key_file_open() gave; it is read from its beginning and left open. All or nothing: with
 * success its keys take the place of those before, names that stay keep what they have used and their place in the
 * queue, requests that are in work go on. Returns 0, or -errno with a message for people in error[] and everything as
 * it was. */
int keys_load(struct keys *keys, struct accounts *accounts, int fd, uint64_t now_us, char *error, size_t error_size);

/* Whose key this is: an account (borrowed), or NULL when it is nobody's. Looks at every row, whatever it finds, and
 * takes the same time for each, so that the time says nothing of the keys. */
struct account *keys_find(const struct keys *keys, const char *key, size_t key_len);

void keys_free(struct keys *keys, struct accounts *accounts);

#endif
