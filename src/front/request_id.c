#include "front/request_id.h"

#include <string.h>
#include <sys/random.h>

/* One system call serves many ids. Nothing secret depends on them: that they are not repeated is what counts. */
#define POOL_BYTES 256u
#define ID_BYTES 16u

void request_id_make(char ret_id[REQUEST_ID_MADE_LEN + 1]) {
    static unsigned char pool[POOL_BYTES];
    static size_t left;
    static const char digits[] = "0123456789abcdef";
    if (left < ID_BYTES) {
        /* At most 256 bytes come whole, and after boot they always come. */
        (void)!getrandom(pool, sizeof pool, 0);
        left = sizeof pool;
    }
    left -= ID_BYTES;
    for (size_t i = 0; i < ID_BYTES; i++) {
        unsigned char byte = pool[left + i];
        ret_id[2 * i] = digits[byte >> 4];
        ret_id[2 * i + 1] = digits[byte & 15];
    }
    ret_id[2 * ID_BYTES] = '\0';
}
