/* A library whose constructor runs before that of any preloaded one: it asks for a file at once. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("default"))) int early_loaded = 1;

__attribute__((constructor)) static void load(void) {
    const char *path = getenv("CALLS_EARLY");
    if (path) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0) {
            (void)close(fd);
        }
    }
}
