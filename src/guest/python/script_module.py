"""The module that a script becomes: its source compiled, found again by `inspect`, `pickle`, `doctest` and the like."""

import __future__
import ast
import linecache as _private_linecache  # our stand-in, see loader.py
import sys
import types
from importlib import import_module

from pyexec_guest import native

FILENAME = _private_linecache.SCRIPT
WORKING_DIRECTORY = "/tmp"
PATH = WORKING_DIRECTORY + "/" + FILENAME  # of __file__; nothing need be there

_public_linecache = import_module("linecache")
_original_main = sys.modules["__main__"]

_ONLY_AST = ast.PyCF_ONLY_AST
_FUTURE_FLAGS = 0
for _feature in __future__.all_feature_names:
    _FUTURE_FLAGS |= getattr(__future__, _feature).compiler_flag


class ScriptLoader:
    """What `inspect` and `linecache` ask for the source of a module that is not in a file."""

    def __init__(self, name):
        self._name = name
        self._source = ""  # until register_source()

    def get_source(self, name):
        if name != self._name:
            raise ImportError(f"not the script: {name!r}", name=name)
        return self._source


def decode(script):
    text = script.decode("utf-8", "surrogatepass")
    return text[1:] if text.startswith("\ufeff") else text


def compile_module(source):
    return compile(source, FILENAME, "exec", 0, True)


def compile_cell(source):
    """Splits the value of a last expression off, as a notebook cell does: (code, code of the expression or None)."""
    tree = compile(source, FILENAME, "exec", _ONLY_AST, True)
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return compile(tree, FILENAME, "exec", 0, True), None
    last = tree.body[-1]
    if len(tree.body) > 1 or not isinstance(last.value, ast.Constant):  # else it is the module's docstring as well
        tree.body.pop()
    code = compile(tree, FILENAME, "exec", 0, True)
    flags = code.co_flags & _FUTURE_FLAGS
    return code, compile(ast.Expression(last.value), FILENAME, "eval", flags, True)


def register_source(module, source):
    """Before compiling: warnings and syntax errors show source lines too."""
    vars(module)["__loader__"]._source = source
    _private_linecache.set_script(source)
    native.set_source(source)
    lines = [line + "\n" for line in _private_linecache.getlines(FILENAME)]
    for filename in (FILENAME, PATH):  # no time stamp: linecache.checkcache() leaves such an entry alone
        _public_linecache.cache[filename] = (len(source), None, lines, filename)


def new_module(name):
    module = types.ModuleType(name)
    vars(module).update(
        __file__=PATH,
        __builtins__=sys.modules["builtins"],
        __loader__=ScriptLoader(name),
        __annotations__={},
    )
    sys.modules[name] = module
    sys.modules["__main__"] = module
    sys.argv[:] = [FILENAME]
    if WORKING_DIRECTORY not in sys.path:
        sys.path.insert(0, WORKING_DIRECTORY)
    return module


def withdraw(name):
    """Takes back what new_module() did to the modules."""
    sys.modules.pop(name, None)
    sys.modules["__main__"] = _original_main


def forget(name):
    """Takes back what the functions above did."""
    _private_linecache.clear()
    for filename in (FILENAME, PATH):
        _public_linecache.cache.pop(filename, None)
    withdraw(name)
    sys.argv[:] = [""]
    if WORKING_DIRECTORY in sys.path:
        sys.path.remove(WORKING_DIRECTORY)
    sys.path_importer_cache.pop(WORKING_DIRECTORY, None)


_PLAIN_FUNCTION = types.FunctionType
_CACHED_FUNCTION = type(import_module("functools").lru_cache(len))
_MAX_NAMES = 1000


def public_functions(module):
    """Names of the public functions that the script defined itself, in their order; never what it imported."""
    names = []
    own_name = vars(module).get("__name__")
    for name, value in list(vars(module).items()):
        if type(name) is not str or name.startswith("_") or len(names) == _MAX_NAMES:
            continue
        if type(value) is _PLAIN_FUNCTION or type(value) is _CACHED_FUNCTION:
            if getattr(value, "__module__", None) == own_name:
                names.append(name)
    return names
