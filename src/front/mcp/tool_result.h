/* What a model gets to read of a run: an answer of POST /execute becomes the result of tools/call. Pure.
 *
 * structuredContent is that answer, but for the contents of artifacts. In front of it stand content blocks: one text
 * that reads well, cut where it is long, then every picture as an image and every other file as a resource. */
#ifndef PYEXEC_FRONT_MCP_TOOL_RESULT_H
#define PYEXEC_FRONT_MCP_TOOL_RESULT_H

#include "front/byte_buffer.h"

/* Of a result, of standard output, and of standard error, the text block shows this much; the rest is in
 * structuredContent. */
#define MCP_SHOWN_BYTES (16u << 10)

/* `answer` is one JSON object as answer_run() or answer_problem() makes it. Appends a CallToolResult as JSON. Returns 0
 * or -ENOMEM. */
int mcp_tool_result(const struct byte_buffer *answer, struct byte_buffer *text);

#endif
