"""One script's run, step by step; run.c calls these functions in the order that they stand in here.

The C side runs the script's code itself, so that no frame of ours lies beneath it. A function that ends the run
returns the exit status; each has then left the record in the result's memory.
"""

import asyncio
import builtins
import gc
import inspect
import json
import os
import sys
import time

from pyexec_guest import arrays, ending, entropy, errors, native, script_module, streams, values, warm  # noqa: F401

RESULT_TEXT_MAX = 1000
MODE_MAIN = 0  # enum run_mode

encode_hooks = values  # and `warm`, for the C side
flush_streams = streams.flush

_decode_json = json.JSONDecoder().decode
_set_digits_limit = getattr(sys, "set_int_max_str_digits", lambda limit: None)  # 3.11, and fixes of older ones
_get_digits_limit = getattr(sys, "get_int_max_str_digits", lambda: 0)
_iscoroutine = inspect.iscoroutine
_run_async = asyncio.run
_pristine_builtins = {name: value for name, value in vars(builtins).items() if name != "_"}
_ABSENT = object()


class _Run:
    """What the steps of this process' one run share."""

    def __init__(self):
        self.name = "script"
        self.banner = False
        self.module = None


_run = _Run()


class _AllDigits:
    """Lifts the interpreter's limit on the digits of integers, which a script may also have set."""

    def __enter__(self):
        self.limit = _get_digits_limit()
        _set_digits_limit(0)

    def __exit__(self, *_):
        _set_digits_limit(self.limit)


def _parse_arguments(args, kwargs):
    with _AllDigits():
        return (
            tuple(_decode_json(args.decode("utf-8"))) if args else (),
            _decode_json(kwargs.decode("utf-8")) if kwargs else {},
        )


def get_ready():
    """Before the request is there: what every run needs, whatever it will be."""
    streams.open_standard_streams()
    _run.__init__()
    _run.module = script_module.new_module(_run.name)


def prepare(script, args, kwargs, env, mode, banner, max_result_bytes):
    """Returns (code, code of the last expression or None, globals, args, kwargs), or the exit status."""
    for name, value in env:
        os.environ[os.fsdecode(name)] = os.fsdecode(value)
        if name == b"TZ":
            time.tzset()
    arrays.max_bytes = max_result_bytes
    _run.banner = bool(banner)
    if mode != MODE_MAIN:
        script_module.withdraw(_run.name)
        _run.name = "__main__"
        _run.module = script_module.new_module(_run.name)
    arguments = _parse_arguments(args, kwargs)
    source = script_module.decode(script)
    script_module.register_source(_run.module, source)
    try:
        if mode == MODE_MAIN:
            codes = script_module.compile_module(source), None
        else:
            codes = script_module.compile_cell(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return _finish(errors.syntax_error(error), 1)
    return (*codes, vars(_run.module), *arguments)


def missing_main():
    """The module level is through and left no callable main. Returns the exit status."""
    if not native.is_owner():
        return 1
    return _finish(errors.missing_main(_run.module, script_module.public_functions(_run.module)), 1)


def await_result(value):
    """Lets an `async def main`, or anything else that can be awaited, come to its result."""
    return _run_async(value if _iscoroutine(value) else _await(value))


async def _await(value):
    return await value


def succeed(result):
    """main() is through: encodes its result. Returns the exit status."""
    if not native.is_owner():
        return 0
    changed = _restore_builtins()
    try:
        with _AllDigits():
            native.encode_result(result, arrays.max_bytes)
    except values.UnserializableResult as error:
        return _finish(errors.unserializable(error), 1)
    finally:
        vars(builtins).update(changed)
    record = {"kind": "result"}
    if _run.banner and result is not None:
        text = _result_text(result)
        if text is not None:
            record["result_text"] = text
    native.finish(record, True)
    return 0


def _result_text(result):
    """str(result) as the end of stdout shows it; None when it cannot be had. The script's own code may run here."""
    try:
        with _AllDigits():
            text = str(result)
    except Exception:
        return None
    text = str.__str__(text)
    return text if len(text) <= RESULT_TEXT_MAX else text[:RESULT_TEXT_MAX] + "…"


def fail(error, main):
    """An exception escaped from the script; `main` is main() when the call of it did, else None. Returns the exit
    status."""
    if not native.is_owner():
        return _fail_in_child(error)
    changed = _restore_builtins()
    try:
        if SystemExit in values.bases_of(error):
            record, status = errors.system_exit(error)
            return _finish(record, status)
        return _finish(errors.exception(error, main), 1)
    finally:
        vars(builtins).update(changed)


def _fail_in_child(error):
    """A fork of the script's ends as a Python process does."""
    if SystemExit in values.bases_of(error):
        return errors.system_exit(error)[1]
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:
        pass
    return 1


def fail_again(error):
    """The last resort, when fail() itself failed."""
    native.finish(errors.minimal(error), False)
    return 1


def _restore_builtins():
    """Puts the built-in functions back that the script replaced: the library code that encodes and reports uses them.
    Returns what they were, as far as they can be called at all, for the exit handlers that still run."""
    current = vars(builtins)
    changed = {}
    if native.holds_all(current, _pristine_builtins):
        return changed
    for name, value in _pristine_builtins.items():
        found = current.get(name, _ABSENT)
        if found is not value:
            if found is not _ABSENT and callable(found):
                changed[name] = found
            current[name] = value
    return changed


def _finish(record, status):
    try:
        native.finish(record, False)
    except values.UnserializableResult:  # texts of nothing but escapes: keep what matters
        for name in ("traceback", "message", "text"):
            if name in record:
                record[name] = record[name][:4096]
        native.finish(record, False)
    return status


def end():
    """What Python does at its end."""
    for step in ending.steps():
        try:
            step()
        except BaseException as error:
            _fail_in_child(error)


def rewind():
    """After a rehearsal: as if nothing had run. The end is rehearsed as far as it leaves no trace."""
    ending.is_quiet()
    streams.flush()
    script_module.forget(_run.name)
    _run.__init__()
    arrays.max_bytes = 0
    gc.collect()
    entropy.renew()
