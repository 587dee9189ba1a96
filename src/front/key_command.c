/* pyexec-key: makes an API key. `pyexecd key NAME [CAP ...]` becomes this program.
 *
 * The line for the file of keys goes to standard output, the key itself to standard error, so that
 * `pyexecd key alice >> keys` shows the key once and keeps only its hash. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "front/key_hash.h"

#define KEY_RANDOM_BYTES 24
#define KEY_LETTERS (KEY_RANDOM_BYTES / 3 * 4)

/* Six bits a letter; all of them may stand in a header, a URL and a shell's word. */
static void write_letters(const unsigned char bytes[KEY_RANDOM_BYTES], char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < KEY_RANDOM_BYTES; i += 3) {
        unsigned long bits = (unsigned long)bytes[i] << 16 | (unsigned long)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) {
            *text++ = letters[bits >> shift & 63];
        }
    }
    *text = '\0';
}

static void print_hex(const unsigned char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        printf("%02x", bytes[i]);
    }
}

int main(int argc, char **argv) {
    char error[512];
    struct key_caps caps = key_no_caps();
    if (argc < 2 || !key_name_is_valid(argv[1], strlen(argv[1]))) {
        (void)fprintf(
            stderr,
            "usage: pyexecd key NAME [CAP ...] >> FILE\n\n"
            "Makes an API key. Its line for the file of keys goes to standard output, the key to standard error.\n"
            "NAME is 1 to %d of A-Z a-z 0-9 . _ -, but not \"" KEY_NAME_NOBODY "\".\n"
            "CAP is requests_per_minute=N, running=N, cpu_seconds_per_minute=N, max_timeout=SECONDS,\n"
            "max_memory_mb=N or metrics; docs/keys.md says more.\n",
            KEY_NAME_MAX);
        return EX_USAGE;
    }
    for (int i = 2; i < argc; i++) {
        if (key_file_parse_cap(argv[i], &caps, error, sizeof error) < 0) {
            (void)fprintf(stderr, "pyexecd key: %s\n", error);
            return EX_USAGE;
        }
    }
    unsigned char random[KEY_RANDOM_BYTES], salt[KEY_SALT_BYTES], digest[KEY_DIGEST_BYTES];
    char key[sizeof KEY_PREFIX + KEY_LETTERS] = KEY_PREFIX;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random ||
        getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt) {
        (void)fprintf(stderr, "pyexecd key: no random numbers: %s\n", strerror(errno));
        return EX_OSERR;
    }
    write_letters(random, key + strlen(KEY_PREFIX));
    key_hash(salt, key, strlen(key), digest);
    printf("%s sha256:", argv[1]);
    print_hex(salt, sizeof salt);
    putchar(':');
    print_hex(digest, sizeof digest);
    for (int i = 2; i < argc; i++) {
        printf(" %s", argv[i]);
    }
    putchar('\n');
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "pyexecd key: standard output: %s\n", strerror(errno));
        return EX_IOERR; /* without its hash a key is good for nothing, and is not shown */
    }
    (void)fprintf(stderr, "%s\n", key);
    return EXIT_SUCCESS;
}
