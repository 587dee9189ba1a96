#include "guest/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "guest/artifacts.h"
#include "guest/embedded.h"
#include "guest/encode.h"
#include "guest/last_words.h"
#include "guest/left_behind.h"
#include "guest/native.h"
#include "guest/output_hook.h"
#include "wire/packages.h"

#define PYTHON_PROGRAM L"/usr/bin/python3"

static bool fork_is_told;
static PyObject *warm_module; /* python/warm.py */

/* What every script finds in its environment. The guest warms up with the same, so that modules which read it when
 * they are imported see what scripts see. */
static const char *const environment[][2] = {
    {"PATH", "/usr/local/bin:/usr/bin:/bin"},
    {"HOME", "/tmp"},
    {"TMPDIR", "/tmp"},
    {"PWD", "/tmp"},
    {"OUTPUT_DIR", OUTPUT_DIRECTORY},
    {"LANG", "C.UTF-8"},
    {"PYTHONDONTWRITEBYTECODE", "1"},
    {"MPLBACKEND", "Agg"},
    /* Must be writable or matplotlib complains; it makes the directory and a font cache only when it is imported
     * anew, which takes it 0.1 s. */
    {"MPLCONFIGDIR", "/tmp/.matplotlib"},
    /* One thread each: a sandbox has one or two cores, and a guest with threads cannot be forked. */
    {"OPENBLAS_NUM_THREADS", "1"},
    {"OMP_NUM_THREADS", "1"},
    {"MKL_NUM_THREADS", "1"},
    {"NUMEXPR_NUM_THREADS", "1"},
    {"NUMEXPR_MAX_THREADS", "1"},
    {"VECLIB_MAXIMUM_THREADS", "1"},
};

static int set_environment(void) {
    if (clearenv() != 0) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < sizeof environment / sizeof environment[0]; i++) {
        if (setenv(environment[i][0], environment[i][1], 1) < 0) {
            return -errno;
        }
    }
    return 0;
}

static PyStatus initialize_python(void) {
    PyPreConfig preconfig;
    PyPreConfig_InitPythonConfig(&preconfig);
    preconfig.utf8_mode = 1;
    preconfig.coerce_c_locale = 0;
    PyStatus status = Py_PreInitialize(&preconfig);
    if (PyStatus_Exception(status)) {
        return status;
    }
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.parse_argv = 0;
    config.install_signal_handlers = 1;
    config.user_site_directory = 0; /* HOME is a script's own directory */
    status = PyConfig_SetString(&config, &config.program_name, PYTHON_PROGRAM);
    if (!PyStatus_Exception(status)) {
        status = PyConfig_SetString(&config, &config.executable, PYTHON_PROGRAM);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    return status;
}

const char *warm_source(const char *name) {
    for (const struct embedded_source *source = embedded_sources; source->name; source++) {
        if (strcmp(source->name, name) == 0) {
            return source->text;
        }
    }
    return NULL;
}

static PyObject *sources_dict(void) {
    PyObject *sources = PyDict_New();
    for (const struct embedded_source *source = embedded_sources; sources && source->name; source++) {
        PyObject *text = PyUnicode_FromString(source->text);
        if (!text || PyDict_SetItemString(sources, source->name, text) < 0) {
            Py_CLEAR(sources);
        }
        Py_XDECREF(text);
    }
    return sources;
}

/* Runs python/loader.py and returns the module object `runner`. */
static PyObject *load_runner(void) {
    PyObject *globals = PyDict_New();
    PyObject *sources = sources_dict();
    PyObject *native = native_new();
    PyObject *runner = NULL;
    PyObject *code = Py_CompileString(warm_source("loader"), "<pyexecd>/loader.py", Py_file_input);
    if (globals && sources && native && code &&
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0) {
        PyObject *ignored = PyEval_EvalCode(code, globals, globals);
        PyObject *load = ignored ? PyDict_GetItemString(globals, "load") : NULL;
        if (load) {
            runner = PyObject_CallFunctionObjArgs(load, sources, native, NULL);
        }
        Py_XDECREF(ignored);
    }
    Py_XDECREF(code);
    Py_XDECREF(native);
    Py_XDECREF(sources);
    Py_XDECREF(globals);
    return runner;
}

static int take_functions(PyObject *module, struct runner *ret_runner) {
    struct {
        const char *name;
        PyObject **place;
    } const functions[] = {
        {"get_ready", &ret_runner->get_ready},
        {"prepare", &ret_runner->prepare},
        {"missing_main", &ret_runner->missing_main},
        {"await_result", &ret_runner->await_result},
        {"succeed", &ret_runner->succeed},
        {"fail", &ret_runner->fail},
        {"fail_again", &ret_runner->fail_again},
        {"flush_streams", &ret_runner->flush_streams},
        {"end", &ret_runner->end},
        {"rewind", &ret_runner->rewind},
        {"warm", &warm_module},
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        *functions[i].place = PyObject_GetAttrString(module, functions[i].name);
        if (!*functions[i].place) {
            return -1;
        }
    }
    return 0;
}

/* Logs what the operator is to be told. Returns 1 when there is something. */
static int tell_operator(PyObject *complaint) {
    const char *text = complaint && complaint != Py_None ? PyUnicode_AsUTF8(complaint) : NULL;
    if (text) {
        log_error("%s", text);
    }
    return text != NULL;
}

int warm_start(const struct guest_options *options, struct runner *ret_runner) {
    int error = set_environment();
    if (error) {
        errno = -error;
        log_error("cannot set the environment: %m");
        return error;
    }
    PyStatus status = initialize_python();
    if (PyStatus_Exception(status)) {
        log_error("cannot initialise Python: %s", status.err_msg ? status.err_msg : "no message");
        return -EPROTO;
    }
    /* The runner is loaded first: its private copies shall not be influenced by what is imported later. */
    PyObject *module = load_runner();
    PyObject *hooks = module ? PyObject_GetAttrString(module, "encode_hooks") : NULL;
    PyObject *done = NULL;
    if (hooks && output_hook_add() == 0 && encode_set_hooks(hooks) == 0 && take_functions(module, ret_runner) == 0) {
        done = PyObject_CallMethod(warm_module, "warm_up", "iiss", (int)options->kind, options->no_memory_group,
                                   options->site_packages, options->modules);
    }
    if (done && last_words_prepare() < 0) {
        Py_CLEAR(done);
    }
    error = done ? 0 : -EPROTO;
    if (!done) {
        PyErr_Print();
    } else if (tell_operator(done)) {
        error = -ENOPKG;
    }
    Py_XDECREF(hooks);
    Py_XDECREF(module); /* its functions keep it alive */
    Py_XDECREF(done);
    return error;
}

static int seal_text(const char *text, size_t size) {
    cleanup_close int fd = memfd_create("packages", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || io_write_full(fd, text, size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
        return -1;
    }
    return take_fd(&fd);
}

int warm_take_packages(void) {
    PyObject *text = PyObject_GetAttrString(warm_module, "packages_text");
    Py_ssize_t size = 0;
    const char *bytes = text && text != Py_None ? PyUnicode_AsUTF8AndSize(text, &size) : NULL;
    int fd = -1;
    if (bytes && (size_t)size <= PACKAGES_MAX_BYTES) {
        fd = seal_text(bytes, (size_t)size);
    }
    if (fd < 0 && text != Py_None) {
        log_warning("what scripts can import is not told to clients: %s", bytes ? "the list is too long" : "no list");
    }
    PyErr_Clear();
    Py_XDECREF(text);
    (void)PyObject_SetAttrString(warm_module, "packages_text", Py_None);
    return fd;
}

void warm_before_fork(void) {
    if (fork_is_told) {
        PyOS_BeforeFork();
    }
}

void warm_after_fork_parent(void) {
    if (fork_is_told) {
        PyOS_AfterFork_Parent();
    }
}

void warm_after_fork_child(void) {
    if (fork_is_told) {
        PyOS_AfterFork_Child();
    }
}

int warm_settle(int last_descriptor) {
    PyObject *done = PyObject_CallMethod(warm_module, "settle", NULL);
    if (!done) {
        PyErr_Print();
        return -1;
    }
    fork_is_told = PyObject_IsTrue(done) != 0;
    Py_DECREF(done);
    if (left_behind_threads(0)) {
        log_error("a preloaded module left a thread running: the guest cannot be forked");
        return -1;
    }
    int fd = left_behind_descriptor(last_descriptor);
    if (fd >= 0) {
        log_error("a preloaded module left descriptor %d open: the guest cannot be forked", fd);
        return -1;
    }
    return 0;
}
