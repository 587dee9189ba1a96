#include "preload/program.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preload/preload.h"

static size_t count(char *const *array) {
    size_t n = 0;
    while (array && array[n]) {
        n++;
    }
    return n;
}

size_t program_count_arguments(char *const *argv) {
    return count(argv) + 4; /* interpreter, its argument, the script, NULL */
}

size_t program_count_environment(char *const *envp) {
    return count(envp) + 3; /* two of ours, NULL */
}

/* The first line of the file when it is a script that may be executed, without "#!". */
static bool read_shebang(int fd, const char *path, char line[SHEBANG_MOST]) {
    struct stat status;
    if (syscall(SYS_faccessat, fd, path, X_OK) < 0 || syscall(SYS_newfstatat, fd, path, &status, 0) < 0 ||
        !S_ISREG(status.st_mode)) {
        return false;
    }
    int opened = (int)syscall(SYS_openat, fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (opened < 0) {
        return false;
    }
    ssize_t len = syscall(SYS_read, opened, line, (size_t)SHEBANG_MOST - 1);
    (void)syscall(SYS_close, opened);
    if (len < 3 || line[0] != '#' || line[1] != '!') {
        return false;
    }
    line[len] = '\0';
    char *end = strchr(line, '\n');
    if (!end) {
        return false; /* cut off: the kernel knows what to do */
    }
    *end = '\0';
    memmove(line, line + 2, strlen(line + 2) + 1);
    return true;
}

static char *trim(char *text) {
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
        text[--len] = '\0';
    }
    return text;
}

/* "/usr/bin/env python3 -u" is the interpreter and one argument, as the kernel has it. */
static int start_interpreter(struct program *program, const char *path, char *const *argv, char **arguments) {
    char *name = trim(program->line);
    char *argument = name + strcspn(name, " \t");
    if (*argument != '\0') {
        *argument++ = '\0';
        argument = trim(argument);
    }
    const char *mapped = preload_map(AT_FDCWD, name, program->mapped); /* the script's own has been read */
    if (mapped == preload_too_long) {
        return -1;
    }
    size_t n = 0;
    arguments[n++] = name;
    if (*argument != '\0') {
        arguments[n++] = argument;
    }
    arguments[n++] = (char *)(uintptr_t)path;
    for (size_t i = 1; argv && argv[0] && argv[i]; i++) {
        arguments[n++] = argv[i];
    }
    arguments[n] = NULL;
    program->path = mapped;
    program->argv = arguments;
    return 0;
}

int program_fill(struct program *program, int fd, const char *path, char *const *argv, char *const *envp,
                 char **arguments, char **environment) {
    environment_copy(envp, &program->texts, environment);
    program->envp = environment;
    program->argv = argv;
    program->path = preload_map(fd, path, program->mapped);
    if (!program->path || program->path == preload_too_long) {
        return path ? -1 : 0;
    }
    int saved = errno;
    bool by_name = path[0] != '\0' && (fd == AT_FDCWD || path[0] == '/'); /* else the script has no name to be told */
    if (by_name && (path[0] != '/' || program->path != path) && read_shebang(fd, program->path, program->line)) {
        return start_interpreter(program, path, argv, arguments);
    }
    errno = saved;
    return 0;
}

static bool may_execute(const char *path) {
    struct stat status;
    if (stat(path, &status) < 0) {
        return false;
    }
    if (!S_ISREG(status.st_mode) || access(path, X_OK) < 0) {
        errno = EACCES;
        return false;
    }
    return true;
}

const char *program_search(const char *file, char found[PATH_MAX]) {
    if (strchr(file, '/')) {
        return file;
    }
    const char *places = getenv("PATH");
    size_t file_len = strlen(file);
    int error = ENOENT;
    for (places = places ? places : "/bin:/usr/bin"; file_len > 0; places++) {
        size_t len = strcspn(places, ":");
        if (len + file_len + 2 <= PATH_MAX) {
            memcpy(found, places, len);
            found[len] = '/';
            memcpy(found + len + (len > 0), file, file_len + 1);
            if (may_execute(found)) {
                return found;
            }
            error = errno == EACCES ? EACCES : error;
        }
        places += len;
        if (*places == '\0') {
            break;
        }
    }
    errno = error;
    return NULL;
}
