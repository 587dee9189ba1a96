/* Every setting and limit of the service: one table with name, unit, default, range and help text.
 *
 * The name is that of the configuration file (`max_timeout`) and gives the flag (`--max-timeout`) and the environment
 * variable (`PYEXEC_MAX_TIMEOUT`). A flag wins over the environment, the environment over the file, the file over the
 * default. `--help`, the manual pages and docs/configuration.md are made from the table. */
#ifndef PYEXEC_BASE_SETTINGS_H
#define PYEXEC_BASE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_TEXT_MAX 512
#define SETTINGS_MAX 128 /* rows, at most */
#define SETTINGS_DEFAULT_FILE "/etc/pyexecd/pyexecd.conf"

/* Times are kept in milliseconds and sizes in bytes, whatever unit the operator writes them in. */
struct settings {
    char config[SETTINGS_TEXT_MAX];        /* the file that was to be read; "": none */
    char listen[SETTINGS_TEXT_MAX];        /* address:port, [address]:port for IPv6 */
    char api_keys_file[SETTINGS_TEXT_MAX]; /* "": nobody needs a key */

    char cors_origins[SETTINGS_TEXT_MAX];  /* that may read answers; separated by commas */
    char allowed_hosts[SETTINGS_TEXT_MAX]; /* that a request may name; separated by commas */

    uint64_t mcp;        /* 1: agents are served at /mcp */
    uint64_t playground; /* 1: the page at "/" is there */

    uint64_t default_timeout_ms; /* wall clock of a run */
    uint64_t max_timeout_ms;
    uint64_t default_memory_bytes; /* of a whole sandbox */
    uint64_t min_memory_bytes;
    uint64_t max_memory_bytes;
    uint64_t max_cpu_ms;       /* CPU time of a whole sandbox */
    uint64_t max_processes;    /* processes and threads of a sandbox */
    uint64_t max_open_files;   /* per process of a sandbox */
    uint64_t max_file_bytes;   /* one file a script writes */
    uint64_t max_disk_bytes;   /* the whole private directory */
    uint64_t max_inodes;       /* files and directories in it */
    uint64_t max_output_bytes; /* kept of stdout, and of stderr */
    uint64_t max_result_bytes; /* the result's JSON text */
    uint64_t max_artifacts;
    uint64_t max_artifact_bytes; /* one of them */
    uint64_t max_artifact_total_bytes;
    uint64_t max_artifact_depth; /* names in a path */
    uint64_t max_artifact_path_bytes;

    uint64_t max_script_bytes;
    uint64_t max_body_bytes;
    uint64_t max_files;
    uint64_t max_header_bytes;
    uint64_t header_timeout_ms; /* from the connection or the last answer's end to the last header byte */
    uint64_t body_timeout_ms;   /* from the last header byte to the last body byte */
    uint64_t idle_timeout_ms;   /* a kept-alive connection without a request */
    uint64_t max_connections;
    uint64_t stream_heartbeat_ms; /* between the comment lines of a streamed answer */

    uint64_t max_running;               /* runs at once */
    uint64_t memory_overcommit_percent; /* of the memory there is, for the limits of what runs; 0: no matter */
    uint64_t max_queue;                 /* requests that wait for a sandbox */
    uint64_t queue_timeout_ms;          /* the longest wait in the queue */
    uint64_t idempotency_max_keys;      /* Idempotency-Keys remembered */
    uint64_t idempotency_max_bytes;
    uint64_t idempotency_max_age_ms;
    uint64_t memory_holder; /* 0 or 1 */
    uint64_t pool_lean;     /* ready sandboxes kept; 0: chosen from the number of cores */
    uint64_t pool_data;
    uint64_t guest_max_runs;   /* a guest is replaced after this many sandboxes */
    uint64_t guest_max_age_ms; /* or after this time */
    uint64_t drain_delay_ms;   /* how long SIGTERM waits before it refuses anything */
    uint64_t drain_timeout_ms; /* how long it waits for running scripts then */

    uint64_t isolation;                   /* enum isolation: the tier asked for */
    uint64_t min_isolation;               /* enum isolation: below it the service does not start */
    char sandbox_root[SETTINGS_TEXT_MAX]; /* the prepared tree of the tiers without namespaces */
    char private_base[SETTINGS_TEXT_MAX]; /* where they keep private directories; "": the first that can be used */

    char site_packages[SETTINGS_TEXT_MAX]; /* directories that scripts import from as well; separated by colons */
    char preload[SETTINGS_TEXT_MAX];       /* modules that the data guest imports as well; separated by commas */

    uint64_t uid_base;    /* first user id of the block for guests and slots, when started as root */
    uint64_t log_level;   /* enum log_level */
    uint64_t log_format;  /* enum log_format */
    uint64_t log_content; /* 1: scripts and their output are logged */
};

/* The tiers, the weakest first. */
enum isolation {
    ISOLATION_AUTO = 0, /* the strongest that works here */
    ISOLATION_SECCOMP,
    ISOLATION_LANDLOCK,
    ISOLATION_NAMESPACES,
};

/* "auto", "seccomp", "landlock", "namespaces": static text. */
const char *isolation_name(enum isolation isolation);

enum setting_type {
    SETTING_TEXT,
    SETTING_COUNT,   /* a plain number */
    SETTING_SECONDS, /* written in seconds, decimals allowed; kept in milliseconds */
    SETTING_BYTES,
    SETTING_MEBIBYTES,  /* written in MiB, kept in bytes */
    SETTING_PATH,       /* absolute; may be empty where the default is */
    SETTING_PATHS,      /* absolute, separated by colons; may be empty */
    SETTING_MODULES,    /* names of Python modules, separated by commas; may be empty */
    SETTING_ORIGINS,    /* such as https://example.org:8443, separated by commas; may be empty */
    SETTING_HOSTS,      /* names without port, separated by commas; may be empty */
    SETTING_LOG_LEVEL,  /* error, warning, info, debug */
    SETTING_LOG_FORMAT, /* auto, text, json */
    SETTING_SWITCH,     /* no, yes: kept as 0, 1 */
    SETTING_ISOLATION,  /* auto, or a tier */
    SETTING_TIER,       /* seccomp, landlock, namespaces */
};

/* When a changed value takes effect. */
enum setting_change {
    SETTING_NEEDS_RESTART,
    SETTING_RELOADS, /* with SIGHUP */
};

/* Members in the order that a row of the table reads best in. */
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct setting {
    const char *name; /* as in the contract and the environment variable, lower case with underscores */
    enum setting_type type;
    const char *default_text; /* in the operator's unit */
    uint64_t least, most;     /* in the operator's unit; for seconds whole ones */
    size_t offset;            /* into struct settings */
    const char *help;
    enum setting_change change;
};

/* Where a setting's value comes from. */
struct settings_origin {
    enum { SETTING_FROM_DEFAULT = 0, SETTING_FROM_FILE, SETTING_FROM_ENVIRONMENT, SETTING_FROM_FLAG } kind;
    unsigned line; /* of the file */
};

/* In the order of the table. */
struct settings_origins {
    struct settings_origin of[SETTINGS_MAX];
};

struct settings_sources {
    int argc; /* arguments argv[1] to argv[argc - 1], each `--name=value` or `--name value` */
    char *const *argv;
    char *const *environment; /* all its PYEXEC_* variables; NULL: none */
    int read_file;            /* 1: the configuration file that those two name, or the default one where it exists */
};

/* The table; *ret_count entries, in the order of --help. Static, never freed. */
const struct setting *settings_table(size_t *ret_count);

/* Fills *ret_settings with the defaults. */
void settings_default(struct settings *ret_settings);

/* Reads all sources. A name that is not in the table is an error that names the nearest known one; so are a value out
 * of its range and two settings that contradict each other. Returns 0, or -EINVAL with a message for people in
 * error[0..error_size), which begins with "FILE:LINE: " where the file is at fault. *ret_settings and *ret_origins (may
 * be NULL) are written only on success. */
int settings_load(const struct settings_sources *sources, struct settings *ret_settings,
                  struct settings_origins *ret_origins, char *error, size_t error_size);

/* The same without a file. */
int settings_read(int argc, char *const *argv, char *const *environment, struct settings *ret_settings, char *error,
                  size_t error_size);

/* What a reload makes of the settings in force and those that were read anew: values that take effect at once are
 * taken, and on_restart() is called for each of the others that differs. Returns 0, or -EINVAL with a message when the
 * two together contradict each other. */
int settings_merge(const struct settings *current, const struct settings *wanted, struct settings *ret_settings,
                   void (*on_restart)(void *context, const struct setting *setting), void *context, char *error,
                   size_t error_size);

/* The arguments that make settings_read() give these same settings: for handing them to front. `program` becomes
 * argv[0]. Returns a NULL-ended argv in one allocation, to be freed with free(), or NULL when out of memory. */
char **settings_to_arguments(const struct settings *settings, const char *program);

/* Prints the table as the text of --help, or for scripts: a line of names, then one line a setting, separated by tabs.
 */
void settings_print_help(FILE *out);
void settings_print_table(FILE *out);

/* Prints what was set, as a configuration file that sets the same, with the origin of each value as a comment. */
void settings_print_changed(const struct settings *settings, const struct settings_origins *origins, FILE *out);

/* 1 when the setting is a text of SETTINGS_TEXT_MAX bytes in struct settings, 0 when it is a number. */
int setting_is_text(const struct setting *setting);

/* Writes the value of a setting as the operator would: in its unit, without it. */
void settings_write_value(const struct settings *settings, const struct setting *setting, char text[SETTINGS_TEXT_MAX]);

/* 1 when the setting is a number between `least` and `most`. */
int setting_has_range(const struct setting *setting);

/* The unit the operator writes a setting in: "seconds", "bytes", "MiB", "" for counts and text. */
const char *setting_unit(const struct setting *setting);

#endif
