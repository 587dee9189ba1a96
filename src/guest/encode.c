#include "guest/encode.h"

#include "guest/encode_text.h"

static struct {
    PyTypeObject *enum_type;
    PyObject *convert;
    PyObject *convert_key;
    PyObject *refuse;
} hooks;

/* One container (or converted value) that is being written, on the C stack. */
struct frame {
    const struct frame *parent;
    PyObject *container; /* borrowed from whoever holds the level above */
    PyObject *key;       /* borrowed; what of the container is being written: this key, */
    Py_ssize_t index;    /* or this index when there is no key; -1: the whole, converted */
    size_t depth;
};

struct encoder {
    struct encode_output *output;
    const char *root;
};

static int encode_value(const struct encoder *encoder, PyObject *value, const struct frame *parent);

int encode_set_hooks(PyObject *source) {
    PyObject *enum_type = PyObject_GetAttrString(source, "enum_type");
    hooks.convert = PyObject_GetAttrString(source, "convert");
    hooks.convert_key = PyObject_GetAttrString(source, "convert_key");
    hooks.refuse = PyObject_GetAttrString(source, "refuse");
    if (!enum_type || !hooks.convert || !hooks.convert_key || !hooks.refuse) {
        return -1;
    }
    if (!PyType_Check(enum_type)) {
        PyErr_SetString(PyExc_TypeError, "enum_type is not a class");
        return -1;
    }
    hooks.enum_type = (PyTypeObject *)enum_type;
    return 0;
}

/* The way from the root to `last` as a list of (key, index) pairs; key is None where the index counts. */
static PyObject *steps_to(const struct frame *last) {
    PyObject *steps = PyList_New(0);
    for (const struct frame *frame = last; steps && frame; frame = frame->parent) {
        if (!frame->key && frame->index < 0) {
            continue;
        }
        PyObject *step =
            frame->key ? Py_BuildValue("(iO)", -1, frame->key) : Py_BuildValue("(nO)", frame->index, Py_None);
        if (!step || PyList_Append(steps, step) < 0) {
            Py_CLEAR(steps);
        }
        Py_XDECREF(step);
    }
    if (steps && PyList_Reverse(steps) < 0) {
        Py_CLEAR(steps);
    }
    return steps;
}

/* Looks for a container that holds itself: the nearest frame above `last` with the same object. Done only once the
 * value has proved too deep or too large, so that ordinary values pay nothing for it. */
static const struct frame *find_cycle(const struct frame *last, const struct frame **ret_ancestor) {
    for (const struct frame *frame = last; frame; frame = frame->parent) {
        for (const struct frame *above = frame->parent; above; above = above->parent) {
            if (above->container == frame->container) {
                *ret_ancestor = above->parent;
                return frame->parent;
            }
        }
    }
    return NULL;
}

/* Raises what the Python side makes of it. Returns -1. */
static int refuse_at(const struct encoder *encoder, const char *reason, const struct frame *place, PyObject *subject,
                     const struct frame *other_place) {
    PyObject *steps = steps_to(place);
    PyObject *other_steps = steps ? steps_to(other_place) : NULL;
    PyObject *error = NULL;
    if (other_steps) {
        error = PyObject_CallFunction(hooks.refuse, "ssOOO", reason, encoder->root, steps, subject, other_steps);
    }
    if (error) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    }
    Py_XDECREF(error);
    Py_XDECREF(other_steps);
    Py_XDECREF(steps);
    return -1;
}

static int refuse(const struct encoder *encoder, const char *reason, const struct frame *place, PyObject *subject) {
    return refuse_at(encoder, reason, place, subject, NULL);
}

/* Too deep or too large, and that may be because the value contains itself. */
static int refuse_extent(const struct encoder *encoder, const char *reason, const struct frame *place,
                         PyObject *subject) {
    const struct frame *ancestor_place = NULL;
    const struct frame *again = find_cycle(place, &ancestor_place);
    if (again) {
        /* A cycle repeats: the second time round on the way down is the shortest place to show. */
        for (const struct frame *next = again; next;) {
            again = next;
            const struct frame *ignored;
            next = find_cycle(next, &ignored);
            if (next) {
                ancestor_place = ignored;
            }
        }
        return refuse_at(encoder, "cycle", again, subject, ancestor_place);
    }
    return refuse(encoder, reason, place, subject);
}

/* Makes an exception of ENCODE_FULL; hands 0 and -1 on. */
static int checked(const struct encoder *encoder, int status, const struct frame *place) {
    return status == ENCODE_FULL ? refuse_extent(encoder, "size", place, Py_None) : status;
}

static int put(const struct encoder *encoder, const char *bytes, size_t size, const struct frame *place) {
    return checked(encoder, encode_bytes(encoder->output, bytes, size), place);
}

static int enter_frame(const struct encoder *encoder, struct frame *frame) {
    frame->depth = frame->parent ? frame->parent->depth + 1 : 1;
    if (frame->depth > ENCODE_MAX_DEPTH) {
        return refuse_extent(encoder, "depth", frame->parent, frame->container);
    }
    return 0;
}

/* `items` is a list or tuple that nobody but `whole` and we know of, or the value itself. Hooks run scripts' code, so
 * a list may change its size between two elements: the size is read anew each time. */
static int encode_array(const struct encoder *encoder, PyObject *whole, PyObject *items, const struct frame *parent) {
    struct frame frame = {.parent = parent, .container = whole};
    if (enter_frame(encoder, &frame) || put(encoder, "[", 1, parent)) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); i++) {
        frame.index = i;
        if (i > 0 && put(encoder, ",", 1, &frame)) {
            return -1;
        }
        PyObject *item = PySequence_Fast_GET_ITEM(items, i);
        Py_INCREF(item);
        int status = encode_value(encoder, item, &frame);
        Py_DECREF(item);
        if (status) {
            return -1;
        }
    }
    return put(encoder, "]", 1, parent);
}

static int encode_set(const struct encoder *encoder, PyObject *set, const struct frame *parent) {
    PyObject *items = PySequence_List(set);
    if (items && PyList_Sort(items) < 0) {
        Py_CLEAR(items);
        if (PyErr_ExceptionMatches(PyExc_Exception)) { /* not sortable; KeyboardInterrupt and its kin go on */
            PyErr_Clear();
            items = PySequence_List(set);
        }
    }
    if (!items) {
        return -1;
    }
    int status = encode_array(encoder, set, items, parent);
    Py_DECREF(items);
    return status;
}

/* The key as a new reference to a str, spelt as the json module spells it, or NULL with an exception set. */
static PyObject *key_text(const struct encoder *encoder, PyObject *key, const struct frame *place) {
    if (PyUnicode_CheckExact(key)) {
        Py_INCREF(key);
        return key;
    }
    if (key == Py_None) {
        return PyUnicode_FromString("null");
    }
    if (PyBool_Check(key)) {
        return PyUnicode_FromString(key == Py_True ? "true" : "false");
    }
    if (PyLong_CheckExact(key)) {
        return PyLong_Type.tp_repr(key);
    }
    PyObject *text = PyObject_CallFunctionObjArgs(hooks.convert_key, key, NULL);
    if (text && !PyUnicode_Check(text)) {
        Py_CLEAR(text);
        (void)refuse(encoder, PyTuple_Check(key) ? "tuple_key" : "key", place, key);
    }
    return text;
}

/* One `"key":value` of an object. `seen` collects the texts of all keys once one of them was not a plain str: NULL as
 * long as there can be no collision. */
static int encode_member(const struct encoder *encoder, PyObject *key, PyObject *value, PyObject *seen,
                         struct frame *frame) {
    frame->key = key;
    PyObject *text = key_text(encoder, key, frame->parent);
    if (!text) {
        return -1;
    }
    int status = 0;
    if (seen) {
        int known = PySet_Contains(seen, text);
        if (known > 0) {
            status = refuse(encoder, "collision", frame->parent, text);
        } else if (known < 0 || PySet_Add(seen, text) < 0) {
            status = -1;
        }
    }
    if (!status) {
        status = checked(encoder, encode_string(encoder->output, text), frame);
    }
    Py_DECREF(text);
    if (status || put(encoder, ":", 1, frame)) {
        return -1;
    }
    return encode_value(encoder, value, frame);
}

static int has_only_plain_keys(PyObject *dict) {
    PyObject *key;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, NULL)) {
        if (!PyUnicode_CheckExact(key)) {
            return 0;
        }
    }
    return 1;
}

static int encode_members(const struct encoder *encoder, PyObject *dict, PyObject *seen, struct frame *frame) {
    PyObject *key, *value;
    Py_ssize_t position = 0;
    Py_ssize_t size = PyDict_GET_SIZE(dict);
    for (int first = 1; PyDict_Next(dict, &position, &key, &value); first = 0) {
        if (!first && put(encoder, ",", 1, frame)) {
            return -1;
        }
        Py_INCREF(key);
        Py_INCREF(value);
        int status = encode_member(encoder, key, value, seen, frame);
        frame->key = NULL;
        Py_DECREF(key);
        Py_DECREF(value);
        if (status) {
            return -1;
        }
        if (PyDict_GET_SIZE(dict) != size) {
            return refuse(encoder, "changed", frame->parent, dict);
        }
    }
    return 0;
}

/* An OrderedDict's own order is not that of its hash table. */
static int encode_ordered_members(const struct encoder *encoder, PyObject *dict, PyObject *seen, struct frame *frame) {
    PyObject *view = PyObject_CallMethod((PyObject *)&PyODict_Type, "items", "O", dict);
    PyObject *items = view ? PySequence_List(view) : NULL;
    Py_XDECREF(view);
    if (!items) {
        return -1;
    }
    int status = 0;
    for (Py_ssize_t i = 0; !status && i < PyList_GET_SIZE(items); i++) {
        PyObject *item = PyList_GET_ITEM(items, i);
        if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2) {
            status = refuse(encoder, "changed", frame->parent, dict);
            break;
        }
        status = i > 0 ? put(encoder, ",", 1, frame) : 0;
        if (!status) {
            status = encode_member(encoder, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1), seen, frame);
            frame->key = NULL;
        }
    }
    Py_DECREF(items);
    return status;
}

static int encode_object(const struct encoder *encoder, PyObject *dict, const struct frame *parent) {
    struct frame frame = {.parent = parent, .container = dict, .index = -1};
    if (enter_frame(encoder, &frame) || put(encoder, "{", 1, parent)) {
        return -1;
    }
    PyObject *seen = NULL;
    if (!has_only_plain_keys(dict)) {
        seen = PySet_New(NULL);
        if (!seen) {
            return -1;
        }
    }
    int status = PyODict_Check(dict) ? encode_ordered_members(encoder, dict, seen, &frame)
                                     : encode_members(encoder, dict, seen, &frame);
    Py_XDECREF(seen);
    return status ? -1 : put(encoder, "}", 1, parent);
}

static int encode_converted(const struct encoder *encoder, PyObject *value, const struct frame *parent) {
    struct frame frame = {.parent = parent, .container = value, .index = -1};
    if (enter_frame(encoder, &frame)) {
        return -1;
    }
    PyObject *simpler = PyObject_CallFunctionObjArgs(hooks.convert, value, NULL);
    if (!simpler) {
        return -1;
    }
    int status =
        simpler == Py_NotImplemented ? refuse(encoder, "type", parent, value) : encode_value(encoder, simpler, &frame);
    Py_DECREF(simpler);
    return status;
}

static int encode_value(const struct encoder *encoder, PyObject *value, const struct frame *parent) {
    if (value == Py_None) {
        return put(encoder, "null", 4, parent);
    }
    if (PyBool_Check(value)) {
        return value == Py_True ? put(encoder, "true", 4, parent) : put(encoder, "false", 5, parent);
    }
    if (PyType_IsSubtype(Py_TYPE(value), hooks.enum_type)) { /* an Enum may also be an int or a str */
        return encode_converted(encoder, value, parent);
    }
    if (PyUnicode_Check(value)) {
        return checked(encoder, encode_string(encoder->output, value), parent);
    }
    if (PyLong_Check(value)) {
        return checked(encoder, encode_int(encoder->output, value), parent);
    }
    if (PyFloat_Check(value)) {
        return checked(encoder, encode_float(encoder->output, PyFloat_AS_DOUBLE(value)), parent);
    }
    if (PyList_Check(value) || PyTuple_Check(value)) {
        return encode_array(encoder, value, value, parent);
    }
    if (PyDict_Check(value)) {
        return encode_object(encoder, value, parent);
    }
    if (PyAnySet_Check(value)) {
        return encode_set(encoder, value, parent);
    }
    return encode_converted(encoder, value, parent);
}

int encode_json(PyObject *value, const char *root, struct encode_output *output) {
    const struct encoder encoder = {.output = output, .root = root};
    return encode_value(&encoder, value, NULL);
}
