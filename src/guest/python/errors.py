"""How a script failed, as the record of src/wire/run_result.h."""

import sys

from pyexec_guest import frames, source_lines, suggestions, values

_MISSING_MAIN = "Script must contain a main() function as the entry point."


def _text_of(error):
    """str(error), whatever that does."""
    try:
        text = str(error)
        return text if type(text) is str else str.__str__(text)
    except Exception:
        return "<exception str() failed>"


def class_name(error):
    return type.__getattribute__(type(error), "__qualname__")


def _message_of(error):
    return frames.cut_text(_text_of(error) or class_name(error), frames.MAX_MESSAGE_BYTES)


def _advice(make, *arguments):
    """Suggestions never stand in the way of the report they belong to."""
    try:
        found = make(*arguments)
    except Exception:
        found = []
    return [frames.cut_text(text, 4096) for text in found[:10]] or [suggestions.GENERIC]


def missing_main(module, names):
    return {
        "kind": "missing_main",
        "message": _MISSING_MAIN,
        "suggestions": _advice(suggestions.for_missing_main, module, names),
        "available_functions": names,
    }


def _plain_int(value):
    return value if type(value) is int and value > 0 else None


def _late_columns_are_bytes():
    try:
        compile("'é'; return", "", "exec")
    except SyntaxError as error:
        return error.offset == len("'é'; return".encode().split(b"return")[0]) + 1
    return False


_LATE_COLUMNS_ARE_BYTES = _late_columns_are_bytes()


def _complete(error):
    """What the parser lets through and the compiler refuses, as a return outside of functions, comes without its line,
    which the compiler looks for in a file, and hence without a picture; and its columns may count bytes."""
    if error.text is not None or error.lineno is None:
        return
    line = source_lines.getline(source_lines.SCRIPT, error.lineno)
    if not line:
        return
    error.text = line
    if _LATE_COLUMNS_ARE_BYTES:
        for name in ("offset", "end_offset"):
            column = getattr(error, name, None)
            if type(column) is int and column > 0:
                setattr(error, name, len(line.encode("utf-8", "replace")[: column - 1].decode("utf-8", "ignore")) + 1)


def syntax_error(error):
    """The compiler's refusal: a SyntaxError, or ValueError, RecursionError, MemoryError and OverflowError."""
    record = {"kind": "syntax_error", "error_type": class_name(error)}
    if isinstance(error, SyntaxError):
        _complete(error)
        record["line"] = _plain_int(error.lineno)
        record["column"] = _plain_int(error.offset)
        text = error.text
        if type(text) is str and text:
            record["text"] = frames.cut_text(text.rstrip("\r\n"), 4096)
        error = error.with_traceback(None)
        message = frames.format_summary(frames.summarize(error))
    else:
        message = f"{class_name(error)}: {_text_of(error) or 'the source is too complex to compile'}"
    record["message"] = frames.cut_text(message, frames.MAX_MESSAGE_BYTES)
    record["suggestions"] = _advice(suggestions.for_syntax_error, error)
    return {name: value for name, value in record.items() if value is not None}


def exception(error, main):
    """An exception that escaped; `main` is main() when the call of it failed, else None."""
    record = {
        "kind": "exception",
        "error_type": class_name(error),
        "message": _message_of(error),
    }
    try:
        record["line"], record["column"] = frames.place_of(error)
        record["traceback"] = frames.format_summary(frames.summarize(error))
    except Exception:  # hostile attributes, or no memory left for a traceback
        record["traceback"] = frames.format_plainly(error, f"{class_name(error)}: {record['message']}")
    if record.get("line") is None and main is not None:
        code = getattr(main, "__code__", None)
        if code is not None and code.co_filename == source_lines.SCRIPT:
            record["line"] = code.co_firstlineno
    record["suggestions"] = _advice(suggestions.for_exception, error, record, main)
    try:
        record["denied"] = suggestions.denied_call(error)
    except Exception:  # hostile attributes
        pass
    return {name: value for name, value in record.items() if value is not None}


def unserializable(error):
    message = frames.cut_text(_text_of(error), frames.MAX_MESSAGE_BYTES)
    return {
        "kind": "exception",
        "error_type": "UnserializableResult",
        "message": message,
        "traceback": f"UnserializableResult: {message}",
        "suggestions": _advice(suggestions.for_unserializable, error),
    }


def system_exit(error):
    """sys.exit(): (record, exit code). A text goes to standard error, as Python has it."""
    code = SystemExit.code.__get__(error)
    if code is None:
        status, message = 0, None
    elif int in values.bases_of(code):
        status, message = int.__index__(code) & 0xFF, None
    else:
        status, message = 1, _text_of(code)
        try:
            sys.stderr.write(message + "\n")
        except Exception:
            pass
    record = {"kind": "exit", "exit_code": status}
    if message:
        record["message"] = frames.cut_text(message, frames.MAX_MESSAGE_BYTES)
    if status:
        record["suggestions"] = _advice(suggestions.for_exit, status, message, error)
        record["line"] = frames.place_of(error)[0]
    return {name: value for name, value in record.items() if value is not None}, status


def minimal(error):
    """When even the report failed."""
    return {
        "kind": "exception",
        "error_type": class_name(error),
        "message": class_name(error),
        "suggestions": [suggestions.GENERIC],
    }


