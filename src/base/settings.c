#include "base/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/listen_address.h"
#include "base/log.h"

#define ENVIRONMENT_PREFIX "PYEXEC_"
#define NAME_MAX_LENGTH 40
#define BYTES_PER_MIB (1024u * 1024u)

static const char *const log_level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static const char *const isolation_names[] = {
    [ISOLATION_AUTO] = "auto",
    [ISOLATION_SECCOMP] = "seccomp",
    [ISOLATION_LANDLOCK] = "landlock",
    [ISOLATION_NAMESPACES] = "namespaces",
};

/* Types whose values have names. `first` is the first that may be chosen. */
static const struct choice {
    enum setting_type type;
    const char *const *names;
    size_t first, count;
    const char *expected;
} choices[] = {
    {SETTING_LOG_LEVEL, log_level_names, 0, sizeof log_level_names / sizeof log_level_names[0],
     "error, warning, info or debug"},
    {SETTING_ISOLATION, isolation_names, 0, sizeof isolation_names / sizeof isolation_names[0],
     "auto, namespaces, landlock or seccomp"},
    {SETTING_TIER, isolation_names, 1, sizeof isolation_names / sizeof isolation_names[0],
     "namespaces, landlock or seccomp"},
};

static const struct choice *choice_of(enum setting_type type) {
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (choices[i].type == type) {
            return &choices[i];
        }
    }
    return NULL;
}

const char *isolation_name(enum isolation isolation) {
    return (size_t)isolation < sizeof isolation_names / sizeof isolation_names[0] ? isolation_names[isolation] : "?";
}

/* Where a message for people goes. */
struct complaint {
    char *text;
    size_t size;
};

static int complain(const struct complaint *complaint, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int complain(const struct complaint *complaint, const char *format, ...) {
    if (complaint->size > 0) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(complaint->text, complaint->size, format, arguments);
        va_end(arguments);
    }
    return -EINVAL;
}

static uint64_t *number_of(struct settings *settings, const struct setting *setting) {
    return (uint64_t *)(void *)((char *)settings + setting->offset);
}

static uint64_t value_of(const struct settings *settings, const struct setting *setting) {
    uint64_t value;
    memcpy(&value, (const char *)settings + setting->offset, sizeof value);
    return value;
}

/* Reads digits up to the first other character. Returns where it stopped, or NULL on no digit or overflow. */
static const char *parse_digits(const char *text, uint64_t *ret_value) {
    uint64_t value = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value)) {
            return NULL;
        }
    }
    *ret_value = value;
    return c == text ? NULL : c;
}

static int parse_whole(const char *text, uint64_t *ret_value) {
    const char *end = parse_digits(text, ret_value);
    return end && *end == '\0' ? 0 : -EINVAL;
}

/* "2", "0.5", "12.125": at most three decimals, since milliseconds are kept. */
static int parse_seconds(const char *text, uint64_t *ret_ms) {
    uint64_t seconds, fraction_ms = 0;
    const char *end = parse_digits(text, &seconds);
    if (!end || seconds > UINT64_MAX / 1000 - 1) {
        return -EINVAL;
    }
    if (*end == '.') {
        size_t decimals = strspn(end + 1, "0123456789");
        if (decimals == 0 || decimals > 3 || end[1 + decimals] != '\0') {
            return -EINVAL;
        }
        for (size_t i = 0; i < 3; i++) {
            fraction_ms = fraction_ms * 10 + (i < decimals ? (uint64_t)(end[1 + i] - '0') : 0);
        }
    } else if (*end != '\0') {
        return -EINVAL;
    }
    *ret_ms = seconds * 1000 + fraction_ms;
    return 0;
}

/* Reads a number in the operator's unit into the kept one, and checks its range. */
static int parse_number(const struct setting *setting, const char *text, uint64_t *ret_value) {
    uint64_t value, scale = 1;
    if (setting->type == SETTING_SECONDS) {
        scale = 1000;
        if (parse_seconds(text, &value) < 0) {
            return -EINVAL;
        }
    } else {
        scale = setting->type == SETTING_MEBIBYTES ? BYTES_PER_MIB : 1;
        if (parse_whole(text, &value) < 0 || value > setting->most) {
            return -EINVAL;
        }
        value *= scale;
    }
    if (value < setting->least * scale || value > setting->most * scale) {
        return -EINVAL;
    }
    *ret_value = value;
    return 0;
}

static int is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
}

/* "name,name", or with `are_origins` "scheme://name:port,...": as a browser sends them, without a path. There is no
 * "*": what every page may do should not be a matter of one character. */
static int is_host_list(const char *text, int are_origins) {
    while (*text) {
        if (are_origins && strncmp(text, "https://", 8) == 0) {
            text += 8;
        } else if (are_origins && strncmp(text, "http://", 7) == 0) {
            text += 7;
        } else if (are_origins) {
            return 0;
        }
        const char *name = text;
        while (is_host_character(*text) || (are_origins && strchr("[]:", *text) && *text)) {
            text++;
        }
        if (text == name || (*text != ',' && *text != '\0') || (*text == ',' && text[1] == '\0')) {
            return 0;
        }
        text += *text == ',';
    }
    return 1;
}

/* Sets one setting from its text. `source` is what the operator wrote it as: "--max-timeout" or "PYEXEC_MAX_TIMEOUT".
 */
static int apply(struct settings *settings, const struct setting *setting, const char *source, const char *text,
                 const struct complaint *complaint) {
    const struct choice *choice = choice_of(setting->type);
    if (choice) {
        for (size_t i = choice->first; i < choice->count; i++) {
            if (strcmp(text, choice->names[i]) == 0) {
                *number_of(settings, setting) = i;
                return 0;
            }
        }
        return complain(complaint, "%s=%.64s: expected %s", source, text, choice->expected);
    }
    switch (setting->type) {
    case SETTING_PATH:
        if (strlen(text) >= SETTINGS_TEXT_MAX || (text[0] != '/' && text[0] != '\0')) {
            return complain(complaint, "%s=%.64s: expected an absolute path of at most %d bytes", source, text,
                            SETTINGS_TEXT_MAX - 1);
        }
        memcpy((char *)settings + setting->offset, text, strlen(text) + 1);
        return 0;
    case SETTING_ORIGINS:
    case SETTING_HOSTS: {
        const int are_origins = setting->type == SETTING_ORIGINS;
        if (strlen(text) >= SETTINGS_TEXT_MAX || !is_host_list(text, are_origins)) {
            return complain(complaint, "%s=%.64s: expected %s, separated by commas, at most %d bytes", source, text,
                            are_origins ? "origins such as https://app.example.org or http://localhost:3000"
                                        : "host names without port, such as runner.example.org",
                            SETTINGS_TEXT_MAX - 1);
        }
        memcpy((char *)settings + setting->offset, text, strlen(text) + 1);
        return 0;
    }
    case SETTING_TEXT: {
        /* The only text there is; another one would bring a check of its own. */
        struct listen_address address;
        if (strlen(text) >= SETTINGS_TEXT_MAX || listen_address_parse(text, &address) < 0) {
            return complain(complaint,
                            "%s=%.64s: expected address:port, such as 127.0.0.1:8080, [::1]:8080, localhost:8080, or "
                            ":8080 for every address",
                            source, text);
        }
        memcpy((char *)settings + setting->offset, text, strlen(text) + 1);
        return 0;
    }
    case SETTING_LOG_LEVEL:
    case SETTING_ISOLATION:
    case SETTING_TIER:
    case SETTING_COUNT:
    case SETTING_SECONDS:
    case SETTING_BYTES:
    case SETTING_MEBIBYTES:
        break;
    }
    if (parse_number(setting, text, number_of(settings, setting)) < 0) {
        const char *unit = setting_unit(setting);
        return complain(complaint, "%s=%.64s: expected a %snumber from %llu to %llu%s%s, such as %s", source, text,
                        setting->type == SETTING_SECONDS ? "" : "whole ", (unsigned long long)setting->least,
                        (unsigned long long)setting->most, *unit ? " " : "", unit, setting->default_text);
    }
    return 0;
}

static char upper(char c) {
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* The name as a flag ("--max-timeout") or as an environment variable ("PYEXEC_MAX_TIMEOUT"). */
static void spell(const struct setting *setting, int as_flag, char spelled[NAME_MAX_LENGTH]) {
    int n = snprintf(spelled, NAME_MAX_LENGTH, "%s%s", as_flag ? "--" : ENVIRONMENT_PREFIX, setting->name);
    for (int i = 0; i < n && i < NAME_MAX_LENGTH; i++) {
        spelled[i] = as_flag ? (char)(spelled[i] == '_' ? '-' : spelled[i]) : upper(spelled[i]);
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
static int complain_unknown(const char *name, size_t name_len, int as_flag, const struct complaint *complaint) {
    size_t count, best_distance = SIZE_MAX;
    const struct setting *table = settings_table(&count);
    char best[NAME_MAX_LENGTH] = "";
    int shown = name_len < 64 ? (int)name_len : 64;
    size_t compared = name_len < NAME_MAX_LENGTH ? name_len : NAME_MAX_LENGTH;
    for (size_t i = 0; i < count; i++) {
        char spelled[NAME_MAX_LENGTH];
        spell(&table[i], as_flag, spelled);
        size_t distance = edit_distance(name, compared, spelled, strlen(spelled));
        if (distance < best_distance) {
            best_distance = distance;
            memcpy(best, spelled, sizeof best);
        }
    }
    return complain(complaint, "unknown %s %.*s; the nearest known one is %s (see --help)",
                    as_flag ? "flag" : "environment variable", shown, name, best);
}

static const struct setting *find(const char *name, size_t name_len, int as_flag) {
    size_t count;
    const struct setting *table = settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        char spelled[NAME_MAX_LENGTH];
        spell(&table[i], as_flag, spelled);
        if (strlen(spelled) == name_len && memcmp(spelled, name, name_len) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static int read_environment(char *const *environment, struct settings *settings, const struct complaint *complaint) {
    for (; environment && *environment; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) != 0) {
            continue;
        }
        size_t name_len = strcspn(entry, "=");
        const struct setting *setting = find(entry, name_len, 0);
        if (!setting) {
            return complain_unknown(entry, name_len, 0, complaint);
        }
        char spelled[NAME_MAX_LENGTH];
        spell(setting, 0, spelled);
        int error = apply(settings, setting, spelled, entry[name_len] ? entry + name_len + 1 : "", complaint);
        if (error < 0) {
            return error;
        }
    }
    return 0;
}

static int read_arguments(int argc, char *const *argv, struct settings *settings, const struct complaint *complaint) {
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strncmp(argument, "--", 2) != 0) {
            return complain(complaint, "unexpected argument %.64s; settings are written --name=value (see --help)",
                            argument);
        }
        size_t name_len = strcspn(argument, "=");
        const struct setting *setting = find(argument, name_len, 1);
        if (!setting) {
            return complain_unknown(argument, name_len, 1, complaint);
        }
        char spelled[NAME_MAX_LENGTH];
        spell(setting, 1, spelled);
        const char *text = argument + name_len + 1;
        if (argument[name_len] == '\0') {
            /* No value begins with "--", so one that does is the next flag. */
            if (i + 1 >= argc || strncmp(argv[i + 1], "--", 2) == 0) {
                return complain(complaint, "%s needs a value, such as %s=%s", spelled, spelled, setting->default_text);
            }
            text = argv[++i];
        }
        int error = apply(settings, setting, spelled, text, complaint);
        if (error < 0) {
            return error;
        }
    }
    return 0;
}

/* Pairs of settings that one may not be over the other of. */
static int check_pairs(const struct settings *settings, const struct complaint *complaint) {
    const struct {
        const char *small, *large, *unit;
        uint64_t small_value, large_value, scale;
    } pairs[] = {
        {"default-timeout", "max-timeout", "seconds", settings->default_timeout_ms, settings->max_timeout_ms, 1000},
        {"min-memory-mb", "max-memory-mb", "MiB", settings->min_memory_bytes, settings->max_memory_bytes,
         BYTES_PER_MIB},
        {"default-memory-mb", "max-memory-mb", "MiB", settings->default_memory_bytes, settings->max_memory_bytes,
         BYTES_PER_MIB},
        {"min-memory-mb", "default-memory-mb", "MiB", settings->min_memory_bytes, settings->default_memory_bytes,
         BYTES_PER_MIB},
        {"max-file-mb", "max-disk-mb", "MiB", settings->max_file_bytes, settings->max_disk_bytes, BYTES_PER_MIB},
        {"max-artifact-mb", "max-artifact-total-mb", "MiB", settings->max_artifact_bytes,
         settings->max_artifact_total_bytes, BYTES_PER_MIB},
        {"max-script-bytes", "max-body-bytes", "bytes", settings->max_script_bytes, settings->max_body_bytes, 1},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].small_value > pairs[i].large_value) {
            return complain(complaint, "--%s (%.15g %s) is over --%s (%.15g %s): set both so that they agree",
                            pairs[i].small, (double)pairs[i].small_value / (double)pairs[i].scale, pairs[i].unit,
                            pairs[i].large, (double)pairs[i].large_value / (double)pairs[i].scale, pairs[i].unit);
        }
    }
    return 0;
}

void settings_default(struct settings *ret_settings) {
    size_t count;
    const struct setting *table = settings_table(&count);
    const struct complaint nobody = {NULL, 0};
    memset(ret_settings, 0, sizeof *ret_settings);
    for (size_t i = 0; i < count; i++) {
        if (apply(ret_settings, &table[i], "", table[i].default_text, &nobody) < 0) {
            abort(); /* a row that contradicts itself: the unit test of the table meets it first */
        }
    }
}

int settings_read(int argc, char *const *argv, char *const *environment, struct settings *ret_settings, char *error,
                  size_t error_size) {
    const struct complaint complaint = {error, error_size};
    struct settings settings;
    settings_default(&settings);
    if (read_environment(environment, &settings, &complaint) < 0 ||
        read_arguments(argc, argv, &settings, &complaint) < 0 || check_pairs(&settings, &complaint) < 0) {
        return -EINVAL;
    }
    *ret_settings = settings;
    return 0;
}

/* The value as settings_read() takes it. */
static void write_value(const struct settings *settings, const struct setting *setting, char text[SETTINGS_TEXT_MAX]) {
    if (setting_is_text(setting)) {
        memcpy(text, (const char *)settings + setting->offset, SETTINGS_TEXT_MAX);
        return;
    }
    uint64_t value = value_of(settings, setting);
    const struct choice *choice = choice_of(setting->type);
    if (choice) {
        (void)snprintf(text, SETTINGS_TEXT_MAX, "%s", value < choice->count ? choice->names[value] : "");
        return;
    }
    switch (setting->type) {
    case SETTING_SECONDS:
        (void)snprintf(text, SETTINGS_TEXT_MAX, "%llu.%03u", (unsigned long long)(value / 1000),
                       (unsigned)(value % 1000));
        return;
    case SETTING_MEBIBYTES:
        value /= BYTES_PER_MIB;
        break;
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_ORIGINS:
    case SETTING_HOSTS:
    case SETTING_COUNT:
    case SETTING_BYTES:
    case SETTING_LOG_LEVEL:
    case SETTING_ISOLATION:
    case SETTING_TIER:
        break;
    }
    (void)snprintf(text, SETTINGS_TEXT_MAX, "%llu", (unsigned long long)value);
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
        spell(&table[i], 1, name);
        write_value(settings, &table[i], value);
        arguments[1 + i] = next;
        next += snprintf(next, argument_max, "%s=%s", name, value) + 1;
    }
    arguments[1 + count] = NULL;
    return arguments;
}
