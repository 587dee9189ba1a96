#include "front/keys.h"

#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "front/allocate.h"
#include "front/key_hash.h"

static void free_rows(struct key_row *rows, size_t n_rows, struct accounts *accounts) {
    for (size_t i = 0; i < n_rows; i++) {
        account_release(accounts, rows[i].account);
    }
    free(rows);
}

int keys_load(struct keys *keys, struct accounts *accounts, int fd, uint64_t now_us, char *error, size_t error_size) {
    cleanup_free struct key_line *lines = NULL;
    size_t n_lines = 0;
    if (error_size > 0) {
        error[0] = '\0';
    }
    int failed = key_file_read(fd, &lines, &n_lines, error, error_size);
    if (failed) {
        return failed;
    }
    struct key_row *rows = allocate_or_exit((n_lines > 0 ? n_lines : 1) * sizeof *rows);
    for (size_t i = 0; i < n_lines; i++) {
        memcpy(rows[i].salt, lines[i].salt, sizeof rows[i].salt);
        memcpy(rows[i].digest, lines[i].digest, sizeof rows[i].digest);
        rows[i].account = accounts_of_name(accounts, lines[i].name);
        account_set_caps(rows[i].account, &lines[i].caps, now_us);
    }
    /* The old ones last, so that a name that stays keeps its account. */
    free_rows(keys->rows, keys->n_rows, accounts);
    keys->rows = rows;
    keys->n_rows = n_lines;
    keys->required = 1;
    return 0;
}

struct account *keys_find(const struct keys *keys, const char *key, size_t key_len) {
    struct account *found = NULL;
    for (size_t i = 0; i < keys->n_rows; i++) {
        unsigned char digest[KEY_DIGEST_BYTES];
        key_hash(keys->rows[i].salt, key, key_len, digest);
        /* Which row it is may be seen in the time: the caller is about to hear that it was one. */
        found = memeql_sec(digest, keys->rows[i].digest, sizeof digest) ? keys->rows[i].account : found;
    }
    return found;
}

void keys_free(struct keys *keys, struct accounts *accounts) {
    free_rows(keys->rows, keys->n_rows, accounts);
    *keys = (struct keys){0};
}
