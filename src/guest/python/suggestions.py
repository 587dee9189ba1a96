"""Advice about one failure. Each rule looks at one kind of error; the first lines are the most special."""

import difflib
import errno
import inspect
import re
import sys

from pyexec_guest import frames, source_lines, values, warm

GENERIC = "Read the last line of the traceback first, then the line of the script that it names"
WRITABLE = "Only the working directory /tmp (also HOME and TMPDIR) is writable; everything else is read-only"
NO_NETWORK = (
    "The sandbox has no network: send the data in the request (`files`, `stdin`, `args`) instead of fetching it"
)

_MISSING_MAIN = [
    "Add a main() function to your script",
    "Example: def main():\n    # Your code here\n    return 'success'",
]
_ENTRY_NAMES = ("run", "solve", "solution", "handler", "handle", "start", "execute", "process", "entry", "entrypoint")
_NETWORK_MODULES = {
    "requests": "urllib.request",
    "httpx": "urllib.request",
    "aiohttp": "urllib.request",
    "urllib3": "urllib.request",
}
_PACKAGE_OF = {"cv2": "opencv", "PIL": "Pillow", "sklearn": "scikit-learn", "bs4": "beautifulsoup4", "yaml": "PyYAML"}
_INSTEAD = {
    "polars": "pandas",
    "simplejson": "json",
    "ujson": "json",
    "orjson": "json",
    "mock": "unittest.mock",
    "attr": "dataclasses",
    "pytz": "zoneinfo",
    "seaborn": "matplotlib",
    "plotly": "matplotlib",
    "bs4": "html.parser",
    "lxml": "xml.etree.ElementTree",
    "toml": "tomllib",
    "pysqlite3": "sqlite3",
    "StringIO": "io",
    "cPickle": "pickle",
    "Queue": "queue",
    "urllib2": "urllib.parse",
    "ConfigParser": "configparser",
    "Tkinter": "matplotlib",
    "tkinter": "matplotlib",
    "__builtin__": "builtins",
}


def _near(name, known, n=3, cutoff=0.7):
    return difflib.get_close_matches(name, [text for text in known if type(text) is str], n, cutoff)


def _quoted(names):
    return ", ".join(f"'{name}'" for name in names)


def _has(text, *parts):
    return any(part in text for part in parts)


# --- no main --------------------------------------------------------------------------------------------------------


def _main_elsewhere():
    """Where a `def main` stands that is not at the module level."""
    lines = source_lines.getlines(source_lines.SCRIPT)
    for number, line in enumerate(lines, 1):
        if re.match(r"[ \t]+(async\s+)?def\s+main\s*\(", line):
            indent = len(line) - len(line.lstrip())
            for above in range(number - 2, -1, -1):
                head = lines[above]
                if head.strip() and len(head) - len(head.lstrip()) < indent:
                    return number, head.strip()
    return None


def for_missing_main(module, names):
    found = list(_MISSING_MAIN)
    namespace = vars(module)
    if "main" in namespace:
        kind = values.type_name(namespace["main"])
        found.append(f"The name main is there, but it is of type {kind} and cannot be called: define a function main()")
    elsewhere = _main_elsewhere()
    if elsewhere:
        number, head = elsewhere
        if "__name__" in head:
            found.append(
                f"Line {number} defines main() under `{head[:80]}`, which is not run here: move it to the module level"
            )
        elif head.startswith("class "):
            found.append(
                f"Line {number} defines main() inside `{head[:80]}`: add a function main() at the module level that "
                "calls it"
            )
        else:
            found.append(f"Line {number} defines main() inside `{head[:80]}`: move it to the module level")
    entry = [name for name in names if name.lower() in _ENTRY_NAMES]
    entry = entry or _near("main", names, 1, 0.6) or [name for name in names if name.lower().startswith("main")][:1]
    if entry:
        found.append(f"{entry[0]}() looks like the entry point: rename it to main, or add `main = {entry[0]}`")
    return found


# --- syntax ---------------------------------------------------------------------------------------------------------

_SYNTAX_RULES = [
    ("Missing parentheses in call to 'print'", "Python 3 prints with a function: print(\"text\")"),
    ("Missing parentheses in call to 'exec'", "Python 3 executes with a function: exec(\"code\")"),
    ("multiple exception types must be parenthesized", "Write `except (TypeError, ValueError) as error:`"),
    ("expected ':'", "Put a colon at the end of the line that opens the block (if, for, while, def, class, ...)"),
    ("was never closed", "Close the bracket that the caret points at"),
    ("unmatched", "Remove the closing bracket that the caret points at, or open it before"),
    ("does not match opening parenthesis", "Close brackets in the reverse order of opening them"),
    ("unterminated triple-quoted string", "End the text with the same three quotes that it begins with"),
    ("unterminated string literal", "End the text with the quote it begins with; use triple quotes across lines"),
    ("unterminated f-string", "End the f-string with the quote it begins with"),
    ("f-string", "Check the braces of the f-string: each { needs its }, and a literal brace is doubled: {{"),
    ("inconsistent use of tabs", "Indent with four spaces everywhere, and with no tab"),
    ("unindent does not match", "Indent the line by as much as the other lines of its block"),
    ("unexpected indent", "Remove the spaces before the line, or open a block (ending in a colon) above it"),
    ("expected an indented block", "Indent the body by four spaces; an empty body is written `pass`"),
    ("Maybe you meant '==' ", "Compare with ==; a single = assigns"),
    ("Maybe you meant '=='", "Compare with ==; a single = assigns"),
    ("cannot assign to", "The left side of = must be a name, an attribute, an item or a tuple of those"),
    ("Perhaps you forgot a comma", "Put a comma between the two elements that the carets underline"),
    ("'return' outside function", "Indent the return into a function; a script's result is what main() returns"),
    ("'await' outside", "Use await only inside `async def`; an `async def main()` is awaited here"),
    ("'yield' outside function", "Use yield only inside a function"),
    ("outside loop", "Use break and continue only inside a loop"),
    ("not properly in loop", "Use break and continue only inside a loop"),
    ("positional argument follows keyword", "Put positional arguments before keyword arguments"),
    ("non-default argument follows default", "Put parameters without a default before those with one"),
    ("parameter without a default follows", "Put parameters without a default before those with one"),
    ("duplicate argument", "Give each parameter a name of its own"),
    ("leading zeros in decimal integer", "Write octal numbers as 0o17, others without leading zeros"),
    ("invalid decimal literal", "A name cannot begin with a digit; put an operator between number and name"),
    ("invalid non-printable character", "Delete the invisible character and type the line anew"),
    ("invalid character", "Replace typographic quotes and signs by plain ASCII ones"),
    ("unexpected character after line continuation", "Nothing may follow a backslash at the end of a line"),
    ("unexpected EOF", "The source ends too early: a bracket, a text or a block is not finished"),
    ("from __future__ imports must occur", "Move `from __future__ import ...` to the first line of the script"),
    ("is assigned to before global", "Put the global statement at the beginning of the function"),
    ("is used prior to global", "Put the global statement at the beginning of the function"),
    ("import * only allowed at module level", "Name what you import, or move the import out of the function"),
    ("null bytes", "The script holds NUL bytes: send it as UTF-8 text"),
    ("too many nested parentheses", "Nest brackets less deep; build the value in a loop"),
    ("too many statically nested blocks", "Nest blocks less deep: move inner ones into functions"),
    ("maximum recursion depth", "The expression is nested too deep to compile: split it, or build it in a loop"),
]


def for_syntax_error(error):
    text = str(error)
    line = getattr(error, "text", None) or ""
    found = [advice for part, advice in _SYNTAX_RULES if part in text][:1]
    if not found and re.match(r"\s*except\s+[\w.]+\s*,", line):
        found.append("Write `except ValueError as error:`; the comma is Python 2")
    if not found and re.match(r"\s*print\b\s*[^(\s=]", line):
        found.append("Python 3 prints with a function: print(\"text\")")
    if not found and re.match(r"\s*raise\s+\w+\s*,", line):
        found.append("Write `raise ValueError(\"text\")`; the comma is Python 2")
    if not found and re.search(r"<>", line):
        found.append("Write != for unequal; <> is Python 2")
    if not found and re.search(r"(\+\+|--)\s*$", line.strip()):
        found.append("Python has no ++ and --: write `x += 1`")
    if not found and re.search(r"\b(else\s+if|elseif|elsif)\b", line):
        found.append("Write elif")
    if not found and re.search(r"&&|\|\||![^=]", line):
        found.append("Write `and`, `or` and `not` for &&, || and !")
    if not found and isinstance(error, MemoryError):
        found.append("The source is nested too deep to compile: split it, or build the value in a loop")
    if not found:
        at = f" in line {error.lineno}" if getattr(error, "lineno", None) else ""
        found.append(f"Check the syntax{at} where the caret points, and the line above it")
    return found


# --- exceptions -----------------------------------------------------------------------------------------------------


def _missing_module(error, record, main):
    name = error.name or ""
    top = name.partition(".")[0]
    found = []
    if top in _NETWORK_MODULES:
        found.append(f"'{top}' is not installed, and it could not work: {NO_NETWORK[0].lower()}{NO_NETWORK[1:]}")
    elif top in sys.stdlib_module_names or top in warm.installed_modules:
        if "." in name:
            found.append(f"'{top}' is installed, but it has no module '{name}': check the spelling")
        else:
            found.append(f"'{top}' belongs to Python, but this system does not carry it")
    else:
        near = _near(top, warm.installed_modules)
        if top in _INSTEAD:
            found.append(f"'{top}' is not installed; '{_INSTEAD[top]}' is, and does a similar job")
        elif near:
            found.append(f"'{top}' is not installed. The nearest installed: {_quoted(near)}")
        else:
            package = f" (the package {_PACKAGE_OF[top]})" if top in _PACKAGE_OF else ""
            found.append(f"'{top}'{package} is not installed")
    found.append(
        "Packages cannot be installed at run time: use the standard library, numpy, pandas or matplotlib, or post the "
        "module's source in `files`"
    )
    return found


def _import(error, record, main):
    text = record["message"]
    match = re.match(r"cannot import name '(\w+)' from (partially initialized module )?'([\w.]+)'", text)
    if match is None:
        return []
    if match[2]:
        return [f"'{match[3]}' imports itself in a circle: is a posted file named like a module of Python's?"]
    module = sys.modules.get(match[3])
    near = _near(match[1], vars(module)) if module is not None else []
    if near:
        return [f"'{match[3]}' has no '{match[1]}'. Did you mean: {_quoted(near)}?"]
    return [f"'{match[3]}' has no '{match[1]}': check the spelling, and the version that the tutorial was written for"]


_IMPORTABLE = ("math", "json", "os", "sys", "re", "random", "time", "datetime", "numpy", "pandas")
_USUAL_ALIASES = {"np": "import numpy as np", "pd": "import pandas as pd", "plt": "import matplotlib.pyplot as plt"}
_PYTHON_2 = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "long": "int",
    "basestring": "str",
    "unichr": "chr",
    "reduce": "functools.reduce",
    "reload": "importlib.reload",
    "null": "None",
    "true": "True",
    "false": "False",
    "nil": "None",
}
_COMMON_NAMES = {
    "sqrt": "math",
    "pi": "math",
    "sin": "math",
    "cos": "math",
    "ceil": "math",
    "floor": "math",
    "defaultdict": "collections",
    "Counter": "collections",
    "deque": "collections",
    "namedtuple": "collections",
    "dataclass": "dataclasses",
    "field": "dataclasses",
    "timedelta": "datetime",
    "date": "datetime",
    "Path": "pathlib",
    "Decimal": "decimal",
    "Fraction": "fractions",
    "Enum": "enum",
    "List": "typing",
    "Dict": "typing",
    "Optional": "typing",
    "Union": "typing",
    "Any": "typing",
    "Callable": "typing",
    "permutations": "itertools",
    "combinations": "itertools",
    "product": "itertools",
    "chain": "itertools",
    "partial": "functools",
    "lru_cache": "functools",
    "sleep": "time",
    "randint": "random",
    "choice": "random",
    "ABC": "abc",
    "abstractmethod": "abc",
    "heappush": "heapq",
    "heappop": "heapq",
    "deepcopy": "copy",
}


def _name(error, record, main):
    name = error.name or "".join(re.findall(r"variable '(\w+)'", record["message"])[:1])
    if type(error) is UnboundLocalError:
        return [
            f"'{name}' is assigned to somewhere in this function, so it is local in all of it: assign it before its "
            f"use, or declare `global {name}` (`nonlocal {name}` in an inner function)"
        ]
    if name in _USUAL_ALIASES:
        return [f"Add `{_USUAL_ALIASES[name]}` at the top of the script"]
    if name in _PYTHON_2:
        return [f"'{name}' is not a name of Python 3: use {_PYTHON_2[name]}"]
    found = []
    if name in _COMMON_NAMES:
        found.append(f"Add `from {_COMMON_NAMES[name]} import {name}` at the top of the script")
    elif name in sys.stdlib_module_names or name in _IMPORTABLE:
        found.append(f"Add `import {name}` at the top of the script")
    hint = frames.hint_of(error)
    if "Did you mean" in hint:
        found.append(f"'{name}' is not defined{hint}")
    return found or [f"'{name}' is not defined where it is used: define, import or spell it as it is defined"]


def _attribute(error, record, main):
    text = record["message"]
    if text.startswith("'NoneType' object has no attribute"):
        return [
            f"The value before .{error.name} is None: the call that made it returned nothing. Methods such as "
            "list.sort() and list.append() change the list and return None"
        ]
    hint = frames.hint_of(error)
    if "Did you mean" in hint:
        return [f"{text}{hint}"]
    kind = values.type_name(error.obj) if error.obj is not None else "the object"
    if kind == "DataFrame" and error.name in ("append", "iteritems", "ix"):
        instead = {"append": "pandas.concat([a, b])", "iteritems": ".items()", "ix": ".loc or .iloc"}[error.name]
        return [f"DataFrame.{error.name} is gone from pandas: use {instead}"]
    if kind in ("dict", "list", "str", "int", "float", "tuple", "set"):
        if kind == "dict":
            return [f"A dict has no attribute '{error.name}': its members are read as data['{error.name}']"]
        return [f"A {kind} has no attribute '{error.name}': print(type(value)) shows what the name really holds"]
    if text.startswith("module "):
        return [f"{text}: is a posted file named like the module, or is the name spelt differently?"]
    return [f"{text}: check the spelling; dir(value) lists what is there"]


def _key(error, record, main):
    key = error.args[0] if error.args else None
    found = []
    mapping = _container_at_fault(error)
    if type(mapping) is dict:
        known = list(mapping)[:200]
        near = _near(key, known) if type(key) is str else []
        if near:
            found.append(f"The key {key!r} is not there. Did you mean: {_quoted(near)}?")
        elif known and all(type(name) in (str, int) for name in known):
            listed = ", ".join(repr(name) for name in known[:10])
            found.append(f"The key {key!r} is not there; the keys are: {listed[:400]}")
        elif not known:
            found.append(f"The key {key!r} is not there: the dict is empty")
    return found or [f"The key {record['message']} is not there: test with `in`, or read it with .get(key, default)"]


def _container_at_fault(error):
    """The one local variable of the failing line that the line indexes, when it can be told by the line's text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return None
    frame = trace.tb_frame
    line = source_lines.getline(frame.f_code.co_filename, trace.tb_lineno)
    names = set(re.findall(r"(\w+)\s*\[", line))
    if len(names) != 1:
        return None
    name = names.pop()
    if name in frame.f_locals:
        return frame.f_locals[name]
    return frame.f_globals.get(name)


def _index(error, record, main):
    found = _container_at_fault(error)
    if type(found) in (list, tuple, str):
        if not found:
            return [f"The {type(found).__name__} is empty: test it before taking an element"]
        return [f"The {type(found).__name__} has {len(found)} elements: valid indexes are 0 to {len(found) - 1}"]
    return ["The index lies outside: the last element is at len(x) - 1, and an empty sequence has none"]


def _arguments(error, main):
    """main() itself did not take what the request sends."""
    try:
        signature = str(inspect.signature(main))
    except Exception:
        signature = "(...)"
    return [
        f"main is defined as main{signature[:300]}: send a list in `args` or an object in `kwargs` that fits, or give "
        "its parameters defaults"
    ]


_TYPE_RULES = [
    (r"can only concatenate str|must be str, not int", "Turn the number into a text with str(x), or use an f-string"),
    (r"unsupported operand type\(s\).*'NoneType'", "One side is None: the function that made it returned nothing"),
    (r"unsupported operand type\(s\).*'str'", "One side is a text: turn it into a number with int(x) or float(x)"),
    (r"unsupported operand", "The two values' types do not go together: print(type(a), type(b)) shows them"),
    (r"not supported between instances of", "Values of these types have no order: convert them to one type first"),
    (r"'NoneType' object is not (iterable|subscriptable|callable)", "The value is None: what made it returned nothing"),
    (r"'coroutine' object", "The function is async: put `await` before its call"),
    (r"object is not callable", "A variable hides a function of that name, or an operator is missing before the bracket"),
    (r"object is not subscriptable", "The value cannot be indexed with []: a function is called with ()"),
    (r"'(int|float)' object is not iterable", "Loop over range(n) for a number"),
    (r"object is not iterable", "The value cannot be looped over: print(type(value)) shows what it is"),
    (r"object is not an iterator", "Make an iterator with iter(value) first"),
    (r"list indices must be integers|string indices must be integers",
     "Index lists and texts with whole numbers; the value may be a list where a dict was expected"),
    (r"unhashable type", "Keys and set elements must not change: use a tuple or frozenset for a list or set"),
    (r"object does not support item assignment", "Texts and tuples cannot be changed: build a new one, or use a list"),
    (r"missing \d+ required (positional|keyword-only) argument", "Pass the arguments that the message names"),
    (r"takes .* positional arguments? but", "Pass fewer arguments; a method's first parameter is self"),
    (r"got an unexpected keyword argument", "The function has no parameter of that name: check the spelling"),
    (r"got multiple values for argument", "The argument is passed twice: by position and by name"),
    (r"not JSON serializable", "Convert the value first, or pass default=str to json.dumps"),
    (r"cannot unpack non-iterable", "The right side is one value: check what the function returns"),
    (r"a bytes-like object is required", "Turn the text into bytes with text.encode()"),
    (r"must be str, not bytes", "Turn the bytes into text with data.decode()"),
    (r"exceptions must derive from BaseException", "Raise an exception: raise ValueError(\"text\")"),
    (r"Can't instantiate abstract class", "Define the abstract methods that the message names in the subclass"),
]


def _type(error, record, main):
    if main is not None and error.__traceback__ is None:
        return _arguments(error, main)
    text = record["message"]
    return [advice for pattern, advice in _TYPE_RULES if re.search(pattern, text)][:1]


_VALUE_RULES = [
    (r"invalid literal for int\(\)", "The text is no whole number: strip it, or test it with .isdigit() first"),
    (r"could not convert string to float", "The text is no number: strip it, and check for commas or empty texts"),
    (r"not enough values to unpack|too many values to unpack", "Left and right side have different numbers of values"),
    (r"is not in list|not in tuple|substring not found", "Test with `in` before looking for the place"),
    (r"math domain error", "The function has no value there: square roots and logarithms want positive numbers"),
    (r"does not match format", "The text and the format of strptime() differ: compare them part by part"),
    (r"empty (sequence|range)|iterable argument is empty|arg is an empty", "The sequence is empty: pass default=..."),
    (r"I/O operation on closed file", "The file is closed already: keep the work inside the `with` block"),
    (r"Exceeds the limit .* for integer string conversion", "Call sys.set_int_max_str_digits(0) first"),
    (r"operands could not be broadcast|shapes .* not aligned", "The arrays' shapes do not fit: print a.shape, b.shape"),
    (r"truth value of (an array|a Series|a DataFrame)", "Use .any() or .all(), and & | ~ with brackets for conditions"),
    (r"All arrays must be of the same length", "Give all columns equally many values"),
    (r"cannot convert float NaN to integer", "Drop or fill missing values first: .dropna(), .fillna(0)"),
    (r"embedded null byte", "The path or text holds a NUL byte"),
]


def _value(error, record, main):
    return [advice for pattern, advice in _VALUE_RULES if re.search(pattern, record["message"])][:1]


def _is_from_network(error):
    trace = error.__traceback__
    while trace is not None:
        if _has(trace.tb_frame.f_code.co_filename, "/socket.py", "/urllib/", "/http/", "/ssl.py", "/smtplib.py"):
            return True
        line = source_lines.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        if trace.tb_next is None and re.search(r"\b(socket|connect|bind|listen)\b", line):
            return True
        trace = trace.tb_next
    return False


def _os_error(error, record, main):
    number = error.errno
    kind = type(error).__name__
    if kind in ("gaierror", "herror", "URLError") or _is_from_network(error):
        return [NO_NETWORK]
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        path = f" ({error.filename!r})" if error.filename else ""
        return [f"{WRITABLE}{path}"]
    if number == errno.ENOENT:
        if error.filename and str(error.filename).startswith(("/proc", "/sys")):
            return ["The sandbox has no /proc and no /sys"]
        return [
            "The file is not there: the working directory is /tmp and holds only what the request posts in `files` "
            "and what the script wrote itself"
        ]
    if number == errno.ENOSPC or number == errno.EDQUOT:
        return ["The directory of the sandbox is full: delete files that are no longer needed, or write less"]
    if number == errno.EFBIG:
        return ["The file is larger than one file may be (max_file_bytes): write less, or several files"]
    if number == errno.EAGAIN:
        return ["The limit of processes and threads is reached: start fewer, and join those that are through"]
    if number == errno.EMFILE:
        return ["Too many files are open: close them, or open them with `with`"]
    if number == errno.ENOMEM:
        return ["The sandbox' memory is used up: ask for more with `memory_mb`, or keep less at a time"]
    if number == errno.EBADF:
        return ["The descriptor is closed: something closed it before this use"]
    if kind == "BrokenPipeError":
        return ["The process at the other end of the pipe has ended"]
    return []


def _end_of_file(error, record, main):
    return ["input() found nothing more to read: send what the script shall read in the request's `stdin`"]


def _thread_start(error, record, main):
    text = record["message"]
    if "start new thread" in text:
        return ["The limit of processes and threads is reached: start fewer, and join those that are through"]
    if "asyncio.run() cannot be called" in text or "event loop is already running" in text:
        return ["`async def main` is awaited here: use await inside it instead of asyncio.run()"]
    if "changed size during iteration" in text:
        return ["Loop over a copy: `for key in list(data):`"]
    if "generator raised StopIteration" in text:
        return ["Inside a generator, end with `return`; next() needs a default there"]
    return []


def _module_name(error, record, main):
    return _missing_module(error, record, main)


_RULES = {
    "ModuleNotFoundError": _missing_module,
    "ImportError": _import,
    "NameError": _name,
    "AttributeError": _attribute,
    "KeyError": _key,
    "IndexError": _index,
    "TypeError": _type,
    "ValueError": _value,
    "OSError": _os_error,
    "EOFError": _end_of_file,
    "RuntimeError": _thread_start,
}

_BY_CLASS = {
    "ZeroDivisionError": "Test the divisor for zero before dividing",
    "RecursionError": "The recursion does not end, or is deeper than sys.getrecursionlimit() (1000): check its end, or "
    "use a loop",
    "MemoryError": "The sandbox' memory is used up: ask for more with `memory_mb`, or keep less at a time",
    "UnicodeDecodeError": "The bytes are not in that encoding: open(..., encoding=...) or .decode(..., "
    "errors='replace')",
    "UnicodeEncodeError": "The text has characters the encoding lacks: use UTF-8, or errors='replace'",
    "OverflowError": "The number is too large for a float: use int, decimal or fractions",
    "FloatingPointError": "The computation left the range of floats: check the input values",
    "AssertionError": "An assert in the script did not hold: print the values it compares just before it",
    "NotImplementedError": "The method is only declared: define it in the subclass that is used",
    "StopIteration": "next() found nothing more: give it a default, next(iterator, None)",
    "StopAsyncIteration": "anext() found nothing more: give it a default",
    "KeyboardInterrupt": "The script was interrupted by a signal that it sent itself (SIGINT)",
    "GeneratorExit": "GeneratorExit is raised by close(): leave it uncaught inside the generator only",
    "TimeoutError": "What was waited for did not come in time: check what should send it",
    "JSONDecodeError": "The text is no JSON at the place that the message names; JSON wants double quotes",
    "SyntaxError": "The code that the script compiles at run time (exec, eval, import) has a syntax error",
    "IndentationError": "The code that the script compiles at run time has a wrong indentation",
    "BufferError": "Release the memoryview or array view before changing the size",
    "ReferenceError": "The object behind the weak reference is gone: keep a reference to it",
    "PicklingError": "Only what is defined at the module level can be pickled: no lambdas, no inner functions",
    "BrokenProcessPool": "A process of the pool ended abruptly: out of memory, killed, or os._exit()",
    "ProgrammingError": "Check the SQL parameters and that the connection is still open",
    "OperationalError": "Check the SQL: the names of tables and columns, and that the tables were created",
    "IntegrityError": "A constraint of the database (UNIQUE, NOT NULL, ...) does not hold for this row",
    "InvalidOperation": "The text or operation is not valid for decimal.Decimal",
    "LinAlgError": "The matrix is singular or has the wrong shape: check numpy.linalg.det() and .shape",
    "ParserError": "The input of pandas' reader is malformed: check separator, quotes and header",
    "MergeError": "Check the columns that the merge joins on",
    "CancelledError": "The task was cancelled before it was through",
    "InvalidStateError": "The future is not done yet, or done already",
    "BrokenBarrierError": "A thread left the barrier before all were there",
    "Empty": "The queue is empty: use get() with a timeout, or test before",
    "Full": "The queue is full: take something out first",
    "TclError": "There is no display: use matplotlib with the Agg backend, which is the default here",
    "ExceptionGroup": "Several tasks failed: the traceback shows each of them",
    "BaseExceptionGroup": "Several tasks failed: the traceback shows each of them",
    "CalledProcessError": "The command failed: its output (capture_output=True) tells why",
    "TimeoutExpired": "The command took longer than the timeout given to subprocess",
}


def for_exception(error, record, main):
    """`record` holds what is known so far (message, line); `main` is main() when its arguments may be the cause."""
    names = [kind.__name__ for kind in values.bases_of(error)]
    for name in names:
        rule = _RULES.get(name)
        found = rule(error, record, main) if rule else []
        if found:
            return found
        if name in _BY_CLASS:
            return [_BY_CLASS[name]]
    line = f" at line {record['line']}" if record.get("line") else ""
    own = names[0]
    if names[0] in vars(sys.modules["builtins"]):
        return [f"Look at what the script does{line}, and print the values that it uses there"]
    return [f"{own} was raised{line} and nothing caught it: catch it with `except {own}:`, or avoid its cause"]


# --- results and exits ----------------------------------------------------------------------------------------------

_CONVERSIONS = {
    "generator": "list(value)",
    "map": "list(value)",
    "filter": "list(value)",
    "zip": "list(value)",
    "range": "list(value)",
    "enumerate": "list(value)",
    "reversed": "list(value)",
    "dict_keys": "list(value)",
    "dict_values": "list(value)",
    "dict_items": "dict(value)",
    "deque": "list(value)",
    "Index": "value.tolist()",
    "Match": "value.group()",
    "function": "value(), the function's result",
    "method": "value(), the method's result",
    "builtin_function_or_method": "value(), the function's result",
    "type": "value.__name__",
    "module": "value.__name__",
    "memoryview": "bytes(value)",
    "mappingproxy": "dict(value)",
    "coroutine": "await value",
    "TextIOWrapper": "value.read()",
    "StringIO": "value.getvalue()",
    "BytesIO": "value.getvalue()",
    "Figure": "None, after figure.savefig('plot.png')",
    "DataFrameGroupBy": "value.sum(), value.mean() or another aggregate",
    "SeriesGroupBy": "value.sum(), value.mean() or another aggregate",
}


def for_unserializable(error):
    reason, subject = error.reason, error.subject
    if reason == "type":
        name = values.type_name(subject).rpartition(".")[2]
        if name in _CONVERSIONS:
            return [f"Return {_CONVERSIONS[name]} instead of the {name}"]
        if name.endswith("Index") or name.endswith("Array"):
            return [f"Return value.tolist() instead of the {name}"]
        return [
            f"Return its data instead of the {name}: vars(value), a dict of the attributes that matter, or str(value)",
            "A @dataclass is returned as an object",
        ]
    if reason == "key":
        return ["Turn the keys into texts: {str(key): value for key, value in data.items()}"]
    if reason == "tuple_key":
        return ["Join the tuple keys: {'_'.join(map(str, key)): value for key, value in data.items()}"]
    if reason == "collision":
        return ["Make the keys differ as texts: 1 and '1' are the same key in JSON"]
    if reason in ("cycle", "depth"):
        return ["Return a tree: replace the reference back by a name or an id"]
    if reason == "size":
        return ["Return a summary or a part of the data; print() is for long text"]
    return ["Return a copy that nothing else changes any more"]


def for_exit(status, message):
    if message is not None:
        return ["The script ended itself by sys.exit(text), which counts as a failure: return the text from main()"]
    return [f"The script ended itself with status {status}: end with sys.exit(0), or return a value from main()"]
