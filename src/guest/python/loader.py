"""Loads our own modules into a world that no script can reach by patching.

A script may replace anything in `builtins`, in `sys.modules` and in any module of the standard library. What we run
after it must not notice. So our modules, and private copies of the few pure Python modules they lean on, get a
private dict of built-ins, and every import they make is answered from what was loaded before any script ran.
"""

import builtins
import importlib.util
import types

PACKAGE = "pyexec_guest"
FILE_PREFIX = "<pyexecd>/"

# Copied because their functions call each other through globals that a script can patch.
PRIVATE_COPIES = ("traceback", "difflib", "textwrap")


class World:
    """Holds the private modules; `sources` maps our modules' names to their texts."""

    def __init__(self, sources, native):
        self.sources = sources
        self.package = types.ModuleType(PACKAGE)
        self.package.native = native
        self.answers = {}  # (name, whether names are imported from it) -> module
        self.private_builtins = dict(vars(builtins))
        self.private_builtins["__import__"] = self.import_module
        self.real_import = builtins.__import__

    def import_module(self, name, globals=None, locals=None, fromlist=(), level=0):
        key = (name, bool(fromlist))
        module = self.answers.get(key)
        if module is None or level:
            module = self.find(name, fromlist, globals, level)
            if not level:
                self.answers[key] = module
        elif name == PACKAGE:
            self.load_members(fromlist)
        return module

    def find(self, name, fromlist, globals, level):
        if name == PACKAGE:
            self.load_members(fromlist)
            return self.package
        if name.startswith(PACKAGE + "."):
            return self.load_own(name[len(PACKAGE) + 1 :])
        if name == "linecache":
            return self.load_own("source_lines")
        if name in PRIVATE_COPIES:
            return self.load_copy(name)
        return self.real_import(name, globals, None, fromlist, level)

    def load_members(self, names):
        for name in names or ():
            if not hasattr(self.package, name):
                self.load_own(name)

    def load_own(self, name):
        if hasattr(self.package, name):
            return getattr(self.package, name)
        module = self.new_module(f"{PACKAGE}.{name}")
        module.__file__ = f"{FILE_PREFIX}{name}.py"
        code = compile(self.sources[name], module.__file__, "exec", dont_inherit=True)
        exec(code, vars(module))
        setattr(self.package, name, module)
        return module

    def load_copy(self, name):
        code = importlib.util.find_spec(name).loader.get_code(name)
        module = self.new_module(name)
        exec(code, vars(module))
        return module

    def new_module(self, name):
        module = types.ModuleType(name)
        vars(module)["__builtins__"] = self.private_builtins
        return module


def load(sources, native):
    """Returns the module `runner`, whose functions run.c calls."""
    world = World(sources, native)
    world.load_own("forking").watch()  # before the standard library is imported
    return world.load_own("runner")
