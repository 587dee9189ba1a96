#include "client/terminal_text.h"

#include <stdint.h>
#include <stdio.h>

#include "front/utf8.h"

static uint32_t code_point(const char *text, size_t len) {
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t code = len == 1 ? bytes[0] : len == 2 ? bytes[0] & 0x1Fu : len == 3 ? bytes[0] & 0x0Fu : bytes[0] & 0x07u;
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | (bytes[i] & 0x3Fu);
    }
    return code;
}

static int is_in(uint32_t code, uint32_t first, uint32_t last) {
    return code >= first && code <= last;
}

/* Those that make a line look like another: the marks of direction, what has no width, other line ends, tags. */
static int misleads(uint32_t code) {
    return code == 0x00AD || code == 0x061C || code == 0x180E || is_in(code, 0x200B, 0x200F) ||
           is_in(code, 0x2028, 0x202E) || is_in(code, 0x2060, 0x206F) || code == 0xFEFF ||
           is_in(code, 0xFFF9, 0xFFFB) || is_in(code, 0xE0000, 0xE007F);
}

int terminal_text_append(struct byte_buffer *buffer, const char *text, size_t len) {
    size_t plain = 0; /* bytes in front of `text` that are still to be copied as they are */
    while (len > 0) {
        size_t step;
        char shown[16] = "\xEF\xBF\xBD";
        int is_plain = utf8_step(text, len, &step) == UTF8_VALID;
        if (is_plain) {
            const uint32_t code = code_point(text, step);
            if ((code < 0x20 && code != '\n' && code != '\t') || code == 0x7F) {
                is_plain = 0;
                (void)snprintf(shown, sizeof shown, "^%c", (int)(code ^ 0x40u));
            } else if (is_in(code, 0x80, 0x9F) || misleads(code)) {
                is_plain = 0;
                (void)snprintf(shown, sizeof shown, code > 0xFFFF ? "\\U%08x" : "\\u%04x", (unsigned)code);
            }
        }
        text += step;
        len -= step;
        plain += is_plain ? step : 0;
        if (!is_plain || len == 0) {
            const char *start = text - plain - (is_plain ? 0 : step);
            int error = byte_buffer_append(buffer, start, plain);
            error = error || is_plain ? error : byte_buffer_append_text(buffer, shown);
            if (error) {
                return error;
            }
            plain = 0;
        }
    }
    return 0;
}
