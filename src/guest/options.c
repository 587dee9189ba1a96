#include "guest/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

static int read_kind(const char *text, enum guest_kind *ret_kind) {
    if (strcmp(text, "lean") == 0) {
        *ret_kind = GUEST_LEAN;
    } else if (strcmp(text, "data") == 0) {
        *ret_kind = GUEST_DATA;
    } else {
        return -EINVAL;
    }
    return 0;
}

static int read_tier(const char *text, enum isolation *ret_tier) {
    for (enum isolation tier = ISOLATION_SECCOMP; tier <= ISOLATION_NAMESPACES; tier++) {
        if (strcmp(text, isolation_name(tier)) == 0) {
            *ret_tier = tier;
            return 0;
        }
    }
    return -EINVAL;
}

int guest_options_read(int argc, char **argv, struct guest_options *ret_options) {
    static const struct option known[] = {
        {"kind", required_argument, NULL, 'k'},
        {"tier", required_argument, NULL, 't'},
        {"private-base", required_argument, NULL, 'b'},
        {"preload", required_argument, NULL, 'p'},
        {"one-id", no_argument, NULL, 'o'},
        {"prepared-root", no_argument, NULL, 'r'},
        {"no-memory-group", no_argument, NULL, 'm'},
        {"site-packages", required_argument, NULL, 's'},
        {"modules", required_argument, NULL, 'l'},
        {"log-as-json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    struct guest_options options = {.tier = ISOLATION_AUTO, .site_packages = "", .modules = ""};
    int has_kind = 0, error = 0, letter;
    while (!error && (letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'k':
            error = read_kind(optarg, &options.kind);
            has_kind = 1;
            break;
        case 't':
            error = read_tier(optarg, &options.tier);
            break;
        case 'b':
            options.private_base = optarg;
            break;
        case 'p':
            options.preload = optarg;
            break;
        case 'o':
            options.one_id = 1;
            break;
        case 'r':
            options.prepared_root = 1;
            break;
        case 'm':
            options.no_memory_group = 1;
            break;
        case 's':
            options.site_packages = optarg;
            break;
        case 'l':
            options.modules = optarg;
            break;
        case 'j':
            options.log_as_json = 1;
            break;
        default:
            error = -EINVAL;
        }
    }
    const int has_place = options.private_base && options.preload;
    if (error || optind != argc || !has_kind || options.tier == ISOLATION_AUTO ||
        (options.tier != ISOLATION_NAMESPACES && !has_place)) {
        return -EINVAL;
    }
    *ret_options = options;
    return 0;
}
