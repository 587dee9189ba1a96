"""Source lines for tracebacks: of the script and of the files posted with it.

Stands in for the `linecache` module in our private copy of `traceback`, with the functions that it uses.
"""

import io

SCRIPT = "script.py"
MAX_FILE_BYTES = 16 << 20

_open = io.open
_lines = {}


def split_lines(text):
    """Lines as the tokenizer counts them, and not as str.splitlines() does, which also parts at form feeds and such."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def set_script(text):
    _lines.clear()
    _lines[SCRIPT] = split_lines(text)


def clear():
    _lines.clear()


def getlines(filename, module_globals=None):
    lines = _lines.get(filename)
    if lines is None:
        try:
            with _open(filename, "rb") as file:
                lines = split_lines(file.read(MAX_FILE_BYTES).decode("utf-8", "replace"))
        except (OSError, ValueError, TypeError):
            lines = []
        _lines[filename] = lines
    return lines


def getline(filename, lineno, module_globals=None):
    lines = getlines(filename, module_globals)
    if type(lineno) is int and 1 <= lineno <= len(lines):
        return lines[lineno - 1] + "\n"
    return ""


def checkcache(filename=None):
    """Nothing to do: the sources of one run are read once."""


def lazycache(filename, module_globals):
    return False
