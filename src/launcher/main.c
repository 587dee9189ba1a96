/* pyexecd: the first process. It binds the listening socket, starts the keeper and starts another when that dies, kills
 * and reaps whatever descends from it, and reads nothing: no network, no message, no file of anyone's.
 *
 *     launcher            this process; child subreaper; pid 1 in a container
 *       keeper            the same program, forked: privileged, tiny, no HTTP, no JSON, no script
 *         front           pyexec-front: HTTP; unprivileged and jailed. For `pyexecd selftest` pyexec-selftest instead
 *         init, namespace maker, guest (pyexec-guest), sandboxes: in namespaces of their own
 *
 * ARCHITECTURE.md has the whole drawing. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/key_file.h"
#include "base/log.h"
#include "base/settings.h"
#include "keeper/keeper.h"
#include "launcher/children.h"
#include "launcher/listener.h"

#define EXIT_USAGE 64
#define END_ALL_MS 5000
/* A keeper that lived shorter than this counts as failed at the start. */
#define SHORT_LIFE_US 1000000u
#define MAX_SHORT_LIVES 10

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

static pid_t start_keeper(const struct settings *settings, const struct keeper_client *client, int program_dir) {
    const pid_t launcher = getpid();
    pid_t pid = fork();
    if (pid != 0) {
        return pid < 0 ? -errno : pid;
    }
    /* Its own session: Ctrl-C in a terminal is for the launcher, which then has the keeper drain. */
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != launcher) {
        _exit(KEEPER_EXIT_FAILED);
    }
    /* exit(), so that a sanitizer has its last word. */
    exit(keeper_run(settings, client, program_dir));
}

/* Waits for the keeper and for signals. Returns its wait status; *asked_to_end counts the requests to end. */
static int wait_for_keeper(pid_t keeper, const sigset_t *handled, int *asked_to_end) {
    for (;;) {
        int status = 0;
        pid_t ended;
        /* Orphans come to us as well: reaped and forgotten. */
        do {
            ended = waitpid(-1, &status, WNOHANG | __WALL);
            if (ended == keeper) {
                return status;
            }
        } while (ended > 0);
        siginfo_t info;
        int signal_number = sigwaitinfo(handled, &info);
        if (signal_number == SIGTERM || signal_number == SIGINT) {
            (*asked_to_end)++;
            (void)kill(keeper, SIGTERM);
        }
    }
}

static int serve(const struct settings *settings, const struct keeper_client *client, int program_dir,
                 const sigset_t *handled) {
    int asked_to_end = 0;
    for (int short_lives = 0; short_lives < MAX_SHORT_LIVES;) {
        const uint64_t started_us = clock_now_us();
        pid_t keeper = start_keeper(settings, client, program_dir);
        if (keeper < 0) {
            log_error("the keeper cannot be started: %s", strerror(-keeper));
            return 1;
        }
        int status = wait_for_keeper(keeper, handled, &asked_to_end);
        if (children_end_all(END_ALL_MS) < 0) {
            log_error("some processes do not end");
        }
        if (client->once) {
            if (!WIFEXITED(status)) {
                log_error("the keeper ended by signal %d", WTERMSIG(status));
            }
            return WIFEXITED(status) && !asked_to_end ? WEXITSTATUS(status) : 1;
        }
        if (asked_to_end) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == KEEPER_EXIT_REFUSED) {
            return KEEPER_EXIT_REFUSED;
        }
        log_error("the keeper ended (%s %d); starting another", WIFEXITED(status) ? "status" : "signal",
                  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        short_lives = clock_now_us() - started_us < SHORT_LIFE_US ? short_lives + 1 : 0;
    }
    log_error("the keeper does not stay alive; giving up");
    return 1;
}

static int print_and_end(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf(
            "usage: pyexecd [--setting=value ...]\n"
            "       pyexecd check [--json] [--setting=value ...]\n"
            "       pyexecd selftest [--json] [--setting=value ...]\n"
            "       pyexecd key NAME [CAP ...]\n\n"
            "Runs untrusted Python over HTTP: each script in a fresh, locked-down sandbox.\n\n"
            "  check                       says what this host offers, the tier of isolation that follows, each layer "
            "or "
            "why\n"
            "                              it is missing, and ends. Exit status 0 when the service would start here\n"
            "  selftest                    attacks the sandboxes of this very host, prints what stopped each "
            "attack, and\n"
            "                              ends; opens no port. Exit status 0 only when every attack was stopped\n"
            "    --json                    the same as one JSON object\n"
            "  key NAME [CAP ...]          makes an API key: its line for the file of keys on standard output, the key "
            "on\n"
            "                              standard error\n"
            "  --help                      this text\n"
            "  --version                   the version\n"
            "  --print-settings-markdown   the settings as a table for docs/configuration.md\n\n");
        settings_print_help(stdout);
        return 1;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("pyexecd %s\n", PYEXEC_VERSION);
        return 1;
    }
    if (argc == 2 && strcmp(argv[1], "--print-settings-markdown") == 0) {
        settings_print_markdown(stdout);
        return 1;
    }
    return 0;
}

/* What the first words of the arguments ask for. */
struct command {
    struct keeper_client client; /* who gets the sandboxes */
    int check;
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

/* Takes these words out of the arguments: `check` or `selftest`, then maybe `--json`. */
static struct command take_command(int *argc, char **argv) {
    struct command command = {.client = {.program = "pyexec-front", .listen_fd = -1, .keys_fd = -1}};
    int words = 0;
    if (*argc > 1 && (strcmp(argv[1], "selftest") == 0 || strcmp(argv[1], "check") == 0)) {
        words = 1;
        command.check = strcmp(argv[1], "check") == 0;
        command.client =
            (struct keeper_client){.program = "pyexec-selftest", .listen_fd = -1, .keys_fd = -1, .once = 1};
        if (*argc > 2 && strcmp(argv[2], "--json") == 0) {
            command.as_json = 1;
            command.client.argument = argv[2];
            words = 2;
        }
    }
    for (int i = 1; i + words <= *argc; i++) {
        argv[i] = argv[i + words];
    }
    *argc -= words;
    return command;
}

static int run_check(const struct settings *settings, int as_json) {
    int refused = keeper_check(settings, as_json, stdout);
    if (refused < 0) {
        log_error("check: %s", strerror(-refused));
        return 1;
    }
    return fflush(stdout) == 0 ? refused : 1;
}

int main(int argc, char **argv) {
    struct settings settings;
    char error_text[1024];
    if (argc > 1 && strcmp(argv[1], "key") == 0) {
        return become_key_command(argv + 1);
    }
    struct command command = take_command(&argc, argv);
    struct keeper_client client = command.client;
    if (print_and_end(argc, argv)) {
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (settings_read(argc, argv, environ, &settings, error_text, sizeof error_text) < 0) {
        (void)fprintf(stderr, "pyexecd: %s\n", error_text);
        return EXIT_USAGE;
    }
    if (client.once && settings.log_level == LOG_LEVEL_INFO) {
        settings.log_level = LOG_LEVEL_WARNING; /* its output is a report, not the life of a service */
    }
    log_start("launcher", (enum log_level)settings.log_level);
    if (command.check) {
        return run_check(&settings, command.as_json);
    }

    cleanup_close int program_dir = open_program_dir();
    if (program_dir < 0) {
        log_error("pyexec-front and pyexec-guest are neither beside pyexecd nor in ../libexec/pyexecd");
        return KEEPER_EXIT_REFUSED;
    }
    cleanup_close int listen_fd = -1, keys_fd = -1;
    if (!client.once && *settings.api_keys_file) {
        keys_fd = key_file_open(settings.api_keys_file, error_text, sizeof error_text);
        if (keys_fd < 0) {
            log_error("api_keys_file: %s", error_text);
            return EXIT_USAGE;
        }
        client.keys_fd = keys_fd;
    }
    if (!client.once) {
        char bound[SETTINGS_TEXT_MAX];
        listen_fd = listener_open(settings.listen, bound, sizeof bound);
        if (listen_fd < 0) {
            log_error("cannot listen on %s: %s", settings.listen, strerror(-listen_fd));
            return 1;
        }
        (void)snprintf(settings.listen, sizeof settings.listen, "%s", bound);
        client.listen_fd = listen_fd;
    }

    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
        log_error("child subreaper: %s", strerror(errno));
        return 1;
    }
    /* SIGCHLD is blocked and waited for like the others, so that none is lost between two waits. */
    sigset_t handled;
    sigemptyset(&handled);
    sigaddset(&handled, SIGTERM);
    sigaddset(&handled, SIGINT);
    sigaddset(&handled, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &handled, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return serve(&settings, &client, program_dir, &handled);
}
