/* Settings from all their sources: defaults, configuration file, environment, flags. */
#include "base/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/settings_file.h"
#include "base/settings_inside.h"

#define ENVIRONMENT_PREFIX "PYEXEC_"
#define NAME_MAX_LENGTH 40
#define DESCRIPTION_MAX (SETTINGS_TEXT_MAX + 2 * NAME_MAX_LENGTH + 24)

/* A read in progress. */
struct reading {
    struct settings settings;
    struct settings_origins origins;
    const char *file; /* while it is read */
    const struct complaint *complaint;
};

/* ---- names ---- */

enum spelling {
    AS_NAME,     /* max_timeout: in the file */
    AS_FLAG,     /* --max-timeout */
    AS_VARIABLE, /* PYEXEC_MAX_TIMEOUT */
};

static char upper(char c) {
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static void spell(const struct setting *setting, enum spelling spelling, char spelled[NAME_MAX_LENGTH]) {
    static const char *const prefixes[] = {[AS_NAME] = "", [AS_FLAG] = "--", [AS_VARIABLE] = ENVIRONMENT_PREFIX};
    int n = snprintf(spelled, NAME_MAX_LENGTH, "%s%s", prefixes[spelling], setting->name);
    for (int i = 0; i < n && i < NAME_MAX_LENGTH; i++) {
        if (spelling == AS_FLAG) {
            spelled[i] = (char)(spelled[i] == '_' ? '-' : spelled[i]);
        } else if (spelling == AS_VARIABLE) {
            spelled[i] = upper(spelled[i]);
        }
    }
}

/* How many letters have to be put in, taken out or changed to make `b` of `a`; both of at most NAME_MAX_LENGTH. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t row[NAME_MAX_LENGTH + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = changed < shorter ? changed : shorter;
        }
    }
    return row[b_len];
}

/* Complains about a name that is in no row of the table, naming the nearest that is. `name` has its prefix still. */
static int complain_unknown(const struct reading *reading, unsigned line, const char *name, size_t name_len,
                            enum spelling spelling) {
    size_t count, best_distance = SIZE_MAX;
    const struct setting *table = settings_table(&count);
    char best[NAME_MAX_LENGTH] = "";
    int shown = name_len < 64 ? (int)name_len : 64;
    size_t compared = name_len < NAME_MAX_LENGTH ? name_len : NAME_MAX_LENGTH;
    for (size_t i = 0; i < count; i++) {
        char spelled[NAME_MAX_LENGTH];
        spell(&table[i], spelling, spelled);
        size_t distance = edit_distance(name, compared, spelled, strlen(spelled));
        if (distance < best_distance) {
            best_distance = distance;
            memcpy(best, spelled, sizeof best);
        }
    }
    if (spelling == AS_NAME) {
        return complain(reading->complaint, "%s:%u: unknown setting %.*s; the nearest known one is %s", reading->file,
                        line, shown, name, best);
    }
    return complain(reading->complaint, "unknown %s %.*s; the nearest known one is %s (see --help)",
                    spelling == AS_FLAG ? "flag" : "environment variable", shown, name, best);
}

static const struct setting *find(const char *name, size_t name_len, enum spelling spelling) {
    size_t count;
    const struct setting *table = settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        char spelled[NAME_MAX_LENGTH];
        spell(&table[i], spelling, spelled);
        if (strlen(spelled) == name_len && memcmp(spelled, name, name_len) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static int is_config(const struct setting *setting) {
    return setting->offset == offsetof(struct settings, config);
}

static struct settings_origin *origin_of(struct settings_origins *origins, const struct setting *setting) {
    size_t count;
    return &origins->of[setting - settings_table(&count)];
}

/* ---- environment ---- */

/* Kubernetes tells every container of the services around it: one called "pyexec" as PYEXEC_SERVICE_HOST,
 * PYEXEC_SERVICE_PORT, PYEXEC_SERVICE_PORT_HTTP, PYEXEC_PORT=tcp://..., PYEXEC_PORT_8080_TCP_ADDR, and so on. */
static int is_kubernetes_link(const char *entry, size_t name_len) {
    static const char host[] = ENVIRONMENT_PREFIX "SERVICE_HOST", service[] = ENVIRONMENT_PREFIX "SERVICE_PORT",
                      port[] = ENVIRONMENT_PREFIX "PORT";
    const char *value = entry[name_len] ? entry + name_len + 1 : "";
    if (name_len == sizeof host - 1 && memcmp(entry, host, name_len) == 0) {
        return 1;
    }
    if (strncmp(entry, service, sizeof service - 1) == 0) {
        return entry[sizeof service - 1] == '=' || entry[sizeof service - 1] == '_';
    }
    if (strncmp(entry, port, sizeof port - 1) != 0) {
        return 0;
    }
    const char *rest = entry + sizeof port - 1;
    return *rest == '=' ? strstr(value, "://") != NULL : rest[0] == '_' && rest[1] >= '0' && rest[1] <= '9';
}

/* Those of pyexec(1), which a shell may well export. */
static int is_clients(const char *entry, size_t name_len) {
    static const char *const names[] = {ENVIRONMENT_PREFIX "URL", ENVIRONMENT_PREFIX "API_KEY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == name_len && memcmp(entry, names[i], name_len) == 0) {
            return 1;
        }
    }
    return 0;
}

static int read_environment(struct reading *reading, char *const *environment) {
    for (; environment && *environment; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) != 0) {
            continue;
        }
        size_t name_len = strcspn(entry, "=");
        const struct setting *setting = find(entry, name_len, AS_VARIABLE);
        if (!setting && (is_kubernetes_link(entry, name_len) || is_clients(entry, name_len))) {
            continue;
        }
        if (!setting) {
            return complain_unknown(reading, 0, entry, name_len, AS_VARIABLE);
        }
        char spelled[NAME_MAX_LENGTH];
        spell(setting, AS_VARIABLE, spelled);
        int error = settings_apply(&reading->settings, setting, spelled, entry[name_len] ? entry + name_len + 1 : "",
                                   reading->complaint);
        if (error < 0) {
            return error;
        }
        *origin_of(&reading->origins, setting) = (struct settings_origin){.kind = SETTING_FROM_ENVIRONMENT};
    }
    return 0;
}

/* ---- flags ---- */

static int read_arguments(struct reading *reading, int argc, char *const *argv) {
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strncmp(argument, "--", 2) != 0) {
            return complain(reading->complaint,
                            "unexpected argument %.64s; settings are written --name=value (see --help)", argument);
        }
        size_t name_len = strcspn(argument, "=");
        const struct setting *setting = find(argument, name_len, AS_FLAG);
        if (!setting) {
            return complain_unknown(reading, 0, argument, name_len, AS_FLAG);
        }
        char spelled[NAME_MAX_LENGTH];
        spell(setting, AS_FLAG, spelled);
        const char *text = argument + name_len + 1;
        if (argument[name_len] == '\0') {
            /* No value begins with "--", so one that does is the next flag. */
            if (i + 1 >= argc || strncmp(argv[i + 1], "--", 2) == 0) {
                return complain(reading->complaint, "%s needs a value, such as %s=%s", spelled, spelled,
                                setting->default_text);
            }
            text = argv[++i];
        }
        int error = settings_apply(&reading->settings, setting, spelled, text, reading->complaint);
        if (error < 0) {
            return error;
        }
        *origin_of(&reading->origins, setting) = (struct settings_origin){.kind = SETTING_FROM_FLAG};
    }
    return 0;
}

/* ---- the file ---- */

static int on_line(void *context, const struct settings_line *line) {
    struct reading *reading = context;
    const struct setting *setting = find(line->name, strlen(line->name), AS_NAME);
    if (!setting) {
        return complain_unknown(reading, line->number, line->name, strlen(line->name), AS_NAME);
    }
    if (is_config(setting)) {
        return complain(reading->complaint,
                        "%s:%u: %s: a file cannot name another; use --config or " ENVIRONMENT_PREFIX "CONFIG",
                        reading->file, line->number, line->name);
    }
    struct settings_origin *origin = origin_of(&reading->origins, setting);
    if (origin->kind == SETTING_FROM_FILE) {
        return complain(reading->complaint, "%s:%u: %s is set twice, on line %u before", reading->file, line->number,
                        line->name, origin->line);
    }
    char source[SETTINGS_TEXT_MAX + NAME_MAX_LENGTH + 16];
    (void)snprintf(source, sizeof source, "%s:%u: %s", reading->file, line->number, line->name);
    *origin = (struct settings_origin){.kind = SETTING_FROM_FILE, .line = line->number};
    return settings_apply(&reading->settings, setting, source, line->value, reading->complaint);
}

/* Reads the file that flag or environment name, or the default one where it exists. */
static int read_file(struct reading *reading, const char *path, int must_exist) {
    cleanup_free char *text = NULL;
    unsigned line = 0;
    const char *problem = NULL;
    int len = settings_file_load(path, &text);
    if (len == -ENOENT && !must_exist) {
        return 0;
    }
    if (len < 0) {
        return complain(reading->complaint, "%s: %s", path,
                        len == -EFBIG    ? "the file is larger than 64 KiB"
                        : len == -EINVAL ? "this is no regular file"
                                         : strerror(-len));
    }
    reading->file = path;
    int error = settings_file_parse(text, (size_t)len, on_line, reading, &line, &problem);
    if (error && problem) {
        return complain(reading->complaint, "%s:%u: %s", path, line, problem);
    }
    return error;
}

/* ---- contradictions ---- */

/* Where a value comes from, for people: "--max-timeout", "line 3", "the default". */
static const char *describe_origin(const struct settings_origin *origin, const struct setting *setting,
                                   char text[NAME_MAX_LENGTH]) {
    switch (origin->kind) {
    case SETTING_FROM_FLAG:
        spell(setting, AS_FLAG, text);
        return text;
    case SETTING_FROM_ENVIRONMENT:
        spell(setting, AS_VARIABLE, text);
        return text;
    case SETTING_FROM_FILE:
        (void)snprintf(text, NAME_MAX_LENGTH, "line %u", origin->line);
        return text;
    case SETTING_FROM_DEFAULT:
        break;
    }
    return "the default";
}

/* "FILE:LINE: " of the later of two lines, or "". */
static void write_place(const char *file, const struct settings_origin *one, const struct settings_origin *other,
                        char place[SETTINGS_TEXT_MAX + 16]) {
    unsigned line = one->kind == SETTING_FROM_FILE ? one->line : 0;
    line = other->kind == SETTING_FROM_FILE && other->line > line ? other->line : line;
    place[0] = '\0';
    if (line > 0) {
        (void)snprintf(place, SETTINGS_TEXT_MAX + 16, "%s:%u: ", file, line);
    }
}

/* "max_timeout (5 seconds, --max-timeout)". */
static void describe_value(const struct settings *settings, const struct settings_origins *origins,
                           const struct setting *setting, char *text, size_t size) {
    size_t count;
    char value[SETTINGS_TEXT_MAX], source[NAME_MAX_LENGTH];
    const char *unit = setting_unit(setting);
    settings_write_value(settings, setting, value);
    (void)snprintf(text, size, "%s (%s%s%s%s%s)", setting->name, value, *unit ? " " : "", unit, origins ? ", " : "",
                   origins ? describe_origin(&origins->of[setting - settings_table(&count)], setting, source) : "");
}

static int complain_pair(const struct settings *settings, const struct settings_origins *origins,
                         const struct setting *small, const struct setting *large, const struct complaint *complaint) {
    size_t count;
    const struct setting *table = settings_table(&count);
    char place[SETTINGS_TEXT_MAX + 16] = "", small_text[DESCRIPTION_MAX], large_text[DESCRIPTION_MAX];
    if (origins) {
        write_place(settings->config, &origins->of[small - table], &origins->of[large - table], place);
    }
    describe_value(settings, origins, small, small_text, sizeof small_text);
    describe_value(settings, origins, large, large_text, sizeof large_text);
    return complain(complaint, "%s%s is over %s: set both so that they agree", place, small_text, large_text);
}

/* Pairs of settings that one may not be over the other of. `origins`: NULL when they are not known. */
static int check_pairs(const struct settings *settings, const struct settings_origins *origins,
                       const struct complaint *complaint) {
    static const struct {
        const char *small, *large;
    } pairs[] = {
        {"default_timeout", "max_timeout"},     {"min_memory_mb", "max_memory_mb"},
        {"default_memory_mb", "max_memory_mb"}, {"min_memory_mb", "default_memory_mb"},
        {"max_file_mb", "max_disk_mb"},         {"max_artifact_mb", "max_artifact_total_mb"},
        {"max_script_bytes", "max_body_bytes"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct setting *small = find(pairs[i].small, strlen(pairs[i].small), AS_NAME);
        const struct setting *large = find(pairs[i].large, strlen(pairs[i].large), AS_NAME);
        uint64_t small_value, large_value;
        memcpy(&small_value, (const char *)settings + small->offset, sizeof small_value);
        memcpy(&large_value, (const char *)settings + large->offset, sizeof large_value);
        if (small_value > large_value) {
            return complain_pair(settings, origins, small, large, complaint);
        }
    }
    return 0;
}

/* ---- all of it ---- */

void settings_default(struct settings *ret_settings) {
    size_t count;
    const struct setting *table = settings_table(&count);
    const struct complaint nobody = {NULL, 0};
    memset(ret_settings, 0, sizeof *ret_settings);
    for (size_t i = 0; i < count; i++) {
        if (i >= SETTINGS_MAX || settings_apply(ret_settings, &table[i], "", table[i].default_text, &nobody) < 0) {
            abort(); /* a row that contradicts itself: the unit test of the table meets it first */
        }
    }
}

/* What flags and environment say, on top of `file` (NULL: none). */
static int read_sources(struct reading *reading, const struct settings_sources *sources, const char *file,
                        int must_exist) {
    settings_default(&reading->settings);
    memset(&reading->origins, 0, sizeof reading->origins);
    if (file && read_file(reading, file, must_exist) < 0) {
        return -EINVAL;
    }
    return read_environment(reading, sources->environment) < 0 ||
                   read_arguments(reading, sources->argc, sources->argv) < 0
               ? -EINVAL
               : 0;
}

int settings_load(const struct settings_sources *sources, struct settings *ret_settings,
                  struct settings_origins *ret_origins, char *error, size_t error_size) {
    const struct complaint complaint = {error, error_size};
    struct reading reading = {.complaint = &complaint};
    /* Twice: the first time says which file. */
    if (read_sources(&reading, sources, NULL, 0) < 0) {
        return -EINVAL;
    }
    char file[SETTINGS_TEXT_MAX];
    memcpy(file, reading.settings.config, sizeof file);
    if (sources->read_file && *file) {
        const struct setting *config = find("config", strlen("config"), AS_NAME);
        int must_exist = origin_of(&reading.origins, config)->kind != SETTING_FROM_DEFAULT;
        if (read_sources(&reading, sources, file, must_exist) < 0) {
            return -EINVAL;
        }
    }
    if (check_pairs(&reading.settings, &reading.origins, &complaint) < 0) {
        return -EINVAL;
    }
    *ret_settings = reading.settings;
    if (ret_origins) {
        *ret_origins = reading.origins;
    }
    return 0;
}

int settings_read(int argc, char *const *argv, char *const *environment, struct settings *ret_settings, char *error,
                  size_t error_size) {
    const struct settings_sources sources = {.argc = argc, .argv = argv, .environment = environment};
    return settings_load(&sources, ret_settings, NULL, error, error_size);
}

int settings_merge(const struct settings *current, const struct settings *wanted, struct settings *ret_settings,
                   void (*on_restart)(void *context, const struct setting *setting), void *context, char *error,
                   size_t error_size) {
    size_t count;
    const struct setting *table = settings_table(&count);
    const struct complaint complaint = {error, error_size};
    struct settings merged = *current;
    for (size_t i = 0; i < count; i++) {
        const size_t size = setting_is_text(&table[i]) ? SETTINGS_TEXT_MAX : sizeof(uint64_t);
        const char *from = (const char *)wanted + table[i].offset;
        char *to = (char *)&merged + table[i].offset;
        if (memcmp(from, to, size) == 0) {
            continue;
        }
        if (table[i].change == SETTING_RELOADS) {
            memcpy(to, from, size);
        } else {
            on_restart(context, &table[i]);
        }
    }
    if (check_pairs(&merged, NULL, &complaint) < 0) {
        return -EINVAL;
    }
    *ret_settings = merged;
    return 0;
}

void settings_print_changed(const struct settings *settings, const struct settings_origins *origins, FILE *out) {
    size_t count;
    const struct setting *table = settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        char value[SETTINGS_TEXT_MAX], source[NAME_MAX_LENGTH];
        if (origins->of[i].kind != SETTING_FROM_DEFAULT) {
            settings_write_value(settings, &table[i], value);
            fprintf(out, "# %s\n%s%s = %s\n", describe_origin(&origins->of[i], &table[i], source),
                    is_config(&table[i]) ? "# " : "", table[i].name, value);
        }
    }
}

char **settings_to_arguments(const struct settings *settings, const char *program) {
    size_t count;
    const struct setting *table = settings_table(&count);
    size_t program_size = strlen(program) + 1;
    size_t argument_max = NAME_MAX_LENGTH + 1 + SETTINGS_TEXT_MAX;
    size_t pointers_size = (count + 2) * sizeof(char *);
    char **arguments = malloc(pointers_size + program_size + count * argument_max);
    if (!arguments) {
        return NULL;
    }
    char *next = (char *)arguments + pointers_size;
    memcpy(next, program, program_size);
    arguments[0] = next;
    next += program_size;
    for (size_t i = 0; i < count; i++) {
        char name[NAME_MAX_LENGTH], value[SETTINGS_TEXT_MAX];
        spell(&table[i], AS_FLAG, name);
        settings_write_value(settings, &table[i], value);
        arguments[1 + i] = next;
        next += snprintf(next, argument_max, "%s=%s", name, value) + 1;
    }
    arguments[1 + count] = NULL;
    return arguments;
}
