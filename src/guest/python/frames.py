"""Tracebacks of the user's frames only, as CPython prints them, and the place of an exception in the script."""

import io
import itertools
import os
import sys
import traceback

from pyexec_guest import source_lines

MAX_TEXT_BYTES = 256 * 1024
MAX_MESSAGE_BYTES = 64 * 1024
_MAX_LINE = 1000  # longer source lines are shown in part
_MAX_FRAMES = 2000

_display = sys.__excepthook__  # the interpreter's own, in C: the only one that knows "Did you mean"
_NATIVE_HINTS = sys.version_info < (3, 12)  # from 3.12 on, the traceback module has them too
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_realpath = os.path.realpath


def _library_directories():
    roots = {"<frozen ", "<pyexecd>"}
    for entry in sys.path:
        if entry:
            roots.update((entry + "/", _realpath(entry) + "/"))
    roots.add(os.path.dirname(os.__file__) + "/")
    return tuple(sorted(roots))


_LIBRARIES = _library_directories()  # before a script can add to sys.path


_BUILTIN_CLASSES = frozenset(value for value in vars(sys.modules["builtins"]).values() if isinstance(value, type))


def is_builtin_class(error):
    return type(error) in _BUILTIN_CLASSES


def is_user_file(filename):
    return not filename.startswith(_LIBRARIES)


def cut_text(text, max_bytes):
    """At most max_bytes of UTF-8: the head and the tail, with a line between them that tells what is missing."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= max_bytes:
        return text
    half = (max_bytes - 100) // 2
    middle = f"\n... {len(data) - 2 * half} bytes left out ...\n"
    return data[:half].decode("utf-8", "ignore") + middle + data[-half:].decode("utf-8", "ignore")


def _native_hint(error):
    """What CPython appends to the message of this very error: ". Did you mean: 'x'?", or nothing."""
    kind = type(error)
    if not _NATIVE_HINTS:
        return ""
    if kind is NameError or kind is UnboundLocalError:
        copy = NameError("m", name=error.name)
    elif kind is AttributeError:
        copy = AttributeError("m", name=error.name, obj=error.obj)
    else:
        return ""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    capture = io.StringIO()
    stream, limit = getattr(sys, "stderr", None), getattr(sys, "tracebacklimit", None)
    sys.stderr = capture
    sys.tracebacklimit = 0  # the frames are wanted for their variables, not to be printed
    try:
        _display(type(copy), copy.with_traceback(last), last)
    finally:
        sys.stderr = stream
        if limit is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = limit
    text = capture.getvalue().rstrip("\n")
    return text[text.rindex("Error: m") + len("Error: m") :]


def hint_of(error):
    try:
        return _native_hint(error)
    except Exception:
        return ""


def _depth_of(trace):
    depth = 0
    while trace is not None:
        depth += 1
        trace = trace.tb_next
    return depth


def _character_offset(line, byte_offset):
    return len(line.encode("utf-8", "replace")[:byte_offset].decode("utf-8", "replace"))


def _shorten_line(frame):
    """A frame of a very long line: the part around its place, without carets."""
    line = frame.line or ""
    if len(line) <= _MAX_LINE:
        return
    column = _character_offset(source_lines.getline(frame.filename, frame.lineno), frame.colno or 0)
    start = max(0, column - 100)
    frame._line = ("..." if start else "") + line[start : start + 300] + "..."
    frame.colno = frame.end_colno = None


def _keep_user_frames(summary, seen):
    """Goes through a TracebackException and all that it chains to."""
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    stack = summary.stack
    if stack is not None:
        stack[:] = [frame for frame in stack if is_user_file(frame.filename)]
        for frame in stack:
            _shorten_line(frame)
        if not stack:
            summary.stack = None
    if type(getattr(summary, "text", None)) is str and len(summary.text) > _MAX_LINE:
        _shorten_syntax_text(summary)
    _keep_user_frames(summary.__cause__, seen)
    _keep_user_frames(summary.__context__, seen)
    for member in getattr(summary, "exceptions", None) or ():
        _keep_user_frames(member, seen)


def _shorten_syntax_text(summary):
    offset = summary.offset if type(summary.offset) is int else 1
    start = max(0, offset - 101)
    lead = "..." if start else ""
    summary.text = lead + summary.text[start : start + 300].rstrip("\n") + "..."
    summary.offset = offset - start + len(lead)
    summary.end_offset = summary.offset + 1
    summary.end_lineno = summary.lineno


def _add_hints(summary, error, seen):
    """Appends CPython's "Did you mean" to the messages of the chain; the pure Python formatter of 3.11 has none."""
    if summary is None or error is None or id(summary) in seen:
        return
    seen.add(id(summary))
    hint = hint_of(error)
    if hint:
        summary._str += hint
    _add_hints(summary.__cause__, error.__cause__, seen)
    _add_hints(summary.__context__, error.__context__, seen)
    for member, member_error in zip(getattr(summary, "exceptions", None) or (), getattr(error, "exceptions", ())):
        _add_hints(member, member_error, seen)


def summarize(error):
    """A TracebackException of the user's frames."""
    trace = _traceback_of(error)
    limit = -_MAX_FRAMES if _depth_of(trace) > _MAX_FRAMES else None
    summary = traceback.TracebackException(type(error), error, trace, limit=limit, compact=True)
    _keep_user_frames(summary, set())
    try:
        _add_hints(summary, error, set())
    except Exception:  # a hostile __cause__; the traceback is good without
        pass
    return summary


def format_summary(summary):
    pieces, size = [], 0
    for piece in summary.format():
        pieces.append(piece)
        size += len(piece)
        if size > 4 * MAX_TEXT_BYTES:  # an endless chain: enough to cut a head and a tail from
            break
    return cut_text("".join(pieces).rstrip("\n"), MAX_TEXT_BYTES)


def format_plainly(error, last_line):
    """The frames without what the exception itself says and chains to, for one that does not let itself be asked."""
    try:
        stack = traceback.StackSummary.extract(traceback.walk_tb(_traceback_of(error)), limit=-100)
        stack[:] = [frame for frame in stack if is_user_file(frame.filename)]
        lines = stack.format()
    except Exception:
        lines = []
    return cut_text("Traceback (most recent call last):\n" + "".join(lines) + last_line, MAX_TEXT_BYTES)


def place_of(error):
    """(line, column) of the innermost frame in the script itself, from 1; (None, None) when there is none."""
    found = None
    trace = _traceback_of(error)
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == source_lines.SCRIPT:
            found = trace
        trace = trace.tb_next
    if found is None:
        return None, None
    line, column = found.tb_lineno, None
    code = found.tb_frame.f_code
    if found.tb_lasti >= 0 and hasattr(code, "co_positions"):
        position = next(itertools.islice(code.co_positions(), found.tb_lasti // 2, None), None)
        if position and position[0] == line and position[2] is not None:
            column = _character_offset(source_lines.getline(source_lines.SCRIPT, line), position[2]) + 1
    return line, column
