/* What a client is told without a run: who we are, the tools, prompts and resources there are, and what is in them.
 * Pure. */
#ifndef PYEXEC_FRONT_MCP_CATALOGUE_H
#define PYEXEC_FRONT_MCP_CATALOGUE_H

#include <jansson.h>

#include "base/settings.h"
#include "front/account.h"
#include "front/json_text.h"
#include "front/mcp/message.h"

/* What the answers are made from; all borrowed. */
struct mcp_facts {
    const struct settings *settings;    /* as they are for this account */
    const struct account *account;      /* or NULL */
    const struct byte_buffer *packages; /* JSON; empty: not known yet */
};

/* Each returns the result of the method of that name, which the caller takes, or NULL: without memory, or with
 * ret_fault->code set. */
json_t *mcp_initialize(const struct json_span *version);
json_t *mcp_tools_list(const struct mcp_facts *facts);
json_t *mcp_list_packages(const struct mcp_facts *facts, const struct json_span *arguments);
json_t *mcp_prompts_list(void);
json_t *mcp_prompts_get(const struct mcp_facts *facts, const struct mcp_message *message, struct mcp_fault *ret_fault);
json_t *mcp_resources_list(void);
json_t *mcp_resources_templates_list(void);
json_t *mcp_resources_read(const struct mcp_facts *facts, const struct json_span *uri, struct mcp_fault *ret_fault);

#endif
