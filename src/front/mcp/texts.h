/* What is told to clients and models: the files tools.json, guide.md and prompt_*.md of this folder, compiled in, with
 * the settings in force filled in. Pure. */
#ifndef PYEXEC_FRONT_MCP_TEXTS_H
#define PYEXEC_FRONT_MCP_TEXTS_H

#include <stddef.h>

#include "base/settings.h"
#include "front/byte_buffer.h"

struct mcp_text {
    const char *text;
    size_t len;
};

extern const struct mcp_text mcp_text_tools, mcp_text_guide, mcp_text_prompt_write, mcp_text_prompt_fix;

/* Appends the text with `{name}` of a setting, and `"$name"` with its quotation marks, replaced by the value as the
 * operator writes it. Other braces stay. Returns 0 or -ENOMEM. */
int mcp_text_fill(const struct mcp_text *text, const struct settings *settings, struct byte_buffer *out);

/* Appends the text with `{{name}}` replaced by a value that is taken as it is. Returns 0 or -ENOMEM. */
int mcp_text_put(const char *text, size_t len, const char *name, const struct byte_buffer *value,
                 struct byte_buffer *out);

#endif
