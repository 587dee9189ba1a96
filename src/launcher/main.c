/* pyexecd: the first process. It reads the settings, binds the listening socket, and then (service.h) starts the keeper
 * and starts another when that dies, and kills and reaps whatever descends from it. From then on it reads nothing but
 * signals, one-word messages of its keeper's, and the settings that a short-lived child of its own has read on SIGHUP:
 * no network, no file, no message of anyone else's.
 *
 *     launcher            this process; child subreaper; pid 1 in a container
 *       keeper            the same program, forked: privileged, tiny, no HTTP, no JSON, no script
 *         front           pyexec-front: HTTP; unprivileged and jailed. For `pyexecd selftest` pyexec-selftest instead
 *         init, namespace maker, guest (pyexec-guest), sandboxes: in namespaces of their own
 *
 * ARCHITECTURE.md has the whole drawing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/key_file.h"
#include "base/log.h"
#include "base/settings.h"
#include "keeper/keeper.h"
#include "launcher/activation.h"
#include "launcher/listener.h"
#include "launcher/service.h"
#include "launcher/take_over.h"

#define EXIT_USAGE 64

/* Our programs lie beside this one, or in ../libexec/pyexecd once installed. */
static int open_program_dir(void) {
    cleanup_close int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (self < 0 || n <= 0) {
        return -errno;
    }
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    cleanup_close int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return -errno;
    }
    if (faccessat(dir, "pyexec-front", X_OK, 0) == 0) {
        return take_fd(&dir);
    }
    int libexec = openat(dir, "../libexec/pyexecd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return libexec < 0 ? -errno : libexec;
}

static const char help_head[] =
    "usage: pyexecd [--setting=value ...]\n"
    "       pyexecd check-config [--setting=value ...]\n"
    "       pyexecd check [--json] [--setting=value ...]\n"
    "       pyexecd selftest [--json] [--setting=value ...]\n"
    "       pyexecd mcp [--setting=value ...]\n"
    "       pyexecd key NAME [CAP ...]\n"
    "\n"
    "Runs untrusted Python over HTTP: each script in a fresh, locked-down sandbox.\n"
    "\n"
    "  check-config      reads the settings as a start would, prints those that differ from their defaults, and ends.\n"
    "                    Exit status 0 when they are in order, 64 when not\n"
    "  check             says what this host offers, the tier of isolation that follows, each layer or why it is\n"
    "                    missing, and ends. Exit status 0 when the service would start here\n"
    "  selftest          attacks the sandboxes of this very host, prints what stopped each attack, and ends; opens no\n"
    "                    port. Exit status 0 only when every attack was stopped\n"
    "    --json          the same as one JSON object\n"
    "  mcp               serves one agent on standard input and output by the Model Context Protocol, without a port,\n"
    "                    until the input ends; the log goes to standard error\n"
    "  key NAME [CAP ..] makes an API key: its line for the file of keys on standard output, the key on standard "
    "error\n"
    "  --help            this text\n"
    "  --version         the version\n"
    "  --print-settings  the settings for scripts: one a line, separated by tabs\n"
    "\n";

/* Options that only print. Returns 1 when there was one. */
static int print_and_end(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(help_head, stdout);
        settings_print_help(stdout);
        return 1;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("pyexecd %s\n", PYEXEC_VERSION);
        return 1;
    }
    if (argc == 2 && strcmp(argv[1], "--print-settings") == 0) {
        settings_print_table(stdout);
        return 1;
    }
    return 0;
}

/* What the first words of the arguments ask for. */
struct command {
    struct keeper_client client; /* who gets the sandboxes */
    enum { COMMAND_SERVE, COMMAND_CHECK_CONFIG, COMMAND_CHECK, COMMAND_SELFTEST, COMMAND_MCP } what;
    int as_json;
};

/* `pyexecd key ...` is another program: nothing that hashes is linked into this one. Returns only when it fails. */
static int become_key_command(char **argv) {
    char program[] = "pyexec-key";
    cleanup_close int dir = open_program_dir();
    cleanup_close int fd = dir < 0 ? -1 : openat(dir, program, O_PATH | O_CLOEXEC);
    argv[0] = program;
    if (fd >= 0) {
        (void)fexecve(fd, argv, environ);
    }
    (void)fprintf(stderr, "pyexecd: pyexec-key is neither beside pyexecd nor in ../libexec/pyexecd\n");
    return 1;
}

/* Takes these words out of the arguments: the command's name, then maybe `--json`. */
static struct command take_command(int *argc, char **argv) {
    static const char *const names[] = {[COMMAND_CHECK_CONFIG] = "check-config",
                                        [COMMAND_CHECK] = "check",
                                        [COMMAND_SELFTEST] = "selftest",
                                        [COMMAND_MCP] = "mcp"};
    struct command command = {.client = {.program = "pyexec-front", .listen_fd = -1, .keys_fd = -1}};
    int words = 0;
    for (int what = COMMAND_CHECK_CONFIG; what <= COMMAND_MCP && *argc > 1; what++) {
        if (strcmp(argv[1], names[what]) == 0) {
            command.what = what;
            words = 1;
        }
    }
    if (command.what == COMMAND_CHECK || command.what == COMMAND_SELFTEST) {
        command.client =
            (struct keeper_client){.program = "pyexec-selftest", .listen_fd = -1, .keys_fd = -1, .once = 1};
        if (*argc > 2 && strcmp(argv[2], "--json") == 0) {
            command.as_json = 1;
            command.client.argument = argv[2];
            words = 2;
        }
    }
    if (command.what == COMMAND_MCP) {
        command.client = (struct keeper_client){.program = "pyexec-mcp", .listen_fd = -1, .keys_fd = -1, .once = 1};
    }
    for (int i = 1; i + words <= *argc; i++) {
        argv[i] = argv[i + words];
    }
    *argc -= words;
    return command;
}

/* The settings are in order; what else a start needs is looked at here. */
static int check_config(const struct settings *settings, const struct settings_origins *origins) {
    char complaint[1024];
    cleanup_close int keys_fd =
        *settings->api_keys_file ? key_file_open(settings->api_keys_file, complaint, sizeof complaint) : -1;
    if (*settings->api_keys_file && keys_fd < 0) {
        (void)fprintf(stderr, "pyexecd: api_keys_file: %s\n", complaint);
        return EXIT_USAGE;
    }
    cleanup_close int program_dir = open_program_dir();
    if (program_dir < 0) {
        (void)fprintf(stderr, "pyexecd: pyexec-front and pyexec-guest are neither beside pyexecd nor in "
                              "../libexec/pyexecd\n");
        return KEEPER_EXIT_REFUSED;
    }
    settings_print_changed(settings, origins, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}

static int run_check(const struct settings *settings, int as_json) {
    int refused = keeper_check(settings, as_json, stdout);
    if (refused < 0) {
        log_error("check: %s", strerror(-refused));
        return 1;
    }
    return fflush(stdout) == 0 ? refused : 1;
}

/* The socket of the version before, or of the service manager, or a new one. Returns it, or -errno after a line in the
 * log. */
static int find_listener(struct service *service) {
    char error_text[160] = "";
    struct inheritance left;
    const char *listen = service->settings.listen;
    if (take_over_inherit(&left) == 0) {
        service->old_keeper = left.keeper;
        service->client.takes_over = 1;
        listener_describe(left.listen_fd, service->bound, sizeof service->bound);
        return left.listen_fd;
    }
    int fd = activation_take(error_text, sizeof error_text);
    if (fd >= 0) {
        listener_describe(fd, service->bound, sizeof service->bound);
        return fd;
    }
    if (fd != -ENOENT) {
        log_error("%s", *error_text ? error_text : strerror(-fd));
        return fd;
    }
    fd = listener_open(listen, service->bound, sizeof service->bound);
    if (fd < 0) {
        log_error("cannot listen on %s: %s", listen, strerror(-fd));
    }
    return fd;
}

/* One agent calls one tool after the other, most often: a pool as a service has it would be memory for nothing. */
#define MCP_POOL_LEAN 2
#define MCP_POOL_DATA 1

/* Whoever starts us may use us, and has no use for a key. */
static void adapt_to_one_agent(struct settings *settings) {
    settings->api_keys_file[0] = '\0';
    if (settings->pool_lean == 0) {
        settings->pool_lean = MCP_POOL_LEAN;
    }
    if (settings->pool_data == 0) {
        settings->pool_data = MCP_POOL_DATA;
    }
}

/* The standard input is for pyexec-mcp alone: no other process of ours shall have it among its standard streams.
 * Returns its new number or -errno. */
static int take_input(void) {
    cleanup_close int input_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    cleanup_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (input_fd < 0 || null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0) {
        return -errno;
    }
    return take_fd(&input_fd);
}

static int serve(struct command *command, const struct settings_sources *sources, const struct settings *settings) {
    cleanup_close int program_dir = open_program_dir();
    if (program_dir < 0) {
        log_error("pyexec-front and pyexec-guest are neither beside pyexecd nor in ../libexec/pyexecd");
        return KEEPER_EXIT_REFUSED;
    }
    struct service service = {
        .sources = sources, .settings = *settings, .client = command->client, .program_dir = program_dir};
    memcpy(service.bound, settings->listen, sizeof service.bound);
    cleanup_close int listen_fd = -1;
    if (command->what == COMMAND_MCP) {
        service.client.input_fd = take_input();
        if (service.client.input_fd < 0) {
            log_error("standard input: %s", strerror(-service.client.input_fd));
            return 1;
        }
    }
    if (command->what == COMMAND_SERVE && *settings->api_keys_file) {
        char complaint[1024];
        service.client.keys_fd = key_file_open(settings->api_keys_file, complaint, sizeof complaint);
        if (service.client.keys_fd < 0) {
            log_error("api_keys_file: %s", complaint);
            return EXIT_USAGE;
        }
    }
    if (command->what == COMMAND_SERVE) {
        listen_fd = find_listener(&service);
        if (listen_fd < 0) {
            return 1;
        }
        service.client.listen_fd = listen_fd;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
        log_error("child subreaper: %s", strerror(errno));
        return 1;
    }
    return service_run(&service);
}

int main(int argc, char **argv) {
    struct settings settings;
    struct settings_origins origins;
    char error_text[512];
    if (argc > 1 && strcmp(argv[1], "key") == 0) {
        return become_key_command(argv + 1);
    }
    struct command command = take_command(&argc, argv);
    if (print_and_end(argc, argv)) {
        return fflush(stdout) == 0 ? 0 : 1;
    }
    const struct settings_sources sources = {.argc = argc, .argv = argv, .environment = environ, .read_file = 1};
    if (settings_load(&sources, &settings, &origins, error_text, sizeof error_text) < 0) {
        (void)fprintf(stderr, "pyexecd: %s\n", error_text);
        return EXIT_USAGE;
    }
    if (command.what == COMMAND_MCP) {
        adapt_to_one_agent(&settings);
    }
    if (command.client.once && settings.log_level == LOG_LEVEL_INFO) {
        settings.log_level = LOG_LEVEL_WARNING; /* its output is a report, not the life of a service */
    }
    log_set_format((enum log_format)settings.log_format);
    log_start("launcher", (enum log_level)settings.log_level);
    if (command.what == COMMAND_CHECK_CONFIG) {
        return check_config(&settings, &origins);
    }
    if (command.what == COMMAND_CHECK) {
        return run_check(&settings, command.as_json);
    }
    take_over_remember_program();
    log_open_sink();
    service_block_signals();
    return serve(&command, &sources, &settings);
}
