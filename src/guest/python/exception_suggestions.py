"""Advice about exceptions that escaped: a rule for each class where the message or the values tell more, else a line
for the class."""

import difflib
import errno
import inspect
import re
import sys

from pyexec_guest import frames, source_lines, values, warm

WRITABLE = "Only the working directory /tmp (also HOME and TMPDIR) is writable; everything else is read-only"
NO_NETWORK = (
    "The sandbox has no network: send the data in the request (`files`, `stdin`, `args`) instead of fetching it"
)
_NETWORK_MODULES = ("requests", "httpx", "aiohttp", "urllib3", "paramiko", "boto3", "websockets")
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


def nearest_names(name, known, n=3, cutoff=0.7):
    return difflib.get_close_matches(name, [text for text in known if type(text) is str], n, cutoff)


def _quoted(names):
    return ", ".join(f"'{name}'" for name in names)


def _has(text, *parts):
    return any(part in text for part in parts)


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
        near = nearest_names(top, warm.installed_modules)
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
    near = nearest_names(match[1], vars(module)) if module is not None else []
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
        near = nearest_names(key, known) if type(key) is str else []
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
    (r"object is not callable", "A variable hides a function of that name, or an operator is missing before the ("),
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
