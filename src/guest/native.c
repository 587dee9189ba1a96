#include "guest/native.h"

#include <string.h>
#include <unistd.h>

#include "guest/artifacts.h"
#include "guest/encode.h"
#include "guest/last_words.h"
#include "guest/left_behind.h"
#include "guest/result_map.h"
#include "wire/fixed_fds.h"

static size_t value_len; /* of the text that encode_result() left in the value space */

static PyObject *native_is_owner(PyObject *self, PyObject *ignored) {
    (void)self;
    (void)ignored;
    return PyBool_FromLong(result_map_is_owner());
}

static PyObject *native_encode_result(PyObject *self, PyObject *arguments) {
    (void)self;
    PyObject *value;
    Py_ssize_t limit;
    if (!PyArg_ParseTuple(arguments, "On", &value, &limit)) {
        return NULL;
    }
    struct result_space space = result_map_value();
    struct encode_output output = {.bytes = space.bytes, .size = space.size};
    if (limit >= 0 && (size_t)limit < output.size) {
        output.size = (size_t)limit;
    }
    value_len = 0;
    if (encode_json(value, "result", &output) < 0) {
        if (output.used > 0) {
            memset(output.bytes, 0, output.used); /* half a text is no claim of anything */
        }
        return NULL;
    }
    value_len = output.used;
    Py_RETURN_NONE;
}

static PyObject *native_finish(PyObject *self, PyObject *arguments) {
    (void)self;
    PyObject *record;
    int with_value;
    if (!PyArg_ParseTuple(arguments, "Op", &record, &with_value)) {
        return NULL;
    }
    struct result_space space = result_map_record();
    struct encode_output output = {.bytes = space.bytes, .size = space.size};
    if (space.bytes && encode_json(record, "record", &output) < 0) {
        return NULL;
    }
    result_map_complete(output.used, with_value ? value_len : 0);
    Py_RETURN_NONE;
}

static PyObject *native_has_output(PyObject *self, PyObject *ignored) {
    (void)self;
    (void)ignored;
    return PyBool_FromLong(access(OUTPUT_DIRECTORY, F_OK) == 0);
}

static PyObject *native_add_figure(PyObject *self, PyObject *figure) {
    (void)self;
    if (PyBytes_Check(figure)) {
        artifacts_add_figure(PyBytes_AS_STRING(figure), (size_t)PyBytes_GET_SIZE(figure));
    } else {
        artifacts_add_figure(NULL, 0);
    }
    Py_RETURN_NONE;
}

/* In C, since even looking at a value from Python writes its reference count: 40 pages for the built-ins. */
static PyObject *native_holds_all(PyObject *self, PyObject *arguments) {
    (void)self;
    PyObject *dict, *expected, *name, *value;
    if (!PyArg_ParseTuple(arguments, "O!O!", &PyDict_Type, &dict, &PyDict_Type, &expected)) {
        return NULL;
    }
    Py_ssize_t position = 0;
    while (PyDict_Next(expected, &position, &name, &value)) {
        if (PyDict_GetItemWithError(dict, name) != value) {
            return PyErr_Occurred() ? NULL : PyBool_FromLong(0);
        }
    }
    Py_RETURN_TRUE;
}

static PyObject *native_set_source(PyObject *self, PyObject *source) {
    (void)self;
    if (PyUnicode_Check(source)) {
        last_words_set_source(source);
    }
    Py_RETURN_NONE;
}

static PyObject *native_say_last_words(PyObject *self, PyObject *arguments) {
    (void)self;
    unsigned line;
    const char *text;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(arguments, "Iy#", &line, &text, &len)) {
        return NULL;
    }
    last_words_say(line, text, (size_t)len);
}

static PyObject *native_last_words_want_coroutines(PyObject *self, PyObject *ignored) {
    (void)self;
    (void)ignored;
    return PyBool_FromLong(last_words_want_coroutines());
}

static PyObject *native_left_behind(PyObject *self, PyObject *ignored) {
    (void)self;
    (void)ignored;
    if (left_behind_threads(1)) {
        return PyUnicode_FromString("a thread running");
    }
    const int fd = left_behind_descriptor(FIXED_FD_KEEPER);
    if (fd >= 0) {
        return PyUnicode_FromFormat("descriptor %d open", fd);
    }
    Py_RETURN_NONE;
}

static PyMethodDef native_methods[] = {
    {"is_owner", native_is_owner, METH_NOARGS, "Whether this is the sandbox's first process and not a fork of it."},
    {"encode_result", native_encode_result, METH_VARARGS,
     "encode_result(value, limit): its JSON text into the memory."},
    {"finish", native_finish, METH_VARARGS, "finish(record, with_value): the last word about the run."},
    {"holds_all", native_holds_all, METH_VARARGS,
     "holds_all(dict, expected): whether dict has expected's names, and the very same values."},
    {"has_output", native_has_output, METH_NOARGS, "Whether there is an output directory."},
    {"add_figure", native_add_figure, METH_O, "add_figure(png): hands a figure back; None: it could not be drawn."},
    {"left_behind", native_left_behind, METH_NOARGS, "In a guest: what keeps it from being forked, in words, or None."},
    {"set_source", native_set_source, METH_O, "set_source(text): what the last words quote lines of."},
    {"last_words_want_coroutines", native_last_words_want_coroutines, METH_NOARGS,
     "Whether an idle event loop is all that could be said of."},
    {"say_last_words", native_say_last_words, METH_VARARGS,
     "say_last_words(line, utf8): where the run is when its time is up; b'': as it was said. Ends the process."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef native_module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "pyexec_guest.native",
    .m_size = -1,
    .m_methods = native_methods,
};

PyObject *native_new(void) {
    return PyModule_Create(&native_module);
}
