#include "guest/output_hook.h"

#include <Python.h>

#include <string.h>
#include <sys/stat.h>

#include "guest/artifacts.h"

static int armed;

/* Events whose first argument (of some the second as well) is a path. */
static const char *const path_events[] = {
    "open",        "os.listdir", "os.scandir", "os.mkdir", "os.chdir", "os.rename",     "os.symlink",      "os.link",
    "os.truncate", "os.rmdir",   "os.remove",  "os.chmod", "os.utime", "shutil.rmtree", "sqlite3.connect",
};

/* Events after which a program runs that no hook sees; what it is started with says where it is to write. A fork of
 * this process has the hook as well. */
static const char *const process_events[] = {
    "subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn", "os.exec",
};

static int is_one_of(const char *event, const char *const *events, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(event, events[i]) == 0) {
            return 1;
        }
    }
    return 0;
}
#define IS_ONE_OF(event, events) is_one_of(event, events, sizeof(events) / sizeof(events)[0])

static const char *text_of(PyObject *path) {
    if (PyBytes_Check(path)) {
        return PyBytes_AS_STRING(path);
    }
    const char *text = PyUnicode_Check(path) ? PyUnicode_AsUTF8(path) : NULL;
    if (!text) {
        PyErr_Clear(); /* a surrogate; whoever uses the path will say so */
    }
    return text;
}

/* Whether a path may lead there: it names the directory, or is of a kind that is not looked into here. */
static int may_lead_there(PyObject *path) {
    if (PyLong_Check(path) || PyTuple_Check(path) || path == Py_None) {
        return 0; /* a descriptor, times, or the working directory */
    }
    const char *text = text_of(path);
    return !text || strstr(text, "output") != NULL;
}

/* Somebody makes a directory with that very name: not beforehand, or the call would fail. */
static int is_the_directory(PyObject *path) {
    const char *text = text_of(path);
    if (!text) {
        return 0;
    }
    size_t length = strlen(text);
    while (length > 1 && text[length - 1] == '/') {
        length--;
    }
    return length >= 6 && strncmp(text + length - 6, "output", 6) == 0 && (length == 6 || text[length - 7] == '/');
}

/* Whether the output directory is named in one of the texts, or in one of a list of texts; so for "$OUTPUT_DIR". */
static int is_named_in(PyObject *arguments) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); i++) {
        PyObject *argument = PyTuple_GET_ITEM(arguments, i);
        const int is_list = PyList_Check(argument) || PyTuple_Check(argument);
        for (Py_ssize_t j = 0; j < (is_list ? PySequence_Fast_GET_SIZE(argument) : 1); j++) {
            const char *text = text_of(is_list ? PySequence_Fast_GET_ITEM(argument, j) : argument);
            if (text && (strstr(text, "output") || strstr(text, "OUTPUT"))) {
                return 1;
            }
        }
    }
    return 0;
}

static int concerns_us(const char *event, PyObject *args) {
    if (!PyTuple_Check(args)) {
        return 0;
    }
    if (IS_ONE_OF(event, process_events)) {
        return is_named_in(args);
    }
    if (!IS_ONE_OF(event, path_events)) {
        return 0;
    }
    const Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (strcmp(event, "os.mkdir") == 0 && n > 0 && is_the_directory(PyTuple_GET_ITEM(args, 0))) {
        return 0;
    }
    return (n > 0 && may_lead_there(PyTuple_GET_ITEM(args, 0))) || (n > 1 && may_lead_there(PyTuple_GET_ITEM(args, 1)));
}

static int on_event(const char *event, PyObject *args, void *context) {
    (void)context;
    if (armed && concerns_us(event, args)) {
        armed = 0;
        (void)artifacts_make_directory(); /* what the script does next tells it if that was not possible */
    }
    return 0;
}

int output_hook_add(void) {
    return PySys_AddAuditHook(on_event, NULL);
}

void output_hook_arm(void) {
    armed = 1;
}
