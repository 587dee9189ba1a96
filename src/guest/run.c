#include "guest/run.h"
#include "guest/output_hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "guest/artifacts.h"
#include "guest/result_map.h"

#define STATUS_FAILED 1
#define WORKING_DIRECTORY "/tmp"

static const char banner_line[] = "Executing main() function...\n";

/* What prepare() gives back. */
struct script {
    PyObject *prepared; /* owns the rest */
    PyObject *code;
    PyObject *last_expression; /* NULL: none */
    PyObject *globals;
    PyObject *args;
    PyObject *kwargs;
};

/* The raised exception as an object with its traceback; a new reference. */
static PyObject *take_exception(void) {
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (trace) {
        (void)PyException_SetTraceback(value, trace);
    }
    Py_XDECREF(type);
    Py_XDECREF(trace);
    return value;
#endif
}

/* Turns the status that a function of the runner returned into an int; steals `status`. */
static int exit_status(PyObject *status) {
    long number = PyLong_AsLong(status);
    Py_DECREF(status);
    if (number == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return STATUS_FAILED;
    }
    return (int)(number & 0xff);
}

/* A tracing or profiling function of the script's must not follow us into our own code. */
static void stop_tracing(void) {
    PyEval_SetTrace(NULL, NULL);
    PyEval_SetProfile(NULL, NULL);
}

/* Reports the exception that is set; `main_function` is what was called, or None. The script may interfere even here,
 * by a signal handler that raises or by exhausted memory: what fails is tried once more with less. */
static int fail_in(const struct runner *runner, PyObject *main_function) {
    stop_tracing();
    PyObject *error = take_exception();
    PyObject *status = PyObject_CallFunctionObjArgs(runner->fail, error, main_function, NULL);
    if (!status) {
        PyErr_Clear();
        status = PyObject_CallFunctionObjArgs(runner->fail_again, error, NULL);
    }
    if (!status) {
        PyErr_Clear();
    }
    Py_XDECREF(error);
    return status ? exit_status(status) : STATUS_FAILED;
}

static int fail(const struct runner *runner) {
    return fail_in(runner, Py_None);
}

/* Returns 0 with *ret_script filled, or 1 with the exit status in *ret_status. */
static int prepare(const struct runner *runner, const struct request *request, PyObject *env, struct script *ret_script,
                   int *ret_status) {
    PyObject *prepared =
        PyObject_CallFunction(runner->prepare, "y#y#y#OIIK", request->script.bytes, (Py_ssize_t)request->script.size,
                              request->args.bytes, (Py_ssize_t)request->args.size, request->kwargs.bytes,
                              (Py_ssize_t)request->kwargs.size, env, (unsigned)request->header.mode,
                              (unsigned)request->header.banner, (unsigned long long)request->header.max_result_bytes);
    if (!prepared) {
        *ret_status = fail(runner);
        return 1;
    }
    if (!PyTuple_Check(prepared)) {
        *ret_status = exit_status(prepared);
        return 1;
    }
    PyObject *last = PyTuple_GET_ITEM(prepared, 1);
    *ret_script = (struct script){
        .prepared = prepared,
        .code = PyTuple_GET_ITEM(prepared, 0),
        .last_expression = last == Py_None ? NULL : last,
        .globals = PyTuple_GET_ITEM(prepared, 2),
        .args = PyTuple_GET_ITEM(prepared, 3),
        .kwargs = PyTuple_GET_ITEM(prepared, 4),
    };
    return 0;
}

static PyObject *env_list(const struct request *request) {
    PyObject *list = PyList_New(0);
    uint64_t offset = 0;
    const unsigned char *name, *value;
    uint32_t name_len, value_len;
    while (list && run_request_next_entry(request->env.bytes, request->env.size, &offset, &name, &name_len, &value,
                                          &value_len) > 0) {
        PyObject *entry =
            Py_BuildValue("(y#y#)", name, (Py_ssize_t)name_len, (const char *)value, (Py_ssize_t)value_len);
        if (!entry || PyList_Append(list, entry) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(entry);
    }
    return list;
}

/* Everything that the script has written so far goes before the banner, the C library's buffers too. */
static void write_banner(const struct runner *runner) {
    PyObject *ignored = PyObject_CallNoArgs(runner->flush_streams);
    if (!ignored) {
        PyErr_Clear();
    }
    Py_XDECREF(ignored);
    (void)fflush(NULL);
    if (result_map_is_owner() && io_write_full(STDOUT_FILENO, banner_line, sizeof banner_line - 1) == 0) {
        result_map_set_banner_written();
    }
}

static int succeed(const struct runner *runner, PyObject *value) {
    stop_tracing();
    PyObject *status = PyObject_CallFunctionObjArgs(runner->succeed, value, NULL);
    return status ? exit_status(status) : fail(runner);
}

/* What an `async def main`, or a main() that returns something to be awaited, comes to. Steals `value`. */
static PyObject *await_result(const struct runner *runner, PyObject *value) {
    const PyAsyncMethods *methods = Py_TYPE(value)->tp_as_async;
    if (!methods || !methods->am_await) {
        return value;
    }
    PyObject *result = PyObject_CallFunctionObjArgs(runner->await_result, value, NULL);
    Py_DECREF(value);
    return result;
}

/* The module level is through: main() and its result. */
static int run_main(const struct runner *runner, const struct script *script, bool banner) {
    PyObject *main_function = PyDict_GetItemString(script->globals, "main");
    if (!main_function || !PyCallable_Check(main_function)) {
        stop_tracing();
        PyObject *status = PyObject_CallNoArgs(runner->missing_main);
        return status ? exit_status(status) : fail(runner);
    }
    Py_INCREF(main_function);
    if (banner) {
        write_banner(runner);
    }
    result_map_set_phase(RUN_PHASE_MAIN);
    PyObject *value = PyObject_Call(main_function, script->args, script->kwargs);
    if (value) {
        value = await_result(runner, value);
    }
    int status = value ? succeed(runner, value) : fail_in(runner, main_function);
    result_map_set_phase(RUN_PHASE_ENDING);
    Py_XDECREF(value);
    Py_DECREF(main_function);
    return status;
}

/* The source as a notebook cell: the result is the value of a last expression. */
static int run_cell(const struct runner *runner, const struct script *script) {
    PyObject *value = Py_None;
    Py_INCREF(value);
    if (script->last_expression) {
        Py_DECREF(value);
        value = PyEval_EvalCode(script->last_expression, script->globals, script->globals);
    }
    int status = value ? succeed(runner, value) : fail(runner);
    Py_XDECREF(value);
    return status;
}

static int run_script(const struct runner *runner, const struct script *script, enum run_mode mode, bool banner) {
    PyObject *ignored = PyEval_EvalCode(script->code, script->globals, script->globals);
    if (!ignored) {
        return fail(runner);
    }
    Py_DECREF(ignored);
    return mode == RUN_MODE_MAIN ? run_main(runner, script, banner) : run_cell(runner, script);
}

/* The posted files, into the working directory, which the sandbox is in already. Returns 0, or -1 with an exception
 * set. */
static int lay_out_files(const struct request *request) {
    if (request->files.size == 0) {
        return 0;
    }
    cleanup_close int directory_fd = open(WORKING_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0) {
        (void)PyErr_SetFromErrnoWithFilename(PyExc_OSError, WORKING_DIRECTORY);
        return -1;
    }
    const char *path;
    uint32_t path_len;
    int error = request_write_files(request, directory_fd, &path, &path_len);
    if (error) {
        errno = -error;
        PyObject *name = PyUnicode_DecodeFSDefaultAndSize(path, (Py_ssize_t)path_len);
        (void)PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, name ? name : Py_None);
        Py_XDECREF(name);
        return -1;
    }
    return 0;
}

/* Lays out what does not need Python. Returns 0, or -1 with an exception set. */
static int lay_out(const struct request *request) {
    if (lay_out_files(request) < 0) {
        return -1;
    }
    int error = request_write_stdin(request);
    if (error) {
        errno = -error;
        (void)PyErr_SetFromErrnoWithFilename(PyExc_OSError, "<stdin>");
        return -1;
    }
    return 0;
}

int run_get_ready(const struct runner *runner) {
    PyObject *done = PyObject_CallNoArgs(runner->get_ready);
    if (!done) {
        PyErr_Print();
        return -1;
    }
    Py_DECREF(done);
    return 0;
}

int run_request(const struct runner *runner, struct request *request) {
    enum run_mode mode = (enum run_mode)request->header.mode;
    bool banner = request->header.banner != 0;
    struct script script;
    int status = 0;
    result_map_begin();
    artifacts_begin(&request->header.artifacts);
    output_hook_arm();
    PyObject *env = NULL;
    if (lay_out(request) == 0) {
        env = env_list(request);
    }
    if (!env) {
        request_release(request);
        return fail(runner);
    }
    int ended = prepare(runner, request, env, &script, &status);
    Py_DECREF(env);
    request_release(request);
    if (!ended) {
        status = run_script(runner, &script, mode, banner);
        Py_DECREF(script.prepared);
    }
    return status;
}

void run_end(const struct runner *runner, int status) {
    PyObject *ignored = PyObject_CallNoArgs(runner->end);
    if (!ignored) {
        PyErr_Clear();
    }
    (void)fflush(NULL);
    artifacts_collect();
    _exit(status);
}

static int rehearse(const struct runner *runner, const char *source, bool thorough, int expected_status) {
    static const char plain_kwargs[] = "{\"named\": {\"deep\": [1.5, null]}}";
    static const char thorough_kwargs[] = "{\"named\": {\"deep\": [1.5, null]}, \"thorough\": true}";
    const char *kwargs = thorough ? thorough_kwargs : plain_kwargs;
    const char *text = warm_source(source);
    if (!text) {
        return -1;
    }
    struct request request = {
        .header = {.magic = RUN_REQUEST_MAGIC,
                   .mode = RUN_MODE_MAIN,
                   .banner = 1,
                   .script_len = strlen(text),
                   .max_result_bytes = RUN_RESULT_VALUE_MAX,
                   .artifacts = {.count = 1, .depth = 1, .path_bytes = ARTIFACT_PATH_MAX}},
        .script = {(const unsigned char *)text, strlen(text)},
        .args = {(const unsigned char *)"[1, \"two\"]", 10},
        .kwargs = {(const unsigned char *)kwargs, strlen(kwargs)},
    };
    if (run_get_ready(runner) < 0) {
        return -1;
    }
    int status = run_request(runner, &request);
    artifacts_collect(); /* the empty directory, or none; figures in rewind() */
    result_map_clear();
    PyObject *done = PyObject_CallNoArgs(runner->rewind);
    if (!done) {
        PyErr_Print();
        return -1;
    }
    Py_DECREF(done);
    return status == expected_status ? 0 : -1;
}

/* With the same descriptors as in a run, so that the very same paths are taken; its output goes nowhere. */
static int rehearse_in_silence(const struct runner *runner, const char *source, bool thorough, int expected_status) {
    cleanup_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    cleanup_close int stdout_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    cleanup_close int stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    if (null_fd < 0 || stdout_fd < 0 || stderr_fd < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
        dup2(null_fd, STDERR_FILENO) < 0) {
        return -1;
    }
    int status = rehearse(runner, source, thorough, expected_status);
    if (dup2(stdout_fd, STDOUT_FILENO) < 0 || dup2(stderr_fd, STDERR_FILENO) < 0) {
        return -1;
    }
    return status;
}

int run_rehearsal(const struct runner *runner, enum guest_kind kind, bool thorough) {
    return rehearse_in_silence(runner, kind == GUEST_DATA ? "rehearsal_data" : "rehearsal_lean", thorough, 0);
}

int run_failing_rehearsal(const struct runner *runner) {
    return rehearse_in_silence(runner, "rehearsal_failure", false, STATUS_FAILED);
}
