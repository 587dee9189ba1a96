/* calls NAME [ARGUMENT...]: calls functions of libc's that neither Python nor the shell's tools call, and prints what
 * they say. It is linked with nothing of ours, and is the same program with the library and without. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern int early_loaded;

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void say(const char *what, const char *value) {
    (void)printf("%s=%s\n", what, value ? value : strerrorname_np(errno));
}

static void say_number(const char *what, long value) {
    (void)printf("%s=%ld\n", what, value);
}

/* The kernel's name of an open file: the system call itself is not a libc function with a path. */
static void say_place(const char *what, int fd) {
    char link[64];
    char place[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long len = fd < 0 ? -1 : syscall(SYS_readlinkat, AT_FDCWD, link, place, sizeof place - 1);
    place[len < 0 ? 0 : len] = '\0';
    say(what, len < 0 ? NULL : place);
}

static void call_temp_names(char **arguments) {
    (void)arguments;
    char names[][32] = {"/tmp/aXXXXXX", "/tmp/bXXXXXX", "/tmp/cXXXXXX.txt", "/tmp/dXXXXXX.txt", "/tmp/eXXXXXX"};
    say_place("mkstemp", mkstemp(names[0]));
    say_place("mkostemp", mkostemp(names[1], O_CLOEXEC | O_APPEND));
    say_place("mkstemps", mkstemps(names[2], 4));
    say_place("mkostemps", mkostemps(names[3], 4, O_CLOEXEC));
    say("mkdtemp", mkdtemp(names[4]));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        say("name", names[i]);
        say_number("there", access(names[i], F_OK));
        (void)remove(names[i]);
    }
    FILE *unnamed = tmpfile();
    say_place("tmpfile", unnamed ? fileno(unnamed) : -1);
    char wrong[] = "/tmp/wrong";
    say_number("wrong", mkstemp(wrong));
    say("errno", strerrorname_np(errno));
    char nowhere[] = "/tmp/no/XXXXXX";
    say_number("nowhere", mkstemp(nowhere));
    say("errno", strerrorname_np(errno));
}

static int seen(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)kind;
    (void)printf("nftw=%s base=%s\n", path, path + where->base);
    return 0;
}

static int seen_plain(const char *path, const struct stat *status, int kind) {
    (void)status;
    (void)kind;
    say("ftw", path);
    return 0;
}

static int seen_outer(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)seen(path, status, kind, where);
    return ftw("/tmp/tree/deep", seen_plain, 4);
}

static void call_trees(char **arguments) {
    (void)arguments;
    (void)mkdir("/tmp/tree", 0700);
    (void)mkdir("/tmp/tree/deep", 0700);
    (void)close(creat("/tmp/tree/deep/leaf", 0600));
    say_number("result", nftw("/tmp/tree", seen_outer, 8, FTW_PHYS));
    glob_t found;
    say_number("glob", glob("/tmp/tr*/*", GLOB_MARK, NULL, &found));
    for (size_t i = 0; i < found.gl_pathc; i++) {
        say("match", found.gl_pathv[i]);
    }
    globfree(&found);
    struct dirent **list = NULL;
    int n = scandir("/tmp/tree/deep", &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        say("entry", list[i]->d_name);
        free(list[i]);
    }
    free(list);
    (void)unlink("/tmp/tree/deep/leaf");
    (void)rmdir("/tmp/tree/deep");
    say_number("remove", remove("/tmp/tree"));
}

static void call_names(char **arguments) {
    (void)arguments;
    char text[PATH_MAX];
    (void)mkdir("/tmp/names", 0700);
    (void)close(creat("/tmp/names/file", 0600));
    say_number("symlink", symlink("/tmp/names/file", "/tmp/names/link"));
    say_number("chdir", chdir("/tmp/names"));
    say("getcwd", getcwd(text, sizeof text));
    say("exact", getcwd(text, sizeof "/tmp/names"));
    say("short", getcwd(text, sizeof "/tmp/names" - 1));
    char *allocated = getcwd(NULL, 0);
    say("allocated", allocated);
    free(allocated);
    allocated = get_current_dir_name();
    say("current", allocated);
    free(allocated);
    say("realpath", realpath("/tmp/names/link", text));
    allocated = realpath("link", NULL);
    say("realpath_allocated", allocated);
    free(allocated);
    allocated = canonicalize_file_name("/tmp/../tmp/names/./link");
    say("canonical", allocated);
    free(allocated);
    say("missing", realpath("/tmp/names/none", text));
    ssize_t len = readlink("link", text, sizeof text);
    (void)printf("readlink=%.*s\n", (int)len, text);
    say_number("cut", readlink("/tmp/names/link", text, 7));
    (void)printf("cut=%.7s\n", text);
    int root = open("/", O_RDONLY | O_DIRECTORY);
    say_place("from_root", openat(root, "tmp/names/file", O_RDONLY));
    int names = open("/tmp", O_RDONLY | O_DIRECTORY);
    say_place("climb", openat(names, "../etc/passwd", O_RDONLY));
    say_place("up", open("../../etc/passwd", O_RDONLY));
    say_number("chdir", chdir("/"));
    say_place("relative", open("tmp/names/file", O_RDONLY));
    char *longest = text;
    memset(longest, 'x', sizeof text);
    memcpy(longest, "/tmp/", 5);
    for (size_t i = 100; i < sizeof text; i += 100) {
        longest[i] = '/';
    }
    longest[sizeof text - 2] = '\0';
    say_number("long", open(longest, O_RDONLY));
    say("errno", strerrorname_np(errno));
    (void)unlink("/tmp/names/link");
    (void)unlink("/tmp/names/file");
    (void)rmdir("/tmp/names");
}

/* What binaries from before glibc 2.33 and with _FORTIFY_SOURCE call. */
static void call_old_names(char **arguments) {
    (void)arguments;
    (void)close(creat("/tmp/old", 0600));
    struct stat status;
    int (*xstat)(int, const char *, struct stat *) = (int (*)(int, const char *, struct stat *))dlsym(NULL, "__xstat");
    int (*open_2)(const char *, int) = (int (*)(const char *, int))dlsym(NULL, "__open_2");
    ssize_t (*readlink_chk)(const char *, char *, size_t, size_t) =
        (ssize_t(*)(const char *, char *, size_t, size_t))dlsym(NULL, "__readlink_chk");
    char text[64];
    say_number("xstat", xstat ? xstat(1, "/tmp/old", &status) : 0);
    say_place("open_2", open_2 ? open_2("/tmp/old", O_RDONLY) : -1);
    say_number("symlink", symlink("/tmp/old", "/tmp/old-link"));
    ssize_t len = readlink_chk ? readlink_chk("/tmp/old-link", text, sizeof text, sizeof text) : 0;
    (void)printf("readlink_chk=%.*s\n", (int)len, text);
    (void)unlink("/tmp/old-link");
    struct statvfs filesystem;
    say_number("statvfs", statvfs("/tmp/old", &filesystem));
    say_number("pathconf", pathconf("/tmp/old", _PC_NAME_MAX));
    say_number("truncate", truncate("/tmp/old", 10));
    say_number("euidaccess", euidaccess("/tmp/old", R_OK));
    struct statx extended = {0};
    say_number("statx", statx(AT_FDCWD, "/tmp/old", 0, STATX_SIZE, &extended));
    say_number("size", (long)extended.stx_size);
    say_number("rename", renameat2(AT_FDCWD, "/tmp/old", AT_FDCWD, "/tmp/new", RENAME_NOREPLACE));
    say_number("link", link("/tmp/new", "/tmp/newer"));
    say_number("mkfifo", mkfifo("/tmp/fifo", 0600));
    FILE *stream = fopen("/tmp/new", "w");
    say_place("fopen", stream ? fileno(stream) : -1);
    stream = freopen("/tmp/newer", "r", stream);
    say_place("freopen", stream ? fileno(stream) : -1);
    (void)unlink("/tmp/new");
    (void)unlink("/tmp/newer");
    (void)unlink("/tmp/fifo");
}

static void call_shells(char **arguments) {
    (void)arguments;
    char line[PATH_MAX] = "";
    (void)clearenv();
    say_number("system", system("echo system > /tmp/shell; exit 3"));
    FILE *pipe = popen("read line; echo $line >> /tmp/shell", "w");
    (void)fputs("popen w\n", pipe);
    say_number("pclose", pclose(pipe));
    pipe = popen("/usr/bin/env; cat /tmp/shell; exit 4", "re");
    while (fgets(line, sizeof line, pipe)) {
        (void)printf("popen=%s", line);
    }
    say_number("pclose", pclose(pipe));
    say_number("remove", remove("/tmp/shell"));
    say_number("no_command", system(NULL) != 0);
}

static int wait_for(pid_t pid) {
    int status = -1;
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Each way of exec in a child: the program is /tmp/bin/tool, which the test has put there. */
static void call_exec(char **arguments) {
    (void)arguments;
    static const char *const ways[] = {"execl",  "execlp",  "execle",  "execv",    "execvp",
                                       "execve", "execvpe", "fexecve", "execveat", "vfork"};
    char *const empty[] = {NULL};
    char tool[] = "/tmp/bin/tool";
    (void)setenv("PATH", "/nowhere:/tmp/bin:/usr/bin:/bin", 1);
    for (volatile size_t i = 0; i < COUNT_OF(ways); i++) {
        (void)fflush(stdout);
        char way[16];
        (void)snprintf(way, sizeof way, "%s", ways[i]);
        char *const argv[] = {tool, way, NULL};
        pid_t pid = i + 1 == COUNT_OF(ways) ? vfork() : fork();
        if (pid == 0) {
            switch (i) {
            case 0:
                (void)execl(tool, tool, way, NULL);
                break;
            case 1:
                (void)execlp("tool", "tool", way, NULL);
                break;
            case 2:
                (void)execle(tool, tool, way, NULL, empty);
                break;
            case 3:
                (void)execv(tool, argv);
                break;
            case 4:
                (void)execvp("tool", argv);
                break;
            case 6:
                (void)execvpe("tool", argv, empty);
                break;
            case 7:
                (void)fexecve(open("/tmp/bin/echo", O_RDONLY), argv, empty);
                break;
            case 8:
                (void)execveat(open("/tmp", O_PATH | O_CLOEXEC), "bin/echo", argv, empty, 0);
                break;
            default:
                (void)execve(tool, argv, empty);
            }
            _exit(100 + errno);
        }
        say_number(way, wait_for(pid));
    }
}

static void call_spawn(char **arguments) {
    (void)arguments;
    char tool[] = "tool";
    char *const empty[] = {NULL};
    char *const argv[] = {tool, tool, NULL};
    (void)setenv("PATH", "/nowhere:/tmp/bin", 1);
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "/tmp/spawned", O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)posix_spawn_file_actions_addchdir_np(&actions, "/tmp/bin");
    pid_t pid = -1;
    say_number("spawnp", posix_spawnp(&pid, "tool", &actions, NULL, argv, empty));
    say_number("status", wait_for(pid));
    say_number("spawn", posix_spawn(&pid, "/tmp/bin/tool", &actions, NULL, argv, empty));
    say_number("status", wait_for(pid));
    say_number("none", posix_spawnp(&pid, "no-such-tool", NULL, NULL, argv, empty) == ENOENT);
    (void)posix_spawn_file_actions_destroy(&actions);
}

static void call_shared(char **arguments) {
    (void)arguments;
    (void)sem_unlink("/calls-sem");
    sem_t *first = sem_open("/calls-sem", O_CREAT | O_EXCL, 0600, 0);
    say("create", first == SEM_FAILED ? NULL : "done");
    say("exclusive", sem_open("/calls-sem", O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED ? NULL : "done");
    pid_t pid = fork();
    if (pid == 0) {
        sem_t *same = sem_open("calls-sem", 0);
        _exit(same == SEM_FAILED || sem_post(same) < 0 || sem_close(same) < 0);
    }
    say_number("wait", sem_wait(first));
    say_number("child", wait_for(pid));
    say_number("close", sem_close(first));
    say_number("unlink", sem_unlink("/calls-sem"));
    say("gone", sem_open("/calls-sem", 0) == SEM_FAILED ? NULL : "there");
    say("slash", sem_open("/calls/sem", O_CREAT, 0600, 0) == SEM_FAILED ? NULL : "there");
    int fd = shm_open("/calls-shm", O_CREAT | O_RDWR | O_EXCL, 0600);
    say_place("shm", fd);
    say_number("cloexec", fcntl(fd, F_GETFD));
    say_number("shm_unlink", shm_unlink("/calls-shm"));
    say("shm_gone", shm_open("/calls-shm", O_RDWR, 0) < 0 ? NULL : "there");
}

/* Threads that change places and files while others fork and execute. */
static void *busy(void *argument) {
    long number = (long)argument;
    for (int i = 0; i < 300; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "/tmp/thread-%ld-%d", number, i);
        int fd = creat(name, 0600);
        if (fd < 0 || close(fd) < 0 || unlink(name) < 0) {
            return argument;
        }
        if (i % 30 == 0) {
            pid_t pid = fork();
            if (pid == 0) {
                DIR *directory = opendir("/tmp");
                (void)closedir(directory);
                (void)execl("/bin/true", "true", NULL);
                _exit(9);
            }
            if (wait_for(pid) != 0) {
                return argument;
            }
        }
    }
    return NULL;
}

static void call_threads(char **arguments) {
    (void)arguments;
    pthread_t threads[6];
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        (void)pthread_create(&threads[i], NULL, busy, (void *)(i + 1));
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *result = NULL;
        (void)pthread_join(threads[i], &result);
        say("thread", result ? "failed" : "done");
    }
}

/* As the guest does: the library is loaded, and told the directory when the process has long been running. */
static void call_set(char **arguments) {
    int (*set)(const char *) = (int (*)(const char *))dlsym(NULL, "pyexec_private_tmp_set");
    say_place("before", open("/tmp", O_RDONLY));
    say_number("relative", set("run"));
    say_number("itself", set("/tmp"));
    say_number("missing", set("/no/such/directory"));
    say_place("still", open("/tmp", O_RDONLY));
    say_number("set", set(arguments[0]));
    say_place("after", open("/tmp", O_RDONLY));
    say("preload", getenv("LD_PRELOAD") ? "seen" : "hidden");
    (void)fflush(stdout);
    say_number("system", system("cd /tmp && pwd -P; touch /tmp/by-child; env | grep -E '^(LD_PRELOAD|PYEXEC_TMP)='"));
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*call)(char **arguments);
    } calls[] = {
        {"temp_names", call_temp_names}, {"trees", call_trees}, {"names", call_names}, {"old_names", call_old_names},
        {"shells", call_shells},         {"exec", call_exec},   {"spawn", call_spawn}, {"shared", call_shared},
        {"threads", call_threads},       {"set", call_set},
    };
    for (size_t i = 0; argc > 1 && early_loaded && i < COUNT_OF(calls); i++) {
        if (strcmp(argv[1], calls[i].name) == 0) {
            calls[i].call(argv + 2);
            return 0;
        }
    }
    return 125;
}
