/* One setting's value: from its text and back. */
#include "base/settings_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/listen_address.h"
#include "base/log.h"

#define BYTES_PER_MIB (1024u * 1024u)

static const char *const log_level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static const char *const log_format_names[] = {
    [LOG_FORMAT_AUTO] = "auto",
    [LOG_FORMAT_TEXT] = "text",
    [LOG_FORMAT_JSON] = "json",
};

static const char *const switch_names[] = {"no", "yes"};

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
    {SETTING_LOG_FORMAT, log_format_names, 0, sizeof log_format_names / sizeof log_format_names[0],
     "auto, text or json"},
    {SETTING_SWITCH, switch_names, 0, sizeof switch_names / sizeof switch_names[0], "yes or no"},
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

/* "/opt/a:/opt/b". */
static int is_path_list(const char *text) {
    while (*text) {
        const size_t length = strcspn(text, ":");
        if (text[0] != '/' || (text[length] == ':' && text[length + 1] == '\0')) {
            return 0;
        }
        text += length + (text[length] == ':');
    }
    return 1;
}

/* "name,package.name": as after `import`, in ASCII. */
static int is_module_list(const char *text) {
    int at_start = 1;
    for (const char *c = text; *c; c++) {
        const int is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
        const int is_separator = *c == '.' || *c == ',';
        if (at_start ? !is_letter : !is_letter && !is_separator && !(*c >= '0' && *c <= '9')) {
            return 0;
        }
        at_start = is_separator;
    }
    return !at_start || !*text;
}

int settings_apply(struct settings *settings, const struct setting *setting, const char *source, const char *text,
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
    case SETTING_PATHS:
    case SETTING_MODULES: {
        const int are_paths = setting->type == SETTING_PATHS;
        if (strlen(text) >= SETTINGS_TEXT_MAX || !(are_paths ? is_path_list(text) : is_module_list(text))) {
            return complain(complaint, "%s=%.64s: expected %s, at most %d bytes", source, text,
                            are_paths ? "absolute paths, separated by colons"
                                      : "names of modules such as networkx,scipy.stats, separated by commas",
                            SETTINGS_TEXT_MAX - 1);
        }
        memcpy((char *)settings + setting->offset, text, strlen(text) + 1);
        return 0;
    }
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
    case SETTING_LOG_FORMAT:
    case SETTING_SWITCH:
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

void settings_write_value(const struct settings *settings, const struct setting *setting,
                          char text[SETTINGS_TEXT_MAX]) {
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
        (void)snprintf(text, SETTINGS_TEXT_MAX, "%.15g", (double)value / 1000.0);
        return;
    case SETTING_MEBIBYTES:
        value /= BYTES_PER_MIB;
        break;
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_PATHS:
    case SETTING_MODULES:
    case SETTING_ORIGINS:
    case SETTING_HOSTS:
    case SETTING_COUNT:
    case SETTING_BYTES:
    case SETTING_LOG_LEVEL:
    case SETTING_LOG_FORMAT:
    case SETTING_SWITCH:
    case SETTING_ISOLATION:
    case SETTING_TIER:
        break;
    }
    (void)snprintf(text, SETTINGS_TEXT_MAX, "%llu", (unsigned long long)value);
}
