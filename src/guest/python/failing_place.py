"""What suggestions ask about the place that an exception came from: its frame, its line, the values there.

The script's own objects are looked at with care: nothing of theirs is called, as far as that can be helped.
"""

import builtins
import difflib
import inspect
import re

from pyexec_guest import frames, source_lines

ABSENT = object()
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>")
_static_attribute = inspect.getattr_static
_builtins = vars(builtins)  # by name: what a script calls its built-ins when it is asked


def nearest_names(name, known, n=3, cutoff=0.7):
    return difflib.get_close_matches(name, [text for text in known if type(text) is str], n, cutoff)


def quoted(names):
    return ", ".join(f"'{name}'" for name in names)


class Place:
    """The innermost frame of the user's."""

    def __init__(self, error):
        self.frame, self.lineno = None, 0
        trace = error.__traceback__
        while trace is not None:
            if frames.is_user_file(trace.tb_frame.f_code.co_filename):
                self.frame, self.lineno = trace.tb_frame, trace.tb_lineno
            trace = trace.tb_next
        self.line = ""
        if self.frame is not None:
            self.line = source_lines.getline(self.frame.f_code.co_filename, self.lineno)[:1000].strip()

    def value(self, name):
        """Of a variable or a built-in, or ABSENT."""
        if self.frame is None:
            return ABSENT
        frame = self.frame
        while frame is not None:
            if name in frame.f_locals:
                return frame.f_locals[name]
            # A comprehension sees the variables of the function around it.
            frame = frame.f_back if frame.f_code.co_name in _COMPREHENSIONS else None
        for namespace in (self.frame.f_globals, _builtins):
            if name in namespace:
                return namespace[name]
        return ABSENT

    def names(self):
        if self.frame is None:
            return list(_builtins)
        return [*self.frame.f_locals, *self.frame.f_globals, *_builtins]

    def indexed(self):
        """(name, value) of the one variable that the line indexes, or (None, ABSENT)."""
        names = set(re.findall(r"(?<![\w.\])])(\w+)\s*\[", self.line))
        if len(names) != 1:
            return None, ABSENT
        name = names.pop()
        return name, self.value(name)

    def resolve(self, dotted):
        """The value of `name.name`, by attributes that are simply there."""
        first, *rest = dotted.split(".")
        value = self.value(first)
        for name in rest:
            if value is not ABSENT:
                value = static(value, name)
        return value

    def function(self, qualified_name):
        """A function by its qualified name as messages have it ("Account.__init__", "make.<locals>.inner")."""
        return self.resolve(qualified_name.rpartition("<locals>.")[2])


def static(value, name):
    """An attribute without running anything of the script's; ABSENT when it is not there."""
    return _static_attribute(value, name, ABSENT)


def signature_of(function):
    """"(a, b=2)", or None."""
    try:
        return str(inspect.signature(function))[:300]
    except Exception:
        return None


def parameters_of(function):
    try:
        return list(inspect.signature(function).parameters)
    except Exception:
        return []
