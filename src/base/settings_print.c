#include "base/settings.h"

#include <ctype.h>

const char *setting_unit(const struct setting *setting) {
    switch (setting->type) {
    case SETTING_SECONDS:
        return "seconds";
    case SETTING_BYTES:
        return "bytes";
    case SETTING_MEBIBYTES:
        return "MiB";
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_PATHS:
    case SETTING_MODULES:
    case SETTING_ORIGINS:
    case SETTING_HOSTS:
    case SETTING_COUNT:
    case SETTING_LOG_LEVEL:
    case SETTING_LOG_FORMAT:
    case SETTING_SWITCH:
    case SETTING_ISOLATION:
    case SETTING_TIER:
        break;
    }
    return "";
}

int setting_has_range(const struct setting *setting) {
    switch (setting->type) {
    case SETTING_COUNT:
    case SETTING_SECONDS:
    case SETTING_BYTES:
    case SETTING_MEBIBYTES:
        return 1;
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_PATHS:
    case SETTING_MODULES:
    case SETTING_ORIGINS:
    case SETTING_HOSTS:
    case SETTING_LOG_LEVEL:
    case SETTING_LOG_FORMAT:
    case SETTING_SWITCH:
    case SETTING_ISOLATION:
    case SETTING_TIER:
        break;
    }
    return 0;
}

static void print_flag(FILE *out, const struct setting *setting) {
    fputs("--", out);
    for (const char *c = setting->name; *c; c++) {
        fputc(*c == '_' ? '-' : *c, out);
    }
}

void settings_print_help(FILE *out) {
    size_t count;
    const struct setting *table = settings_table(&count);
    fputs("Each setting is a flag, an environment variable and a line of the configuration file:\n"
          "--max-timeout=30, PYEXEC_MAX_TIMEOUT=30, max_timeout = 30. A flag wins over the environment, the\n"
          "environment over the file, the file over the default. SIGHUP reads them again; * needs a restart.\n"
          "\n",
          out);
    for (size_t i = 0; i < count; i++) {
        const struct setting *setting = &table[i];
        const char *unit = setting_unit(setting);
        fputs("  ", out);
        print_flag(out, setting);
        fprintf(out, "=%s%s%s%s\n      %s\n", setting->default_text, *unit ? " " : "", unit,
                setting->change == SETTING_NEEDS_RESTART ? " *" : "", setting->help);
        if (setting_has_range(setting)) {
            fprintf(out, "      (%llu to %llu)\n", (unsigned long long)setting->least,
                    (unsigned long long)setting->most);
        }
    }
}

void settings_print_table(FILE *out) {
    size_t count;
    const struct setting *table = settings_table(&count);
    fputs("name\tflag\tvariable\tdefault\tunit\tleast\tmost\tchange\thelp\n", out);
    for (size_t i = 0; i < count; i++) {
        const struct setting *setting = &table[i];
        fprintf(out, "%s\t", setting->name);
        print_flag(out, setting);
        fputs("\tPYEXEC_", out);
        for (const char *c = setting->name; *c; c++) {
            fputc(toupper((unsigned char)*c), out);
        }
        fprintf(out, "\t%s\t%s\t", setting->default_text, setting_unit(setting));
        if (setting_has_range(setting)) {
            fprintf(out, "%llu\t%llu", (unsigned long long)setting->least, (unsigned long long)setting->most);
        } else {
            fputc('\t', out);
        }
        fprintf(out, "\t%s\t%s\n", setting->change == SETTING_RELOADS ? "reload" : "restart", setting->help);
    }
}
