#include "front/key_hash.h"

#include <nettle/sha2.h>

_Static_assert(KEY_DIGEST_BYTES == SHA256_DIGEST_SIZE, "the file keeps whole hashes");

void key_hash(const unsigned char salt[KEY_SALT_BYTES], const char *key, size_t key_len,
              unsigned char ret_digest[KEY_DIGEST_BYTES]) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, KEY_SALT_BYTES, salt);
    sha256_update(&context, key_len, (const uint8_t *)key);
    sha256_digest(&context, KEY_DIGEST_BYTES, ret_digest);
}
