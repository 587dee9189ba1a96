#include "front/mcp/catalogue.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "front/decode.h"
#include "front/limits_page.h"
#include "front/mcp/texts.h"

static const char instructions[] =
    "Runs Python in a fresh, locked-down sandbox for each call. Use run_python for calculations, data analysis, plots "
    "and "
    "for trying code out; write the script like a notebook cell, with the wanted value as its last expression. Nothing "
    "is kept between calls and there is no network: send data in `files`. list_packages tells what can be imported; "
    "the "
    "resource pyexec://guide tells all that a script may rely on.";

json_t *mcp_initialize(const struct json_span *version) {
    const char *known = mcp_known_version(version->text + 1, version->len - 2);
    const char *spoken = known ? known : mcp_newest_version;
    return json_pack("{s:s, s:{s:{}, s:{}, s:{}}, s:{s:s, s:s, s:s}, s:s}", "protocolVersion", spoken, "capabilities",
                     "tools", "prompts", "resources", "serverInfo", "name", "pyexecd", "title", "Python in a sandbox",
                     "version", PYEXEC_VERSION, "instructions", instructions);
}

/* ---- tools ---- */

json_t *mcp_tools_list(const struct mcp_facts *facts) {
    cleanup_byte_buffer struct byte_buffer text = {0};
    if (mcp_text_fill(&mcp_text_tools, facts->settings, &text) < 0) {
        return NULL;
    }
    json_t *tools = json_loadb(text.bytes, text.len, 0, NULL);
    return tools ? json_pack("{s:o}", "tools", tools) : NULL;
}

/* A result of tools/call with one text; takes `structured`, which may be NULL. */
static json_t *tool_text(const char *text, size_t len, json_t *structured, int is_error) {
    json_t *result =
        json_pack("{s:[{s:s, s:s%}], s:b}", "content", "type", "text", "text", text, len, "isError", is_error);
    if (result && structured && json_object_set(result, "structuredContent", structured) < 0) {
        json_decref(result);
        result = NULL;
    }
    json_decref(structured);
    return result;
}

static int has_in_it(const char *text, const char *part) {
    return strcasestr(text, part) != NULL;
}

static int matches(const char *name, const json_t *modules, const char *filter) {
    size_t i;
    json_t *module;
    int found = has_in_it(name, filter);
    json_array_foreach(modules, i, module) {
        found |= json_is_string(module) && has_in_it(json_string_value(module), filter);
    }
    return found;
}

/* One line: "pandas 1.5.3 (import pandas)", the names where they differ from the package's. */
static int append_package(const char *name, const char *version, const json_t *modules, struct byte_buffer *text) {
    size_t i;
    json_t *module;
    int error = byte_buffer_append_text(text, "\n- ");
    error = error ? error : byte_buffer_append_text(text, name);
    error = error ? error : byte_buffer_append_text(text, " ");
    error = error ? error : byte_buffer_append_text(text, version);
    json_array_foreach(modules, i, module) {
        error = error ? error : byte_buffer_append_text(text, i == 0 ? ": import " : ", ");
        error = error ? error : byte_buffer_append_text(text, json_is_string(module) ? json_string_value(module) : "?");
    }
    return error;
}

/* Keeps the packages that match, of a list that the data guest has made: what is not as it should be is left out. */
static json_t *filter_packages(json_t *listing, const char *filter, struct byte_buffer *text) {
    json_t *kept = json_array(), *package;
    const char *python = json_string_value(json_object_get(listing, "python"));
    size_t i;
    int error = byte_buffer_append_text(text, "Python ");
    error = error ? error : byte_buffer_append_text(text, python ? python : "?");
    error = error ? error : byte_buffer_append_text(text, " with its standard library, and:");
    json_array_foreach(json_object_get(listing, "packages"), i, package) {
        const char *name = json_string_value(json_object_get(package, "name"));
        const char *version = json_string_value(json_object_get(package, "version"));
        const json_t *modules = json_object_get(package, "modules");
        if (!error && name && version && json_is_array(modules) && matches(name, modules, filter)) {
            error = json_array_append(kept, package) < 0 ? -1 : append_package(name, version, modules, text);
        }
    }
    if (!error && json_array_size(kept) == 0) {
        error = byte_buffer_append_text(text, *filter ? " no package with that in its name." : " nothing else.");
    }
    if (error || !kept) {
        json_decref(kept);
        return NULL;
    }
    return json_pack("{s:s, s:o}", "python", python ? python : "", "packages", kept);
}

static int bad_filter(const struct json_span *arguments, struct byte_buffer *ret_filter, char *ret_message,
                      size_t size) {
    struct json_walk walk;
    struct json_span name, value;
    char quoted[PROBLEM_QUOTE_MAX];
    if (!arguments->text) {
        return 0;
    }
    json_walk_start(&walk, arguments);
    while (json_walk_member(&walk, &name, &value)) {
        if (!json_text_equals(&name, "filter")) {
            (void)snprintf(ret_message, size, "Unknown argument '%s'. Known: filter.", decode_quote(&name, quoted));
            return 1;
        }
        if (value.kind != JSON_TEXT_STRING && value.kind != JSON_TEXT_NULL) {
            (void)snprintf(ret_message, size, "filter must be a string, not %s.", json_text_kind_name(value.kind));
            return 1;
        }
        ret_filter->len = 0;
        if (value.kind == JSON_TEXT_STRING && json_text_append(ret_filter, &value, NULL) < 0) {
            (void)snprintf(ret_message, size, "There is no memory for this filter.");
            return 1;
        }
    }
    return 0;
}

json_t *mcp_list_packages(const struct mcp_facts *facts, const struct json_span *arguments) {
    static const char not_yet[] =
        "The packages are not known yet: the service has just started. Call again in a second.";
    cleanup_byte_buffer struct byte_buffer filter = {0}, text = {0};
    char message[PROBLEM_TEXT_MAX];
    if (bad_filter(arguments, &filter, message, sizeof message)) {
        return tool_text(message, strlen(message), NULL, 1);
    }
    if (byte_buffer_append(&filter, "", 1) < 0) {
        return NULL;
    }
    if (facts->packages->len == 0) {
        return tool_text(not_yet, sizeof not_yet - 1, NULL, 1);
    }
    json_t *listing = json_loadb(facts->packages->bytes, facts->packages->len, JSON_ALLOW_NUL, NULL);
    json_t *structured = listing ? filter_packages(listing, filter.bytes, &text) : NULL;
    json_decref(listing);
    return structured ? tool_text(text.bytes, text.len, structured, 0) : NULL;
}

/* ---- prompts ---- */

struct argument {
    const char *name, *description;
};

static const struct prompt {
    const char *name, *title, *description;
    const struct mcp_text *text;
    struct argument arguments[2]; /* all required; name NULL: there is none */
} prompts[] = {
    {"write_script",
     "Write a Python script",
     "Writes a script that works in the sandbox the first time, and runs it.",
     &mcp_text_prompt_write,
     {{"task", "What the script is to find out, compute or draw."}}},
    {"fix_script",
     "Mend a Python script",
     "Mends a script that failed in the sandbox.",
     &mcp_text_prompt_fix,
     {{"script", "The script's source."}, {"error", "What came back: the error, the traceback, the output."}}},
};

json_t *mcp_prompts_list(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof prompts / sizeof prompts[0]; i++) {
        const struct prompt *prompt = &prompts[i];
        json_t *arguments = json_array();
        for (size_t j = 0; j < 2 && prompt->arguments[j].name; j++) {
            (void)json_array_append_new(arguments,
                                        json_pack("{s:s, s:s, s:b}", "name", prompt->arguments[j].name, "description",
                                                  prompt->arguments[j].description, "required", 1));
        }
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s, s:s, s:o}", "name", prompt->name, "title", prompt->title,
                                              "description", prompt->description, "arguments", arguments));
    }
    return json_pack("{s:o}", "prompts", list);
}

static json_t *fault(struct mcp_fault *ret_fault, enum mcp_error_code code, const char *format, const char *what) {
    ret_fault->code = code;
    (void)snprintf(ret_fault->message, sizeof ret_fault->message, "%s '%s'.", format, what);
    return NULL;
}

/* The value of a prompt's argument as text. Returns 1, 0 when it is not there as a string, or -ENOMEM. */
static int argument_value(const struct json_span *arguments, const char *name, struct byte_buffer *ret_value) {
    struct json_walk walk;
    struct json_span member, value;
    if (!arguments->text) {
        return 0;
    }
    json_walk_start(&walk, arguments);
    while (json_walk_member(&walk, &member, &value)) {
        if (json_text_equals(&member, name) && value.kind == JSON_TEXT_STRING) {
            int error = json_text_append(ret_value, &value, NULL);
            return error ? error : 1;
        }
    }
    return 0;
}

json_t *mcp_prompts_get(const struct mcp_facts *facts, const struct mcp_message *message, struct mcp_fault *ret_fault) {
    const struct prompt *prompt = NULL;
    char quoted[PROBLEM_QUOTE_MAX];
    for (size_t i = 0; i < sizeof prompts / sizeof prompts[0]; i++) {
        prompt = json_text_equals(&message->name, prompts[i].name) ? &prompts[i] : prompt;
    }
    if (!prompt) {
        return fault(ret_fault, MCP_INVALID_PARAMS, "Unknown prompt", decode_quote(&message->name, quoted));
    }
    cleanup_byte_buffer struct byte_buffer text = {0};
    if (mcp_text_fill(prompt->text, facts->settings, &text) < 0) {
        return NULL;
    }
    /* The last one first: what a value holds is never looked at for marks of those in front of it. */
    for (size_t j = 2; j-- > 0;) {
        cleanup_byte_buffer struct byte_buffer value = {0};
        struct byte_buffer put = {0};
        const char *name = prompt->arguments[j].name;
        int found = name ? argument_value(&message->arguments, name, &value) : 1;
        if (found == 0) {
            return fault(ret_fault, MCP_INVALID_PARAMS, "This prompt needs the text argument", name);
        }
        if (found < 0 || (name && mcp_text_put(text.bytes, text.len, name, &value, &put) < 0)) {
            byte_buffer_free(&put);
            return NULL;
        }
        if (name) {
            byte_buffer_free(&text);
            text = put;
        }
    }
    return json_pack("{s:s, s:[{s:s, s:{s:s, s:s%}}]}", "description", prompt->description, "messages", "role", "user",
                     "content", "type", "text", "text", text.bytes, text.len);
}

/* ---- resources ---- */

#define GUIDE_URI "pyexec://guide"
#define LIMITS_URI "pyexec://limits"
#define PACKAGES_URI "pyexec://packages"

json_t *mcp_resources_list(void) {
    static const struct {
        const char *uri, *name, *title, *description, *mime;
    } resources[] = {
        {GUIDE_URI, "guide", "How to write scripts", "All that a script may rely on, and how results come back.",
         "text/markdown"},
        {LIMITS_URI, "limits", "Limits", "Every limit in force, with its unit.", "application/json"},
        {PACKAGES_URI, "packages", "Packages", "What scripts can import, with versions.", "application/json"},
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "uri", resources[i].uri, "name",
                                                    resources[i].name, "title", resources[i].title, "description",
                                                    resources[i].description, "mimeType", resources[i].mime));
    }
    return json_pack("{s:o}", "resources", list);
}

json_t *mcp_resources_templates_list(void) {
    return json_pack("{s:[]}", "resourceTemplates");
}

static json_t *contents(const char *uri, const char *mime, const char *text, size_t len) {
    return json_pack("{s:[{s:s, s:s, s:s%}]}", "contents", "uri", uri, "mimeType", mime, "text", text, len);
}

json_t *mcp_resources_read(const struct mcp_facts *facts, const struct json_span *uri, struct mcp_fault *ret_fault) {
    if (json_text_equals(uri, GUIDE_URI)) {
        cleanup_byte_buffer struct byte_buffer text = {0};
        return mcp_text_fill(&mcp_text_guide, facts->settings, &text) < 0
                   ? NULL
                   : contents(GUIDE_URI, "text/markdown", text.bytes, text.len);
    }
    if (json_text_equals(uri, LIMITS_URI)) {
        struct answer page;
        if (limits_page(facts->settings, facts->account, &page) < 0) {
            return NULL;
        }
        json_t *result = contents(LIMITS_URI, "application/json", page.text.bytes, page.text.len);
        answer_free(&page);
        return result;
    }
    if (json_text_equals(uri, PACKAGES_URI) && facts->packages->len > 0) {
        return contents(PACKAGES_URI, "application/json", facts->packages->bytes, facts->packages->len);
    }
    if (json_text_equals(uri, PACKAGES_URI)) {
        return fault(ret_fault, MCP_INTERNAL_ERROR,
                     "The packages are not known yet, the service has just started:", PACKAGES_URI);
    }
    char quoted[PROBLEM_QUOTE_MAX];
    return fault(ret_fault, MCP_RESOURCE_NOT_FOUND, "Resource not found:", decode_quote(uri, quoted));
}
