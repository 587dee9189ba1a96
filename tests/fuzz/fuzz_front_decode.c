/* A request body, from a client: whatever comes, decode_request() gives a whole run_request or a problem that says
 * something in valid JSON. */
#include <stdlib.h>
#include <string.h>

#include "front/answer.h"
#include "front/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds) {
    if (!holds) {
        abort();
    }
}

static void check_entries(const unsigned char *section, uint64_t len, uint32_t n) {
    uint64_t offset = 0;
    const unsigned char *name, *value;
    uint32_t name_len, value_len;
    for (uint32_t i = 0; i < n; i++) {
        check(run_request_next_entry(section, len, &offset, &name, &name_len, &value, &value_len) == 1);
        check(name_len > 0);
    }
    check(run_request_next_entry(section, len, &offset, &name, &name_len, &value, &value_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct settings settings;
    struct run_input input;
    struct problem problem;
    settings_default(&settings);
    char *body = malloc(size ? size : 1);
    memcpy(body, data, size);
    int error = decode_request(body, size, &settings, &input, &problem);
    free(body);
    if (error) {
        struct answer answer;
        struct json_span value;
        struct json_fault fault;
        check(problem.n_suggestions > 0 && problem.message[0]);
        check(answer_problem(&problem, "id", &answer) == 0);
        check(json_text_check(answer.text.bytes, answer.text.len, 3, &value, &fault) == 0);
        answer_free(&answer);
        return 0;
    }
    struct run_request_header header;
    uint64_t body_size;
    memcpy(&header, input.request.bytes, sizeof header);
    check(run_request_body_size(&header, &body_size) == 0 && input.request.len == sizeof header + body_size);
    const unsigned char *at = (const unsigned char *)input.request.bytes + sizeof header;
    check(header.script_len > 0 && !memchr(at, '\0', header.script_len));
    at += header.script_len + header.args_len + header.kwargs_len;
    check_entries(at, header.env_len, header.n_env);
    check_entries(at + header.env_len, header.files_len, header.n_files);
    run_input_free(&input);
    return 0;
}
