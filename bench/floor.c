/* The floor: what a warm Python with a fork for each run costs, with nothing around it.
 *
 * Embeds the same libpython as pyexec-guest, set up in the same way, imports what that imports (its own warm.py),
 * freezes the collector, and then in a loop forks plainly; the child compiles the script, calls main(), makes JSON of
 * the result and exits; the parent waits and compares. No isolation, no HTTP, no pool, nothing populated beforehand. As
 * in the guest, some runs in the parent come first, so that imported code is specialised and lazy imports are done:
 * here they are of the very script that is measured, which favours the floor.
 *
 *     bench-floor KIND WARM.PY SCRIPT.PY EXPECTED-JSON SECONDS
 *
 * KIND is lean or data. Prints "ready", waits for a line on standard input, runs, and prints
 * {"runs": N, "wrong": N, "seconds": S, "p50_us": T}. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REHEARSALS 12
#define MAX_RESULT 65536u
#define MAX_RUNS 4000000u

static char *result; /* shared with the children */
static PyObject *dumps, *flush;

static void die(const char *what) {
    if (PyErr_Occurred()) {
        PyErr_Print();
    }
    fprintf(stderr, "bench-floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rbe");
    char *text = calloc(1, MAX_RESULT);
    if (!file || !text) {
        die(path);
    }
    (void)!fread(text, 1, MAX_RESULT - 1, file);
    (void)fclose(file);
    return text;
}

/* As guest/warm.c does it. */
static void start_python(void) {
    PyPreConfig preconfig;
    PyPreConfig_InitPythonConfig(&preconfig);
    preconfig.utf8_mode = 1;
    preconfig.coerce_c_locale = 0;
    PyStatus status = Py_PreInitialize(&preconfig);
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.parse_argv = 0;
    config.user_site_directory = 0;
    if (!PyStatus_Exception(status)) {
        status = PyConfig_SetString(&config, &config.program_name, L"/usr/bin/python3");
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
    PyConfig_Clear(&config);
}

/* The guest's own modules that warm.py calls have nothing to do here. */
static const char stand_ins[] = "import sys\n"
                                "class StandIn:\n"
                                "    def __getattr__(self, name):\n"
                                "        if name.startswith('__'): raise AttributeError(name)\n"
                                "        return StandIn()\n"
                                "    def __call__(self, *arguments): return None\n"
                                "sys.modules['pyexec_guest'] = StandIn()\n";

/* The module warm.py, as an object with a namespace of its own. */
static PyObject *load_warm(const char *path) {
    char *text = read_text(path);
    if (PyRun_SimpleString(stand_ins) < 0) {
        die("stand-ins");
    }
    PyObject *code = Py_CompileString(text, path, Py_file_input);
    PyObject *module = code ? PyImport_ExecCodeModule("bench_floor_warm", code) : NULL;
    if (!module) {
        die(path);
    }
    Py_DECREF(code);
    free(text);
    return module;
}

static void call(PyObject *module, const char *name, const char *format, int argument) {
    PyObject *done =
        format ? PyObject_CallMethod(module, name, format, argument) : PyObject_CallMethod(module, name, NULL);
    if (!done) {
        die(name);
    }
    Py_DECREF(done);
}

/* Compiles and runs the script and leaves its result as JSON in the shared memory. */
static int run_script(const char *source) {
    PyObject *globals = PyDict_New();
    PyObject *name = PyUnicode_FromString("script");
    PyObject *code = Py_CompileString(source, "script.py", Py_file_input);
    PyObject *json = NULL;
    if (globals && name && code && PyDict_SetItemString(globals, "__name__", name) == 0 &&
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0) {
        PyObject *ignored = PyEval_EvalCode(code, globals, globals);
        PyObject *function = ignored ? PyDict_GetItemString(globals, "main") : NULL;
        PyObject *value = function ? PyObject_CallNoArgs(function) : NULL;
        json = value ? PyObject_CallOneArg(dumps, value) : NULL;
        PyObject *flushed = PyObject_CallNoArgs(flush);
        Py_XDECREF(flushed);
        Py_XDECREF(value);
        Py_XDECREF(ignored);
    }
    const char *text = json ? PyUnicode_AsUTF8(json) : NULL;
    int length = text ? snprintf(result, MAX_RESULT, "%s", text) : -1;
    Py_XDECREF(json);
    Py_XDECREF(code);
    Py_XDECREF(name);
    Py_XDECREF(globals);
    return length > 0 && (unsigned)length < MAX_RESULT ? 0 : -1;
}

static int is_right(const char *expected) {
    return strcmp(result, expected) == 0;
}

static int run_in_child(const char *source, const char *expected) {
    result[0] = '\0';
    PyOS_BeforeFork();
    pid_t pid = fork();
    if (pid == 0) {
        PyOS_AfterFork_Child();
        _exit(run_script(source) < 0);
    }
    PyOS_AfterFork_Parent();
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        die("fork");
    }
    return status == 0 && is_right(expected);
}

static int compare(const void *a, const void *b) {
    float left = *(const float *)a;
    float right = *(const float *)b;
    return (left > right) - (left < right);
}

static void measure(const char *source, const char *expected, double seconds, FILE *report) {
    float *times_us = malloc(MAX_RUNS * sizeof *times_us);
    if (!times_us) {
        die("memory");
    }
    size_t runs = 0;
    size_t wrong = 0;
    double start = now_s();
    double before = start;
    while (before - start < seconds && runs < MAX_RUNS) {
        wrong += !run_in_child(source, expected);
        double now = now_s();
        times_us[runs++] = (float)((now - before) * 1e6);
        before = now;
    }
    qsort(times_us, runs, sizeof *times_us, compare);
    fprintf(report, "{\"runs\": %zu, \"wrong\": %zu, \"seconds\": %.6f, \"p50_us\": %.1f}\n", runs, wrong,
            before - start, runs ? (double)times_us[runs / 2] : 0.0);
    free(times_us);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fputs("usage: bench-floor lean|data WARM.PY SCRIPT.PY EXPECTED-JSON SECONDS\n", stderr);
        return 2;
    }
    /* What a script prints goes nowhere: descriptor 1 is /dev/null before Python looks at it. */
    int report_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    FILE *report = report_fd >= 0 ? fdopen(report_fd, "we") : NULL;
    if (!report || dup2(null_fd, STDOUT_FILENO) < 0) {
        die("stdout");
    }
    result = mmap(NULL, MAX_RESULT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (result == MAP_FAILED) {
        die("mmap");
    }
    char *source = read_text(argv[3]);
    start_python();
    PyObject *warm = load_warm(argv[2]);
    call(warm, "warm_up", "i", strcmp(argv[1], "data") == 0);
    PyObject *json = PyImport_ImportModule("json");
    dumps = json ? PyObject_GetAttrString(json, "dumps") : NULL;
    PyObject *out = PySys_GetObject("stdout");
    flush = out ? PyObject_GetAttrString(out, "flush") : NULL;
    if (!dumps || !flush) {
        die("json");
    }
    for (int i = 0; i < REHEARSALS; i++) {
        if (run_script(source) < 0 || !is_right(argv[4])) {
            die("the script's result is not what was expected");
        }
    }
    call(warm, "settle", NULL, 0); /* gc.freeze() */

    fputs("ready\n", report);
    (void)fflush(report);
    char line[16];
    if (!fgets(line, sizeof line, stdin)) {
        return 1;
    }
    measure(source, argv[4], strtod(argv[5], NULL), report);
    return fclose(report) != 0;
}
