#include "client/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "front/json_text.h"

#define DEFAULT_PATIENCE_S 300u
#define PATIENCE_MAX_S 86400u
#define DEFAULT_RETRIES 5u
#define RETRIES_MAX 100u

#define OF_RUN 1u
#define OF_ALL 2u

enum option_id {
    /* Above every letter. */
    OPTION_ARG = 256,
    OPTION_ARG_STRING,
    OPTION_KWARG,
    OPTION_KWARG_STRING,
    OPTION_FILE,
    OPTION_ENV,
    OPTION_STDIN,
    OPTION_TIMEOUT,
    OPTION_MEMORY,
    OPTION_MODE,
    OPTION_BANNER,
    OPTION_NO_BANNER,
    OPTION_JSON,
    OPTION_STREAM,
    OPTION_OUTPUT,
    OPTION_FORCE,
    OPTION_HIDDEN,
    OPTION_URL,
    OPTION_LOCAL,
    OPTION_CACERT,
    OPTION_RETRIES,
    OPTION_PATIENCE,
    OPTION_IDEMPOTENCY_KEY,
    OPTION_NO_PROGRESS,
    OPTION_HELP,
    OPTION_VERSION,
};

/* Members in the order that a row of the table reads best in. */
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
static const struct row {
    enum option_id id;
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes none */
    unsigned of;
    const char *help;
} table[] = {
    {OPTION_ARG, "arg", 'a', "VALUE", OF_RUN,
     "an argument of main(): what it says as JSON, else the text as it is; may be given more than once"},
    {OPTION_ARG_STRING, "arg-string", 0, "TEXT", OF_RUN, "the same, a text whatever it looks like"},
    {OPTION_KWARG, "kwarg", 'k', "NAME=VALUE", OF_RUN, "a keyword argument of main(), JSON or text as --arg"},
    {OPTION_KWARG_STRING, "kwarg-string", 0, "NAME=TEXT", OF_RUN, "the same, always a text"},
    {OPTION_FILE, "file", 'f', "[NAME=]PATH", OF_RUN,
     "a file for the script's directory, by its last name or by NAME; PATH - is standard input"},
    {OPTION_ENV, "env", 'e', "NAME[=VALUE]", OF_RUN,
     "a variable for the script's environment; without VALUE the one of this environment"},
    {OPTION_STDIN, "stdin", 0, "PATH", OF_RUN, "what the script reads from standard input; - hands on our own"},
    {OPTION_TIMEOUT, "timeout", 't', "SECONDS", OF_RUN, "wall clock time of the run"},
    {OPTION_MEMORY, "memory-mb", 'm', "N", OF_RUN, "memory of the whole sandbox in MiB"},
    {OPTION_MODE, "mode", 0, "main|script", OF_RUN,
     "main calls main(); script runs the file as __main__ and gives the last expression's value; default main"},
    {OPTION_BANNER, "banner", 0, NULL, OF_RUN,
     "the line \"Executing main() function...\" and str(result) in the output, as the service does by default"},
    {OPTION_NO_BANNER, "no-banner", 0, NULL, OF_RUN, "neither of them, which is the default here"},
    {OPTION_STREAM, "stream", 's', NULL, OF_RUN,
     "output as it is written: the default, but with --json it makes each event a line of JSON"},
    {OPTION_OUTPUT, "output", 'o', "DIR", OF_RUN, "saves the files and figures that come back below DIR"},
    {OPTION_FORCE, "force", 0, NULL, OF_RUN, "with --output: replaces files that are there"},
    {OPTION_HIDDEN, "hidden", 0, NULL, OF_RUN, "with --output: saves names that begin with a dot, too"},
    {OPTION_IDEMPOTENCY_KEY, "idempotency-key", 0, "KEY", OF_RUN,
     "runs once however often it is sent, so that a lost connection is tried again, too; auto makes a key. The service "
     "does not end such a run when its client goes"},
    {OPTION_NO_PROGRESS, "no-progress", 'q', NULL, OF_RUN, "no clock on the terminal while the script runs"},
    {OPTION_JSON, "json", 'j', NULL, OF_ALL, "the service's whole answer as JSON on standard output"},
    {OPTION_URL, "url", 'u', "URL", OF_ALL,
     "the service: http://host:port, https://host, or unix:/path; default PYEXEC_URL, and without that --local"},
    {OPTION_LOCAL, "local", 'l', NULL, OF_ALL,
     "a service of our own for this one command, which nobody else can reach"},
    {OPTION_CACERT, "cacert", 0, "FILE", OF_ALL, "certificates to trust instead of the system's"},
    {OPTION_RETRIES, "retries", 0, "N", OF_ALL, "how often a busy service is asked again; default 5"},
    {OPTION_PATIENCE, "patience", 0, "SECONDS", OF_ALL,
     "the longest silence before the service counts as lost; default 300"},
    {OPTION_HELP, "help", 'h', NULL, OF_ALL, "this text"},
    {OPTION_VERSION, "version", 'V', NULL, OF_ALL, "the version"},
};
#define N_ROWS (sizeof table / sizeof table[0])

static const struct {
    const char *name, *help;
} commands[] = {
    [COMMAND_RUN] = {"run", "runs a script: a file, or - for standard input"},
    [COMMAND_PACKAGES] = {"packages", "what scripts can import besides the standard library"},
    [COMMAND_LIMITS] = {"limits", "every limit in force"},
    [COMMAND_HEALTH] = {"health", "whether the service can run scripts, and how it isolates them"},
};

void options_print_help(FILE *out) {
    (void)fputs(
        "usage: pyexec run [OPTION ...] FILE|-\n"
        "       pyexec packages|limits|health [OPTION ...]\n\n"
        "Runs Python in a fresh, locked-down sandbox: of a pyexecd service, or of one of its own for this one run.\n"
        "The script's output goes to standard output and standard error, main()'s value is the last line. The exit\n"
        "status is the script's; 64 and more can be pyexec's own, see pyexec(1). A key is taken from PYEXEC_API_KEY.\n",
        out);
    for (unsigned of = OF_RUN; of <= OF_ALL; of++) {
        (void)fprintf(out, "\n%s:\n", of == OF_RUN ? "Options of run" : "Options of every command");
        for (size_t i = 0; i < N_ROWS; i++) {
            if (table[i].of == of) {
                (void)fprintf(out, "  %c%c%c --%s%s%s\n        %s\n", table[i].letter ? '-' : ' ',
                              table[i].letter ? table[i].letter : ' ', table[i].letter ? ',' : ' ', table[i].name,
                              table[i].argument ? "=" : "", table[i].argument ? table[i].argument : "", table[i].help);
            }
        }
    }
}

void options_print_table(FILE *out) {
    (void)fputs("of\tname\tletter\targument\thelp\n", out);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        (void)fprintf(out, "command\t%s\t\t\t%s\n", commands[i].name, commands[i].help);
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        (void)fprintf(out, "%s\t%s\t%.1s\t%s\t%s\n", table[i].of == OF_RUN ? "run" : "all", table[i].name,
                      table[i].letter ? (const char[]){table[i].letter, '\0'} : "",
                      table[i].argument ? table[i].argument : "", table[i].help);
    }
}

static int add_input(struct options *options, int kind, const char *text, struct failure *failure) {
    struct input *more = realloc(options->inputs, (options->n_inputs + 1) * sizeof *more);
    if (!more) {
        return fail(failure, EXIT_STATUS_FAILED, "out of memory");
    }
    options->inputs = more;
    options->inputs[options->n_inputs++] = (struct input){.kind = kind, .text = text};
    return 0;
}

static int take_number(const char *text, const char *name, unsigned most, unsigned *ret, struct failure *failure) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || value > most) {
        return fail(failure, EXIT_STATUS_USAGE, "--%s wants a whole number up to %u", name, most);
    }
    *ret = (unsigned)value;
    return 0;
}

/* The service says what is too much or too little; here only what would not be JSON is refused. */
static int take_json_number(const char *text, const char *name, const char **ret, struct failure *failure) {
    struct json_span value;
    struct json_fault fault;
    if (json_text_check(text, strlen(text), 1, &value, &fault) < 0 || value.kind != JSON_TEXT_NUMBER) {
        return fail(failure, EXIT_STATUS_USAGE, "--%s wants a number", name);
    }
    *ret = text;
    return 0;
}

static int take(struct options *options, int id, const char *value, struct failure *failure) {
    switch ((enum option_id)id) {
    case OPTION_ARG:
        return add_input(options, INPUT_ARG, value, failure);
    case OPTION_ARG_STRING:
        return add_input(options, INPUT_ARG_STRING, value, failure);
    case OPTION_KWARG:
        return add_input(options, INPUT_KWARG, value, failure);
    case OPTION_KWARG_STRING:
        return add_input(options, INPUT_KWARG_STRING, value, failure);
    case OPTION_FILE:
        return add_input(options, INPUT_FILE, value, failure);
    case OPTION_ENV:
        return add_input(options, INPUT_ENV, value, failure);
    case OPTION_STDIN:
        options->input_file = value;
        return 0;
    case OPTION_TIMEOUT:
        return take_json_number(value, "timeout", &options->timeout, failure);
    case OPTION_MEMORY:
        return take_json_number(value, "memory-mb", &options->memory, failure);
    case OPTION_MODE:
        options->mode = value;
        return 0;
    case OPTION_BANNER:
    case OPTION_NO_BANNER:
        options->banner = id == OPTION_BANNER;
        return 0;
    case OPTION_JSON:
        options->json = 1;
        return 0;
    case OPTION_STREAM:
        options->stream = 1;
        return 0;
    case OPTION_OUTPUT:
        options->output = value;
        return 0;
    case OPTION_FORCE:
        options->force = 1;
        return 0;
    case OPTION_HIDDEN:
        options->hidden = 1;
        return 0;
    case OPTION_URL:
        options->url = value;
        return 0;
    case OPTION_LOCAL:
        options->local = 1;
        return 0;
    case OPTION_CACERT:
        options->certificates = value;
        return 0;
    case OPTION_RETRIES:
        return take_number(value, "retries", RETRIES_MAX, &options->retries, failure);
    case OPTION_PATIENCE:
        return take_number(value, "patience", PATIENCE_MAX_S, &options->patience_s, failure);
    case OPTION_IDEMPOTENCY_KEY:
        options->idempotency_key = value;
        return 0;
    case OPTION_NO_PROGRESS:
        options->no_progress = 1;
        return 0;
    case OPTION_HELP:
        options->command = COMMAND_HELP;
        return 0;
    case OPTION_VERSION:
        options->command = COMMAND_VERSION;
        return 0;
    }
    return 0;
}

static const struct row *row_of(int id) {
    for (size_t i = 0; i < N_ROWS; i++) {
        if ((int)table[i].id == id || (table[i].letter && table[i].letter == id)) {
            return &table[i];
        }
    }
    return NULL;
}

static int take_command(const char *word, struct options *options, struct failure *failure) {
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, word) == 0) {
            options->command = (enum command)i;
            return 0;
        }
    }
    return fail(failure, EXIT_STATUS_USAGE, "there is no command %.64s: it is run, packages, limits or health", word);
}

/* How many of the things to be sent are read from our own standard input. */
static unsigned readers_of_our_input(const struct options *options) {
    unsigned n = (options->script && strcmp(options->script, "-") == 0) +
                 (options->input_file && strcmp(options->input_file, "-") == 0);
    for (size_t i = 0; i < options->n_inputs; i++) {
        const char *name_end = strchr(options->inputs[i].text, '=');
        n += options->inputs[i].kind == INPUT_FILE && name_end && strcmp(name_end, "=-") == 0;
    }
    return n;
}

static int check(const struct options *options, struct failure *failure) {
    if (options->command == COMMAND_RUN && !options->script) {
        return fail(failure, EXIT_STATUS_USAGE, "run wants a script: a file, or - for standard input");
    }
    if (readers_of_our_input(options) > 1) {
        return fail(failure, EXIT_STATUS_USAGE, "only one of script, --stdin and --file can be standard input");
    }
    if (options->mode && strcmp(options->mode, "main") != 0 && strcmp(options->mode, "script") != 0) {
        return fail(failure, EXIT_STATUS_USAGE, "--mode is main or script");
    }
    if ((options->force || options->hidden) && !options->output) {
        return fail(failure, EXIT_STATUS_USAGE, "--force and --hidden say how to save files, which --output asks for");
    }
    if (options->local && options->url) {
        return fail(failure, EXIT_STATUS_USAGE, "--local and --url contradict each other");
    }
    if (options->patience_s == 0) {
        return fail(failure, EXIT_STATUS_USAGE, "--patience wants at least a second");
    }
    return 0;
}

/* What getopt_long(3) wants of the table. */
static void make_getopt_tables(struct option longs[N_ROWS + 1], char letters[2 * N_ROWS + 2]) {
    *letters++ = ':'; /* no messages of its own, and ':' for a missing value */
    for (size_t i = 0; i < N_ROWS; i++) {
        longs[i] =
            (struct option){.name = table[i].name, .has_arg = table[i].argument ? 1 : 0, .val = (int)table[i].id};
        if (table[i].letter) {
            *letters++ = table[i].letter;
            if (table[i].argument) {
                *letters++ = ':';
            }
        }
    }
    *letters = '\0';
    longs[N_ROWS] = (struct option){0};
}

/* The words that are no options, which getopt_long() has put at the end. */
static int take_words(int n, char **words, struct options *options, struct failure *failure) {
    if (options->command != COMMAND_RUN) {
        return n == 0 ? 0 : fail(failure, EXIT_STATUS_USAGE, "%.64s is one word too many", words[0]);
    }
    if (n > 1) {
        return fail(failure, EXIT_STATUS_USAGE, "%.64s is one word too many; arguments of main() are given by --arg",
                    words[1]);
    }
    options->script = n == 1 ? words[0] : NULL;
    return 0;
}

int options_read(int argc, char **argv, struct options *ret_options, struct failure *failure) {
    struct option longs[N_ROWS + 1];
    char letters[2 * N_ROWS + 2];
    make_getopt_tables(longs, letters);
    *ret_options = (struct options){.patience_s = DEFAULT_PATIENCE_S, .retries = DEFAULT_RETRIES};
    struct options *options = ret_options;
    if (argc < 2) {
        return fail(failure, EXIT_STATUS_USAGE, "a command is missing: run, packages, limits or health (see --help)");
    }
    if (strcmp(argv[1], "--print-options") == 0) {
        options->command = COMMAND_PRINT_OPTIONS;
        return 0;
    }
    if (argv[1][0] != '-') {
        if (take_command(argv[1], options, failure) < 0) {
            return -1;
        }
        argv++;
        argc--;
    } else if (strcmp(argv[1], "-h") != 0 && strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-V") != 0 &&
               strcmp(argv[1], "--version") != 0) {
        return fail(failure, EXIT_STATUS_USAGE,
                    "the command comes first: run, packages, limits or health (see --help)");
    }
    const enum command named = options->command;
    optind = 0; /* begins anew, for more than one call */
    int id;
    while ((id = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const struct row *row = row_of(id);
        if (id == ':') {
            return fail(failure, EXIT_STATUS_USAGE, "%.64s wants a value", argv[optind - 1]);
        }
        if (!row) {
            return fail(failure, EXIT_STATUS_USAGE, "there is no option %.64s, or it takes no value (see --help)",
                        argv[optind - 1]);
        }
        if (row->of == OF_RUN && named != COMMAND_RUN) {
            return fail(failure, EXIT_STATUS_USAGE, "--%s is an option of run", row->name);
        }
        if (take(options, (int)row->id, optarg, failure) < 0) {
            return -1;
        }
    }
    if (options->command == COMMAND_HELP || options->command == COMMAND_VERSION) {
        return 0;
    }
    return take_words(argc - optind, argv + optind, options, failure) < 0 ? -1 : check(options, failure);
}

void options_free(struct options *options) {
    free(options->inputs);
    *options = (struct options){0};
}
