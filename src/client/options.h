/* The command line: one table, from which --help, the manual page and the completions of the shells are made. */
#ifndef PYEXEC_CLIENT_OPTIONS_H
#define PYEXEC_CLIENT_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "client/exit_status.h"

enum command {
    COMMAND_RUN,
    COMMAND_PACKAGES,
    COMMAND_LIMITS,
    COMMAND_HEALTH,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_PRINT_OPTIONS, /* for scripts: the table, separated by tabs */
};

/* Something that is handed to the script; the texts are borrowed from the arguments. */
struct input {
    enum { INPUT_ARG, INPUT_ARG_STRING, INPUT_KWARG, INPUT_KWARG_STRING, INPUT_FILE, INPUT_ENV } kind;
    const char *text;
};

struct options {
    enum command command;
    const char *url;          /* NULL: none was given */
    int local;                /* a service of our own, whatever `url` is */
    const char *certificates; /* a file of those to trust; NULL: the system's */
    unsigned patience_s;      /* the longest silence of the service */
    unsigned retries;
    int json;

    const char *script;   /* a path, or "-" */
    struct input *inputs; /* owned; in the order they were given */
    size_t n_inputs;
    const char *input_file;              /* the script's standard input: a path, or "-"; NULL: none */
    const char *timeout, *memory, *mode; /* as written, numbers are JSON numbers; NULL: the service's default */
    int banner, stream;
    const char *output; /* directory for artifacts; NULL: none are saved */
    int force, hidden;  /* replace files; save names that begin with a dot */
    const char *idempotency_key;
    int no_progress;
};

/* Reads the arguments; `url` is NULL where no --url was given, whatever the environment says. Returns 0, or -1 with
 * *failure. *ret_options is to be freed either way. */
int options_read(int argc, char **argv, struct options *ret_options, struct failure *failure);

void options_free(struct options *options);

void options_print_help(FILE *out);

/* One option a line: its commands, long name, letter, argument, help. */
void options_print_table(FILE *out);

#endif
