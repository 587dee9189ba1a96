"""Standard streams over descriptors 0, 1 and 2, as CPython itself makes them at its start.

They are made anew for each run: the guest's own were made over other files, and a stream remembers what its file
could do. Unlike CPython's, standard output is line-buffered: what was printed before a kill must not be lost.
"""

import io
import sys


def _open_stream(fd, mode, name, errors):
    buffer = io.open(fd, mode + "b", -1, None, None, None, False)
    buffer.raw.name = name
    text = io.TextIOWrapper(buffer, encoding="utf-8", errors=errors, newline="\n", line_buffering=mode == "w")
    text.mode = mode
    return text


def open_standard_streams():
    sys.stdin = sys.__stdin__ = _open_stream(0, "r", "<stdin>", "surrogateescape")
    sys.stdout = sys.__stdout__ = _open_stream(1, "w", "<stdout>", "surrogateescape")
    sys.stderr = sys.__stderr__ = _open_stream(2, "w", "<stderr>", "backslashreplace")
    _ours[:] = [sys.stdout, sys.stderr]


_ours = []


def flush():
    """Flushes what the script left in the streams it has now, and in those it started with."""
    for stream in [getattr(sys, "stdout", None), getattr(sys, "stderr", None), *_ours]:
        try:
            stream.flush()
        except Exception:  # closed, replaced by something else, descriptor gone: the script's own doing
            pass
