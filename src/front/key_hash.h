/* What is kept of an API key: SHA-256 of a salt and the key.
 *
 * A password needs a slow hash because people choose it. A key is 192 bits of the kernel's randomness (`pyexecd key`
 * makes them, and nothing else does): no guessing finds it, whatever a guess costs, so a slow hash would only make each
 * request slow. The salt keeps two files from showing that they hold the same key. The hash is nettle's, which is in
 * front anyway: the HTTP library is linked with GnuTLS, and that with nettle. */
#ifndef PYEXEC_FRONT_KEY_HASH_H
#define PYEXEC_FRONT_KEY_HASH_H

#include <stddef.h>

#include "base/key_file.h"

void key_hash(const unsigned char salt[KEY_SALT_BYTES], const char *key, size_t key_len,
              unsigned char ret_digest[KEY_DIGEST_BYTES]);

#endif
