/* pyexec: runs Python in pyexecd's sandboxes, from the command line.
 *
 *     options  ─► request ─► session ─► transfer ─► events ─► screen
 *     command     the JSON    a service,  libcurl     what      terminal or file
 *     line        to send     retries                 comes
 *
 * What comes from the service is not trusted, since it may be another service, and part of it is a stranger's script:
 * sizes are bounded, JSON is checked, names of files are judged (save.h), and a terminal is shown nothing that it would
 * obey (terminal_text.h). */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/options.h"
#include "client/pages.h"
#include "client/run.h"

static int print(void (*what)(FILE *out)) {
    what(stdout);
    return fflush(stdout) == 0 ? 0 : EXIT_STATUS_OUTPUT;
}

static void print_version(FILE *out) {
    (void)fprintf(out, "pyexec %s\n", PYEXEC_VERSION);
}

static int perform(const struct options *options) {
    struct session session = {0};
    if (session_open(&session, options) < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fputs("pyexec: out of memory\n", stderr);
        return EXIT_STATUS_FAILED;
    }
    int status = options->command == COMMAND_RUN ? run_command(options, &session) : pages_command(options, &session);
    curl_global_cleanup();
    return status;
}

int main(int argc, char **argv) {
    struct options options;
    struct failure failure;
    int status = 0;
    if (options_read(argc, argv, &options, &failure) < 0) {
        (void)fprintf(stderr, "pyexec: %s\n", failure.text);
        status = failure.status;
    } else if (options.command == COMMAND_HELP) {
        status = print(options_print_help);
    } else if (options.command == COMMAND_VERSION) {
        status = print(print_version);
    } else if (options.command == COMMAND_PRINT_OPTIONS) {
        status = print(options_print_table);
    } else {
        status = perform(&options);
    }
    options_free(&options);
    return status;
}
