#include "base/settings.h"

#define AT(member) offsetof(struct settings, member)

#define DAY_S 86400u
#define HOUR_S 3600u
#define KIB 1024u
#define MIB (1024u * 1024u)
#define TIB_IN_MIB (1024u * 1024u)

#define RELOAD SETTING_RELOADS
#define RESTART SETTING_NEEDS_RESTART

static const struct setting table[] = {
    {"config", SETTING_PATH, SETTINGS_DEFAULT_FILE, 0, 0, AT(config),
     "the configuration file; the default one is read where it exists, another must; empty: none", RESTART},

    {"listen", SETTING_TEXT, "127.0.0.1:8080", 0, 0, AT(listen),
     "address and port to serve on: 127.0.0.1:8080, [::1]:8080, localhost:8080, or :8080 for every address", RESTART},
    {"api_keys_file", SETTING_PATH, "", 0, 0, AT(api_keys_file),
     "file of API keys, made with `pyexecd key`; once set, a request needs one (docs/keys.md); empty: nobody needs a "
     "key",
     RELOAD},

    {"cors_origins", SETTING_ORIGINS, "", 0, 0, AT(cors_origins),
     "web pages of other origins that may use the service, such as https://app.example.org, separated by commas; "
     "empty: "
     "none",
     RELOAD},
    {"allowed_hosts", SETTING_HOSTS, "", 0, 0, AT(allowed_hosts),
     "names in the Host header that are served, besides IP addresses and localhost, separated by commas; empty: every "
     "name, "
     "but on loopback none",
     RELOAD},
    {"playground", SETTING_SWITCH, "yes", 0, 0, AT(playground),
     "yes: the page for people at / is served, to whoever reaches the service (docs/playground.md)", RELOAD},

    {"mcp", SETTING_SWITCH, "yes", 0, 0, AT(mcp),
     "yes: agents can use the service at /mcp, by the Model Context Protocol (docs/mcp.md); no: there is nothing there",
     RELOAD},

    {"default_timeout", SETTING_SECONDS, "10", 1, DAY_S, AT(default_timeout_ms),
     "wall clock time of a run whose request names none", RELOAD},
    {"max_timeout", SETTING_SECONDS, "60", 1, DAY_S, AT(max_timeout_ms), "the most wall clock time a request may ask",
     RELOAD},
    {"default_memory_mb", SETTING_MEBIBYTES, "512", 16, TIB_IN_MIB, AT(default_memory_bytes),
     "memory of a whole sandbox whose request names none", RELOAD},
    {"min_memory_mb", SETTING_MEBIBYTES, "64", 16, TIB_IN_MIB, AT(min_memory_bytes),
     "the least memory a request may ask", RELOAD},
    {"max_memory_mb", SETTING_MEBIBYTES, "2048", 16, TIB_IN_MIB, AT(max_memory_bytes),
     "the most memory a request may ask", RELOAD},
    {"max_cpu_time", SETTING_SECONDS, "60", 1, DAY_S, AT(max_cpu_ms), "CPU time of a run, all its processes together",
     RESTART},
    {"max_processes", SETTING_COUNT, "128", 1, 32768, AT(max_processes), "processes and threads of a run at one time",
     RESTART},
    {"max_open_files", SETTING_COUNT, "1024", 64, 65536, AT(max_open_files), "open files of each process of a run",
     RESTART},
    {"max_file_mb", SETTING_MEBIBYTES, "64", 1, TIB_IN_MIB, AT(max_file_bytes), "size of each file that a run writes",
     RESTART},
    {"max_disk_mb", SETTING_MEBIBYTES, "128", 1, TIB_IN_MIB, AT(max_disk_bytes),
     "size of a run's private directory with all that is in it", RESTART},
    {"max_inodes", SETTING_COUNT, "16384", 64, 16777216, AT(max_inodes),
     "files and directories in a run's private directory", RESTART},
    {"max_output_bytes", SETTING_BYTES, "1048576", KIB, 64 * MIB, AT(max_output_bytes),
     "kept of a run's stdout, and as much of its stderr; the middle of what is longer is dropped", RELOAD},
    {"max_result_bytes", SETTING_BYTES, "8388608", KIB, 8 * MIB, AT(max_result_bytes),
     "size of a result as JSON; a larger one is an error", RELOAD},
    {"max_artifacts", SETTING_COUNT, "50", 0, 1000, AT(max_artifacts),
     "files and figures that a run hands back; 0: none at all", RELOAD},
    {"max_artifact_mb", SETTING_MEBIBYTES, "8", 1, 24, AT(max_artifact_bytes), "size of each of them", RELOAD},
    {"max_artifact_total_mb", SETTING_MEBIBYTES, "16", 1, 24, AT(max_artifact_total_bytes), "size of all of them",
     RELOAD},
    {"max_artifact_depth", SETTING_COUNT, "8", 1, 32, AT(max_artifact_depth),
     "names in a path beneath the output directory, the file's own included", RELOAD},
    {"max_artifact_path_bytes", SETTING_BYTES, "255", 16, 1024, AT(max_artifact_path_bytes), "length of such a path",
     RELOAD},

    {"max_script_bytes", SETTING_BYTES, "1048576", KIB, 32 * MIB, AT(max_script_bytes), "size of a posted script",
     RELOAD},
    {"max_body_bytes", SETTING_BYTES, "16777216", KIB, 32 * MIB, AT(max_body_bytes), "size of a request's body",
     RELOAD},
    {"max_files", SETTING_COUNT, "100", 0, 10000, AT(max_files), "files posted with one request", RELOAD},
    {"max_header_bytes", SETTING_BYTES, "32768", KIB, MIB, AT(max_header_bytes), "size of a request's header", RESTART},
    {"header_timeout", SETTING_SECONDS, "10", 1, HOUR_S, AT(header_timeout_ms),
     "time a client has for sending a whole header", RELOAD},
    {"body_timeout", SETTING_SECONDS, "30", 1, HOUR_S, AT(body_timeout_ms),
     "time a client has for sending a whole body", RELOAD},
    {"idle_timeout", SETTING_SECONDS, "60", 1, HOUR_S, AT(idle_timeout_ms),
     "time a connection is kept open between two requests", RELOAD},
    {"max_connections", SETTING_COUNT, "1024", 1, 65536, AT(max_connections), "open connections of clients", RELOAD},
    {"stream_heartbeat", SETTING_SECONDS, "10", 1, HOUR_S, AT(stream_heartbeat_ms),
     "time between the comment lines that keep a streamed answer's connection open", RELOAD},

    {"max_running", SETTING_COUNT, "64", 1, 1024, AT(max_running), "runs at one time", RESTART},
    {"memory_overcommit_percent", SETTING_COUNT, "200", 0, 100000, AT(memory_overcommit_percent),
     "memory limits of the runs at one time, together, in percent of the memory that the machine or the container has; "
     "more runs wait; 0: it does not matter",
     RESTART},
    {"max_queue", SETTING_COUNT, "512", 0, 65536, AT(max_queue),
     "requests that wait for a sandbox; more are told to come back later", RELOAD},
    {"queue_timeout", SETTING_SECONDS, "10", 0, HOUR_S, AT(queue_timeout_ms),
     "the longest wait for a sandbox before a request is told to come back later", RELOAD},
    {"idempotency_max_keys", SETTING_COUNT, "4096", 1, 1000000, AT(idempotency_max_keys),
     "requests with an Idempotency-Key whose answers are kept", RELOAD},
    {"idempotency_max_mb", SETTING_MEBIBYTES, "64", 1, 65536, AT(idempotency_max_bytes),
     "size of those answers together", RELOAD},
    {"idempotency_max_age", SETTING_SECONDS, "3600", 1, 7 * DAY_S, AT(idempotency_max_age_ms),
     "how long such an answer is kept", RELOAD},
    {"memory_holder", SETTING_SWITCH, "no", 0, 0, AT(memory_holder),
     "yes: an answer does not wait until the run's memory is taken down; a script then sees a process more, its own",
     RESTART},
    {"pool_lean", SETTING_COUNT, "0", 0, 1024, AT(pool_lean),
     "ready sandboxes with the standard library loaded; 0: chosen from the number of cores", RESTART},
    {"pool_data", SETTING_COUNT, "0", 0, 1024, AT(pool_data),
     "ready sandboxes with NumPy, pandas and matplotlib loaded; 0: chosen from the number of cores", RESTART},
    {"guest_max_runs", SETTING_COUNT, "100000", 1, 1000000000, AT(guest_max_runs),
     "a warm interpreter is replaced after this many sandboxes", RELOAD},
    {"guest_max_age", SETTING_SECONDS, "3600", 1, 30 * DAY_S, AT(guest_max_age_ms),
     "a warm interpreter is replaced after this time", RELOAD},
    {"drain_delay", SETTING_SECONDS, "0", 0, HOUR_S, AT(drain_delay_ms),
     "time that requests are still run when the service is told to end, while /health/ready says draining: what a "
     "balancer in front takes to look there",
     RELOAD},
    {"drain_timeout", SETTING_SECONDS, "8", 0, HOUR_S, AT(drain_timeout_ms),
     "time that running scripts have left when the service is told to end", RELOAD},

    {"isolation", SETTING_ISOLATION, "auto", 0, 0, AT(isolation),
     "the tier of isolation: auto (the strongest that works here), namespaces, landlock or seccomp", RESTART},
    {"min_isolation", SETTING_TIER, "landlock", 0, 0, AT(min_isolation),
     "the weakest tier to start with: namespaces, landlock or seccomp", RESTART},
    {"sandbox_root", SETTING_PATH, "/usr/lib/pyexecd/root", 0, 0, AT(sandbox_root),
     "the prepared tree that is the root of sandboxes without namespaces, where it exists and root starts the service",
     RESTART},
    {"private_base", SETTING_PATH, "", 0, 0, AT(private_base),
     "where sandboxes without namespaces have their private directories; empty: in the prepared tree, or the first of "
     "/run, /tmp and /dev/shm that can be used",
     RESTART},

    {"site_packages", SETTING_PATHS, "", 0, 0, AT(site_packages),
     "directories of Python packages that every script can import from, separated by colons; a virtual environment "
     "stands for the packages in it (docs/packages.md)",
     RESTART},
    {"preload", SETTING_MODULES, "", 0, 0, AT(preload),
     "modules that the interpreter with pandas imports as well before requests come, separated by commas", RESTART},

    /* Below 1000 live the system's own users; 2^32 - 1 is no user id, and some room is left for the block. */
    {"uid_base", SETTING_COUNT, "1900000000", 1000, 4294000000, AT(uid_base),
     "first of the user ids that sandboxes run as when the service is started by root", RESTART},
    {"log_level", SETTING_LOG_LEVEL, "info", 0, 0, AT(log_level), "how much is logged: error, warning, info or debug",
     RELOAD},
    {"log_format", SETTING_LOG_FORMAT, "auto", 0, 0, AT(log_format),
     "the form of log lines: text, json, or auto (text on a terminal, json elsewhere)", RESTART},
    {"log_content", SETTING_SWITCH, "no", 0, 0, AT(log_content),
     "yes: the beginnings of scripts and of their output are logged too; they may hold secrets", RELOAD},
};

const struct setting *settings_table(size_t *ret_count) {
    *ret_count = sizeof table / sizeof table[0];
    return table;
}

int setting_is_text(const struct setting *setting) {
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_PATHS:
    case SETTING_MODULES:
    case SETTING_ORIGINS:
    case SETTING_HOSTS:
        return 1;
    case SETTING_COUNT:
    case SETTING_SECONDS:
    case SETTING_BYTES:
    case SETTING_MEBIBYTES:
    case SETTING_LOG_LEVEL:
    case SETTING_LOG_FORMAT:
    case SETTING_SWITCH:
    case SETTING_ISOLATION:
    case SETTING_TIER:
        break;
    }
    return 0;
}
