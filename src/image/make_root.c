/* pyexec-make-root DIRECTORY [SYSTEM]: prepares the tree that sandboxes are rooted in where nothing can be mounted.
 * Run once, by root, when an image or a package is made; SYSTEM is "/" unless it is being put together elsewhere. The
 * directories are its own, the files are hard links, so that it costs next to nothing. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/settings.h"
#include "image/prepared_tree.h"

#define EXIT_USAGE 64
/* Beyond what a pool has room for on the largest machine; its ids then have no names, and nothing else happens. */
#define N_ACCOUNTS 1024
/* Front's and the guests' ids come first: src/keeper/state.h. */
#define FIRST_SLOT 2

/* Where this program lies, beside pyexec-guest and what is preloaded into it. "" when it cannot be known. */
static void find_program_dir(char *path, size_t size) {
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = '\0';
    }
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3 || argv[1][0] == '-') {
        (void)fprintf(stderr, "usage: pyexec-make-root DIRECTORY [SYSTEM]\n");
        return EXIT_USAGE;
    }
    struct settings settings;
    char text[512];
    /* PYEXEC_UID_BASE, as the service will be told. */
    if (settings_read(1, argv, environ, &settings, text, sizeof text) < 0) {
        (void)fprintf(stderr, "pyexec-make-root: %s\n", text);
        return EXIT_USAGE;
    }
    char program_dir[PATH_MAX];
    find_program_dir(program_dir, sizeof program_dir);
    const struct prepared_tree_options options = {
        .source = argc == 3 ? argv[2] : "/",
        .target = argv[1],
        .program_dir = argc == 2 && program_dir[0] == '/' ? program_dir : NULL,
        .first_id = (uint32_t)settings.uid_base + FIRST_SLOT,
        .n_accounts = N_ACCOUNTS,
    };
    struct prepared_tree_report report;
    int error = prepared_tree_make(&options, &report);
    if (error) {
        (void)fprintf(stderr, "pyexec-make-root: %s: %s\n", report.path, strerror(-error));
        return 1;
    }
    printf("%s: %llu directories, %llu files linked, %llu copied, %llu symlinks, %llu left out\n", options.target,
           (unsigned long long)report.directories, (unsigned long long)report.links, (unsigned long long)report.copies,
           (unsigned long long)report.symlinks, (unsigned long long)report.left_out);
    if (report.device_error) {
        (void)fprintf(stderr, "pyexec-make-root: devices cannot be made here: %s; the tree is without them\n",
                      strerror(-report.device_error));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
