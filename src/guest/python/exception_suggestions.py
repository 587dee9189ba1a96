"""Advice about exceptions that escaped: a rule for each class where the message or the values tell more, else a line
for the class. Types, values and names have modules of their own."""

import errno
import os
import re
import sys

from pyexec_guest import frames, name_suggestions, type_suggestions, value_suggestions, values
from pyexec_guest.failing_place import Place, nearest_names, parameters_of, quoted, signature_of
from pyexec_guest.name_suggestions import NO_NETWORK

WRITABLE = "Only the working directory /tmp (also HOME and TMPDIR) is writable; everything else is read-only"


def _arguments(error, record, main):
    """main() itself did not take what the request sends."""
    signature = signature_of(main) or "(...)"
    found = [
        f"main is defined as main{signature}: send a list in `args` or an object in `kwargs` that fits, or give "
        "its parameters defaults"
    ]
    unknown = re.search(r"unexpected keyword argument '(\w+)'", record["message"])
    near = nearest_names(unknown[1], parameters_of(main)) if unknown else []
    if near:
        found.insert(0, f"main() has no parameter '{unknown[1]}'. Did you mean: {quoted(near)}?")
    return found


def _type(error, record, main):
    if main is not None and error.__traceback__ is None:
        return _arguments(error, record, main)
    return type_suggestions.for_type_error(error, record)


# --- the system -----------------------------------------------------------------------------------------------------

_NETWORK_FILES = ("/socket.py", "/urllib/", "/http/", "/ssl.py", "/smtplib.py", "/httpx/", "/httpcore/", "/requests/",
                  "/urllib3/", "/socketserver.py", "/ftplib.py", "/imaplib.py", "/poplib.py")  # fmt: skip


# Calls whose refusal an operator may want to know of, as front's metrics.c names them; "socket" stands for all of the
# network.
_DENIED_CALLS = re.compile(
    r"\b(killpg|kill|set(?:re|res|e|fs)?uid|set(?:re|res|e|fs)?gid|setgroups|l?chown|fchown|nice|setpriority|ptrace|umount|mount|"
    r"chroot|unshare|setns|mknod|memfd_create|sched_set\w+|sendmsg|mmap)\w*\("
)


def denied_call(error):
    """The name of the call that the sandbox refused the script with this error, or None."""
    if not isinstance(error, OSError) or error.errno != errno.EPERM:
        return None
    if _is_from_network(error):
        return "socket"
    found = _DENIED_CALLS.search(Place(error).line)
    return found[1] if found else "other"


def _is_from_network(error):
    trace = error.__traceback__
    while trace is not None:
        if any(part in trace.tb_frame.f_code.co_filename for part in _NETWORK_FILES):
            return True
        trace = trace.tb_next
    return re.search(r"\b(socket|connect|bind|listen|open_connection|getaddrinfo)\b", Place(error).line) is not None


def _starts_a_program(error):
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith("/subprocess.py"):
            return True
        trace = trace.tb_next
    return False


def _not_found(error):
    name = str(error.filename) if error.filename else ""
    if name.startswith(("/proc", "/sys")):
        return "The sandbox has no /proc and no /sys"
    if _starts_a_program(error):
        if " " in name:
            return "A command and its arguments go in a list: subprocess.run(['ls', '-l']); or shell=True"
        return f"There is no program '{name}' in PATH: the sandbox has what Debian's base system has, and no more"
    directory = os.path.dirname(name)
    if _writes(error) and name.startswith("/") and not name.startswith("/tmp/"):
        return f"{WRITABLE} ({name!r})"
    if directory and not os.path.isdir(directory) and _writes(error):
        return f"The directory {directory!r} is not there: os.makedirs({directory!r}, exist_ok=True) first"
    try:
        there = os.listdir(directory or ".")
    except OSError:
        there = []
    near = nearest_names(os.path.basename(name), there)
    if near:
        return f"{name!r} is not there. Did you mean: {quoted(near)}?"
    return (
        "The file is not there: the working directory is /tmp and holds only what the request posts in `files` "
        "and what the script wrote itself"
    )


def _writes(error):
    return re.search(r"""\(.*,\s*(mode\s*=\s*)?['"][wax+bt]+['"]|write|save|dump|to_csv|mkdir|copy|move""",
                     Place(error).line) is not None  # fmt: skip


_ERRNO = {
    errno.EISDIR: "The path is a directory: name a file in it, or list it with os.listdir()",
    errno.ENOTDIR: "A part of the path is a file and no directory",
    errno.EEXIST: "It is there already: os.makedirs(path, exist_ok=True), or remove it first",
    errno.ENOTEMPTY: "The directory is not empty: shutil.rmtree(path) removes it with all that is in it",
    errno.ENOSPC: "The directory of the sandbox is full: delete files that are no longer needed, or write less",
    errno.EDQUOT: "The directory of the sandbox is full: delete files that are no longer needed, or write less",
    errno.EFBIG: "The file is larger than one file may be (max_file_bytes): write less, or several files",
    errno.EAGAIN: "The limit of processes and threads is reached: start fewer, and join those that are through",
    errno.EMFILE: "Too many files are open: close them, or open them with `with`",
    errno.ENOMEM: "The sandbox' memory is used up: ask for more with `memory_mb`, or keep less at a time",
    errno.EBADF: "The descriptor is closed: something closed it before this use",
    errno.ENAMETOOLONG: "The name is too long: at most 255 bytes, a path 4096",
    errno.ESRCH: "The process has ended already",
    errno.ECHILD: "There is no child process left to wait for",
    errno.EXDEV: "The two paths are on different file systems: shutil.move() copies",
    errno.ELOOP: "The links lead in a circle",
    errno.EPIPE: "The process at the other end of the pipe has ended",
    errno.ENOEXEC: "The file is no program: its first line has to be #!/usr/bin/python3 or the like",
}


def _os_error(error, record, main):
    number = error.errno
    kind = type(error).__name__
    if kind == "UnsupportedOperation":
        return [_unsupported(record["message"])]
    if kind in ("gaierror", "herror", "URLError") or _is_from_network(error):
        return [NO_NETWORK]
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        refused = _DENIED_CALLS.search(Place(error).line)
        if refused:
            return [f"The sandbox does not permit {refused[1]}() to a script: it may only control processes that it started itself"]
        path = f" ({error.filename!r})" if error.filename else ""
        return [f"{WRITABLE}{path}"]
    if number == errno.ENOENT:
        return [_not_found(error)]
    if number == errno.EINVAL and "zip" in kind.lower():
        return ["The file is no zip archive"]
    return [_ERRNO[number]] if number in _ERRNO else []


def _unsupported(text):
    if text == "not readable":
        return 'The file is open for writing: open it with "r", or "w+" and seek(0), to read'
    if text in ("not writable", "write"):
        return 'The file is open for reading: open it with "w", or "a" to append'
    if text == "fileno":
        return "The object is no real file and has no descriptor"
    return f"The file does not permit this ({text}): open it in another mode"


def _end_of_file(error, record, main):
    return ["input() found nothing more to read: send what the script shall read in the request's `stdin`"]


def _exit_status(error, record, main):
    line = Place(error).line
    if re.search(r"\bpip\b", line):
        return ["Packages cannot be installed at run time: use what is there, or post the module's source in `files`"]
    return ["The command failed: its output (capture_output=True) tells why"]


# --- others by their message ----------------------------------------------------------------------------------------

_RUNTIME_RULES = [
    ("start new thread", "The limit of processes and threads is reached: start fewer, and join those that are through"),
    ("asyncio.run() cannot be called", "`async def main` is awaited here: use await inside it instead of asyncio.run()"),
    ("event loop is already running", "`async def main` is awaited here: use await inside it instead of asyncio.run()"),
    ("no running event loop", "There is no event loop yet: do it inside `async def main():`, which is awaited here"),
    ("Event loop is closed", "The loop of an earlier asyncio.run() is gone: do all of it in one `async def main`"),
    ("different loop", "Make locks, queues and tasks inside the coroutine that uses them"),
    ("was never awaited", "Put `await` before the call of the async function"),
    ("cannot reuse already awaited", "A coroutine is awaited once: call the async function again"),
    ("changed size during iteration", "Loop over a copy: `for item in list(data):`"),
    ("mutated during iteration", "Loop over a copy: `for item in list(data):`"),
    ("generator raised StopIteration", "Inside a generator, end with `return`; next() needs a default there"),
    ("generator already executing", "The generator uses itself: do not call next() on it from inside"),
    ("generator didn't yield", "A @contextmanager has to yield once"),
    ("threads can only be started once", "A thread starts once: make a new Thread for each start"),
    ("cannot join thread before", "Start the thread before join()"),
    ("cannot join current thread", "A thread cannot wait for itself"),
    ("release unlocked lock", "The lock is not held: acquire() first, or `with lock:`"),
    ("un-acquired lock", "The lock is not held: acquire() first, or `with lock:`"),
    ("No active exception to reraise", "A bare `raise` belongs inside an `except` block"),
    ("super(): no arguments", "super() without arguments works inside a method with self only"),
    ("context has already been set", "Call set_start_method() once, with force=True if need be"),
    ("daemonic processes are not allowed", "A Pool's worker cannot start processes: use a ThreadPoolExecutor there"),
    ("cannot schedule new futures", "The executor is shut down: keep the work inside its `with` block"),
    ("Set changed size", "Loop over a copy: `for item in list(data):`"),
    ("main thread is not in main loop", "There is no display: use matplotlib with the Agg backend, which is the default here"),
]  # fmt: skip


def _runtime(error, record, main):
    text = record["message"]
    return [advice for part, advice in _RUNTIME_RULES if part in text][:1]


def _recursion(error, record, main):
    place = Place(error)
    name = place.frame.f_code.co_name if place.frame is not None else ""
    if re.search(rf"\bself\.{re.escape(name)}\b(?!\()", place.line) and name:
        return [f"The property reads itself: keep the value under another name, self._{name}"]
    if name in ("__getattr__", "__getattribute__", "__setattr__"):
        return [f"{name} uses an attribute that is not there and so calls itself, an endless recursion: object.{name}, or set "
                "the attribute in __init__"]  # fmt: skip
    limit = sys.getrecursionlimit()
    return [
        f"{name}() calls itself without an end, or deeper than the limit of {limit} calls: check the recursion's end, use a "
        "loop, or raise the limit by sys.setrecursionlimit()"
    ]


def _not_implemented(error, record, main):
    place = Place(error)
    name = place.frame.f_code.co_name if place.frame is not None else "The method"
    owner = place.value("self")
    kind = f" in {type(owner).__name__}" if name != "<module>" and type(owner) is not object else ""
    return [f"{name}() is only declared{kind}: define it in the subclass that is used"]


def _database(error, record, main):
    text = record["message"]
    table = re.search(r"no such table: (\S+)", text)
    if table:
        return [f"The table {table[1]} is not there: CREATE TABLE it first; each :memory: connection has tables of its own"]
    column = re.search(r"no such column: (\S+)", text)
    if column:
        return [f"No table of the statement has a column {column[1]}: texts stand in 'single quotes' in SQL"]
    if "Incorrect number of bindings" in text:
        return ["The parameters are a list or tuple with one value for each ?: (value,) with its comma is a tuple of one"]
    if "syntax error" in text:
        return ["The SQL has a syntax error at the place that the message names"]
    if "closed" in text:
        return ["The connection is closed: keep it open, or connect again"]
    if "locked" in text:
        return ["Another connection holds the database: commit() or close() that one first"]
    if "UNIQUE" in text or "NOT NULL" in text or "FOREIGN KEY" in text or "CHECK" in text:
        return ["A constraint of the table (UNIQUE, NOT NULL, ...) does not hold for this row: INSERT OR REPLACE, or check "
                "first"]  # fmt: skip
    return []


def _regular_expression(error, record, main):
    text = record["message"]
    if "pattern" not in vars(error):
        return []
    if "nothing to repeat" in text or "multiple repeat" in text:
        return ["* + and ? repeat what stands before them: escape the sign, \\*, or re.escape(text); a file pattern like *.txt "
                "is for fnmatch and glob"]  # fmt: skip
    if "unterminated" in text or "unbalanced" in text:
        return ["A bracket of the pattern has no partner: escape it, \\( or \\[, or re.escape(text) for a plain text"]
    if "bad escape" in text:
        return ["Write the pattern as a raw text, r'\\d+', and double a backslash that is meant"]
    return ["The pattern is no regular expression at the place that the message names: re.escape(text) for a plain text"]


def _bytes(error, record, main):
    text = record["message"]
    if "requires a buffer" in text or "requires a" in text:
        return ["The format wants another number of bytes: struct.calcsize(format) tells how many"]
    if "format requires" in text or "argument out of range" in text:
        return ["The value does not fit into the format's size: q holds 8 bytes, i 4, h 2, b 1"]
    if "padding" in text:
        return ["The base64 text is cut: its padding is missing, text + '=' * (-len(text) % 4)"]
    return []


def _lookup(error, record, main):
    if "unknown encoding" in record["message"]:
        return ["There is no such encoding: 'utf-8', 'latin-1', 'cp1252', 'ascii', 'utf-16' are common ones"]
    return []


def _overflow(error, record, main):
    text = record["message"]
    if "float" in text or "Result too large" in text or "math range" in text:
        return ["The number is too large for a float: use int, decimal or fractions"]
    return ["The number is too large for what takes it: C functions hold 64 bits"]


def _encoding(error, record, main):
    if "surrogates not allowed" in record["message"]:
        return ["The text holds half a character (a lone surrogate): errors='replace', or 'surrogatepass' to keep it"]
    return ["The text has characters the encoding lacks: use UTF-8, or errors='replace'"]


def _assertion(error, record, main):
    line = Place(error).line
    return [f"The assert did not hold (`{line[:100]}`): print the values it compares just before it"]


def _warning(error, record, main):
    return [f"The script turns warnings into errors (warnings.simplefilter): look at what the {type(error).__name__} asks for, "
            "or filter it with 'ignore'"]  # fmt: skip


def _frozen(error, record, main):
    return ["The dataclass is frozen: make a changed copy, dataclasses.replace(value, field=new)"]


def _parser(error, record, main):
    if "string format" in record["message"] or "month must" in record["message"]:
        return value_suggestions.for_value_error(error, record)
    return ["The input of pandas' reader is malformed: check separator, quotes and header"]


def _of_key(error, record, main):
    return value_suggestions.for_key_error(error, record)


def _of_index(error, record, main):
    return value_suggestions.for_index_error(error, record)


def _of_value(error, record, main):
    return value_suggestions.for_value_error(error, record)


_RULES = {
    "ModuleNotFoundError": name_suggestions.missing_module,
    "ImportError": name_suggestions.import_failed,
    "NameError": name_suggestions.name_unknown,
    "FrozenInstanceError": _frozen,
    "AttributeError": name_suggestions.attribute_unknown,
    "KeyError": _of_key,
    "IndexError": _of_index,
    "LookupError": _lookup,
    "TypeError": _type,
    "UnicodeEncodeError": _encoding,
    "ParserError": _parser,
    "ValueError": _of_value,
    "OSError": _os_error,
    "ConnectError": lambda error, record, main: [NO_NETWORK],
    "EOFError": _end_of_file,
    "RecursionError": _recursion,
    "NotImplementedError": _not_implemented,
    "RuntimeError": _runtime,
    "CalledProcessError": _exit_status,
    "AssertionError": _assertion,
    "OverflowError": _overflow,
    "Warning": _warning,
    "error": lambda error, record, main: _regular_expression(error, record, main) or _bytes(error, record, main),
    "Error": lambda error, record, main: _database(error, record, main) or _bytes(error, record, main),
    "OperationalError": _database,
    "ProgrammingError": _database,
    "IntegrityError": _database,
}

_BY_CLASS = {
    "ZeroDivisionError": "Test the divisor for zero before dividing",
    "MemoryError": "The sandbox' memory is used up: ask for more with `memory_mb`, or keep less at a time",
    "UnicodeDecodeError": "The bytes are not in that encoding: open(..., encoding=...) or .decode(..., "
    "errors='replace')",
    "FloatingPointError": "The computation left the range of floats: check the input values",
    "StopIteration": "next() found nothing more: give it a default, next(iterator, None)",
    "StopAsyncIteration": "anext() found nothing more: give it a default",
    "KeyboardInterrupt": "The script was interrupted by a signal that it sent itself (SIGINT)",
    "GeneratorExit": "GeneratorExit is raised by close(): leave it uncaught inside the generator only",
    "TimeoutError": "What was waited for did not come in time: check what should send it",
    "ParseError": "The XML is malformed at the line and column that the message names: each tag needs its end, & is &amp;",
    "SyntaxError": "The code that the script compiles at run time (exec, eval, import) has a syntax error",
    "IndentationError": "The code that the script compiles at run time has a wrong indentation",
    "BufferError": "Release the memoryview or array view before changing the size",
    "ReferenceError": "The object behind the weak reference is gone: keep a reference to it",
    "PicklingError": "Only what is defined at the module level can be pickled: no lambdas, no inner functions",
    "UnpicklingError": "The data is no pickle, or cut",
    "BrokenProcessPool": "A process of the pool ended abruptly: out of memory, killed, or os._exit()",
    "ProgrammingError": "Check the SQL parameters and that the connection is still open",
    "OperationalError": "Check the SQL: the names of tables and columns, and that the tables were created",
    "IntegrityError": "A constraint of the database (UNIQUE, NOT NULL, ...) does not hold for this row",
    "InvalidOperation": "The text or operation is not valid for decimal.Decimal",
    "StatisticsError": "The data is empty, or has too few values: test it first",
    "LinAlgError": "The matrix is singular or has the wrong shape: check numpy.linalg.det() and .shape",
    "EmptyDataError": "The file or text is empty: there is nothing to read",
    "MergeError": "Check the columns that the merge joins on: left_on=..., right_on=... name them where they differ",
    "BadZipFile": "The file is no zip archive, or cut",
    "CancelledError": "The task was cancelled before it was through",
    "InvalidStateError": "The future is not done yet, or done already",
    "BrokenBarrierError": "A thread left the barrier before all were there",
    "Empty": "The queue is empty: use get() with a timeout, or test before",
    "Full": "The queue is full: take something out first",
    "TclError": "There is no display: use matplotlib with the Agg backend, which is the default here",
    "ExceptionGroup": "Several tasks failed: the traceback shows each of them",
    "BaseExceptionGroup": "Several tasks failed: the traceback shows each of them",
    "TimeoutExpired": "The command took longer than the timeout given to subprocess",
    "NoSectionError": "The configuration has no such section: look at parser.sections()",
    "NoOptionError": "The section has no such option: parser.get(..., fallback=...)",
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
    place = Place(error)
    if place.line.startswith("raise "):
        return [f"The script raises it itself{line} (`{place.line[:80]}`): avoid its cause, or catch it with `except {own}:`"]
    if frames.is_builtin_class(error):
        return [f"Look at what the script does{line}, and print the values that it uses there"]
    return [f"{own} was raised{line} and nothing caught it: catch it with `except {own}:`, or avoid its cause"]
