#include <errno.h>
#include <string.h>

#include "unit.h"

#include "front/mcp/message.h"
#include "front/mcp/texts.h"
#include "front/mcp/tool_result.h"

/* What the protocol's messages come to on the way in and out of the service is in test_front_mcp.py; here are the pure
 * parts, and what no played sandbox hands back. */

/* ---- messages ---- */

static int decode(const char *text, struct mcp_message *message, struct mcp_fault *fault) {
    return mcp_message_decode(text, strlen(text), message, fault);
}

static void takes_a_call_apart(void **state) {
    (void)state;
    struct mcp_message message;
    struct mcp_fault fault;
    const char *text =
        " {\"params\":{\"arguments\":{\"script\":\"1\"},\"_meta\":{\"x\":1,\"progressToken\":\"t\"},\"name\":"
        "\"run_python\",\"later\":[]},\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"tools\\/call\"} ";
    assert_int_equal(decode(text, &message, &fault), 0);
    assert_int_equal(message.kind, MCP_REQUEST);
    assert_int_equal(message.method, MCP_TOOLS_CALL);
    assert_memory_equal(message.id.text, "7", message.id.len);
    assert_memory_equal(message.token.text, "\"t\"", message.token.len);
    assert_memory_equal(message.arguments.text, "{\"script\":\"1\"}", message.arguments.len);
    assert_true(json_text_equals(&message.name, "run_python"));
    assert_null(message.uri.text);
}

static void faults_have_the_id(void **state) {
    (void)state;
    struct mcp_message message;
    struct mcp_fault fault;
    assert_int_equal(decode("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/cal\"}", &message, &fault), -EBADMSG);
    assert_int_equal(fault.code, MCP_METHOD_NOT_FOUND);
    assert_memory_equal(fault.id.text, "\"a\"", fault.id.len);
    assert_int_equal(decode("{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"ping\"}", &message, &fault), -EBADMSG);
    assert_int_equal(fault.code, MCP_INVALID_REQUEST);
    assert_null(fault.id.text);
}

static void a_long_name_is_cut_at_a_character(void **state) {
    (void)state;
    char text[4096] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"";
    struct mcp_message message;
    struct mcp_fault fault;
    for (int i = 0; i < 1000; i++) {
        strcat(text, "\xC3\xA4");
    }
    strcat(text, "\"}");
    assert_int_equal(decode(text, &message, &fault), -EBADMSG);
    assert_true(strlen(fault.message) < 150);
}

static struct json_span span(const char *text, enum json_text_kind kind) {
    return (struct json_span){.text = text, .len = strlen(text), .kind = kind};
}

static void ids(void **state) {
    (void)state;
    const struct json_span one = span("1", JSON_TEXT_NUMBER), two = span("2", JSON_TEXT_NUMBER);
    const struct json_span text = span("\"1\"", JSON_TEXT_STRING), escaped = span("\"\\u0031\"", JSON_TEXT_STRING);
    assert_true(mcp_id_equals(&one, &one));
    assert_false(mcp_id_equals(&one, &two));
    assert_false(mcp_id_equals(&one, &text));
    assert_true(mcp_id_equals(&text, &escaped));
}

static void versions(void **state) {
    (void)state;
    assert_string_equal(mcp_known_version("2025-06-18xx", 10), "2025-06-18");
    assert_null(mcp_known_version("2025-06-18", 9));
    assert_non_null(mcp_known_version(mcp_newest_version, strlen(mcp_newest_version)));
}

/* ---- results ---- */

static void check_result(const char *answer, const char *expected) {
    const struct byte_buffer given = {.bytes = (char *)(uintptr_t)answer, .len = strlen(answer)};
    struct byte_buffer text = {0};
    assert_int_equal(mcp_tool_result(&given, &text), 0);
    assert_int_equal(byte_buffer_append(&text, "", 1), 0);
    assert_string_equal(text.bytes, expected);
    byte_buffer_free(&text);
}

static void files_become_blocks(void **state) {
    (void)state;
    check_result(
        "{\"success\":true,\"result\":null,\"stdout\":\"\",\"id\":\"r-1\",\"artifacts\":["
        "{\"path\":\"figure-1.png\",\"mime\":\"image/png\",\"size\":3,\"base64\":\"AAEC\"},"
        "{\"path\":\"a b/\\u00e4?.csv\",\"mime\":\"text/csv\",\"size\":4,\"base64\":\"YSxiCg==\"},"
        "{\"path\":\"x.svg\",\"mime\":\"image/svg+xml\",\"size\":1,\"base64\":\"/w==\"}],"
        "\"artifacts_skipped\":[{\"path\":\"l\",\"reason\":\"it is a symbolic link\"}]}",
        "{\"content\":["
        "{\"type\":\"text\",\"text\":\"The script ran to its end, printed nothing and has no result. Print what you "
        "want to "
        "see, or let the last line be an expression.\\n\\nFiles:\\n- figure-1.png (image/png, 3 bytes)\\n- a "
        "b/\xC3\xA4?.csv (text/csv, 4 bytes)\\n- x.svg (image/svg+xml, 1 bytes)\\n\\nFiles left out:\\n- l: it is a "
        "symbolic link\"},"
        "{\"type\":\"image\",\"data\":\"AAEC\",\"mimeType\":\"image/png\"},"
        "{\"type\":\"resource\",\"resource\":{\"uri\":\"pyexec://runs/r-1/a%20b/%C3%A4%3F.csv\",\"mimeType\":\"text/"
        "csv\",\"text\":\"a,b\\n\"}},"
        "{\"type\":\"resource\",\"resource\":{\"uri\":\"pyexec://runs/r-1/x.svg\",\"mimeType\":\"image/"
        "svg+xml\",\"blob\":"
        "\"/w==\"}}],"
        "\"structuredContent\":{\"success\":true,\"result\":null,\"stdout\":\"\",\"id\":\"r-1\",\"artifacts\":["
        "{\"path\":\"figure-1.png\",\"mime\":\"image/png\",\"size\":3},"
        "{\"path\":\"a b/\\u00e4?.csv\",\"mime\":\"text/csv\",\"size\":4},"
        "{\"path\":\"x.svg\",\"mime\":\"image/svg+xml\",\"size\":1}],"
        "\"artifacts_skipped\":[{\"path\":\"l\",\"reason\":\"it is a symbolic link\"}]},\"isError\":false}");
}

static void control_characters_are_no_text(void **state) {
    (void)state;
    check_result(
        "{\"success\":true,\"result\":1,\"id\":\"i\",\"artifacts\":[{\"path\":\"c\",\"mime\":\"text/plain\","
        "\"size\":3,\"base64\":\"AWEK\"}]}",
        "{\"content\":[{\"type\":\"text\",\"text\":\"Result:\\n1\\n\\nFiles:\\n- c (text/plain, 3 bytes)\"},"
        "{\"type\":\"resource\",\"resource\":{\"uri\":\"pyexec://runs/i/c\",\"mimeType\":\"text/plain\",\"blob\":"
        "\"AWEK\"}}],\"structuredContent\":{\"success\":true,\"result\":1,\"id\":\"i\",\"artifacts\":[{\"path\":"
        "\"c\",\"mime\":\"text/plain\",\"size\":3}]},\"isError\":false}");
}

static void empty_file(void **state) {
    (void)state;
    check_result(
        "{\"success\":true,\"result\":1,\"id\":\"i\",\"artifacts\":[{\"path\":\"e\",\"mime\":\"application/octet-"
        "stream\",\"size\":0,\"base64\":\"\"}]}",
        "{\"content\":[{\"type\":\"text\",\"text\":\"Result:\\n1\\n\\nFiles:\\n- e (application/octet-stream, 0 "
        "bytes)\"},{\"type\":\"resource\",\"resource\":{\"uri\":\"pyexec://runs/i/e\",\"mimeType\":\"application/"
        "octet-stream\",\"text\":\"\"}}],\"structuredContent\":{\"success\":true,\"result\":1,\"id\":\"i\","
        "\"artifacts\":[{\"path\":\"e\",\"mime\":\"application/octet-stream\",\"size\":0}]},\"isError\":false}");
}

static void a_failure_reads_well(void **state) {
    (void)state;
    check_result(
        "{\"success\":false,\"error\":\"missing_main\",\"message\":\"No main.\",\"stdout\":\"x\\n\",\"stderr\":"
        "\"y\\n\",\"suggestions\":[\"a\",\"b\"],\"available_functions\":[\"f\"],\"id\":\"i\"}",
        "{\"content\":[{\"type\":\"text\",\"text\":\"missing_main: No main.\\n\\nSuggestions:\\n- a\\n- "
        "b\\n\\nFunctions the script defines:\\n- f\\n\\nOutput before that:\\nx\\n\\nStandard error:\\ny\"}],"
        "\"structuredContent\":{\"success\":false,\"error\":\"missing_main\",\"message\":\"No main.\",\"stdout\":"
        "\"x\\n\",\"stderr\":\"y\\n\",\"suggestions\":[\"a\",\"b\"],\"available_functions\":[\"f\"],\"id\":\"i\"},"
        "\"isError\":true}");
}

/* ---- texts ---- */

static void settings_are_filled_in(void **state) {
    (void)state;
    struct settings settings;
    struct byte_buffer out = {0};
    const char text[] = "{max_timeout} \"$max_timeout\" {no_setting} {listen} {\"$ {} $max_timeout \"$";
    const struct mcp_text given = {text, sizeof text - 1};
    settings_default(&settings);
    assert_int_equal(mcp_text_fill(&given, &settings, &out), 0);
    assert_int_equal(byte_buffer_append(&out, "", 1), 0);
    assert_string_equal(out.bytes, "60 60 {no_setting} {listen} {\"$ {} $max_timeout \"$");
    byte_buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_call_apart),
        cmocka_unit_test(faults_have_the_id),
        cmocka_unit_test(a_long_name_is_cut_at_a_character),
        cmocka_unit_test(ids),
        cmocka_unit_test(versions),
        cmocka_unit_test(files_become_blocks),
        cmocka_unit_test(control_characters_are_no_text),
        cmocka_unit_test(empty_file),
        cmocka_unit_test(a_failure_reads_well),
        cmocka_unit_test(settings_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
