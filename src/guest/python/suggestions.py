"""Advice about one failure, the most special first: missing main(), results that JSON cannot hold, exits; sources and
exceptions have modules of their own."""

import re

from pyexec_guest import source_lines, values
from pyexec_guest.exception_suggestions import denied_call, for_exception
from pyexec_guest.failing_place import Place, nearest_names
from pyexec_guest.syntax_suggestions import for_syntax_error

__all__ = ["GENERIC", "denied_call", "for_exception", "for_exit", "for_missing_main", "for_syntax_error", "for_unserializable"]

GENERIC = "Read the last line of the traceback first, then the line of the script that it names"

_MISSING_MAIN = [
    "Add a main() function to your script",
    "Example: def main():\n    # Your code here\n    return 'success'",
]
_ENTRY_NAMES = ("run", "solve", "solution", "handler", "handle", "start", "execute", "process", "entry", "entrypoint")


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


def _calls_main():
    return any(re.match(r"\s*main\s*\(", line) for line in source_lines.getlines(source_lines.SCRIPT))


def for_missing_main(module, names):
    found = list(_MISSING_MAIN)
    elsewhere = _main_elsewhere()
    namespace = vars(module)
    if not names and not elsewhere and "main" not in namespace:
        found.append("A script without functions runs with `mode`: \"script\"; its result is the value of the last line")
    if "main" in namespace:
        kind = values.type_name(namespace["main"])
        found.append(f"The name main is there, but it is of type {kind} and cannot be called: define a function main()")
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
    entry = entry or nearest_names("main", names, 1, 0.6)
    entry = entry or [name for name in names if name.lower().startswith("main")]
    if not entry and _calls_main():
        found.append("The script calls main() but does not define it: rename its function to main, or define one")
    if entry:
        found.append(f"{entry[0]}() looks like the entry point: rename it to main, or add `main = {entry[0]}`")
    return found


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
    "reader": "list(value)",
    "DictReader": "list(value)",
    "Cursor": "value.fetchall()",
    "Row": "dict(value)",
    "Pattern": "value.pattern",
    "Element": "xml.etree.ElementTree.tostring(value, encoding='unicode')",
    "ElementTree": "xml.etree.ElementTree.tostring(value.getroot(), encoding='unicode')",
    "async_generator": "[item async for item in value]",
    "Task": "await value",
    "Future": "await value",
    "CompletedProcess": "value.stdout",
    "Namespace": "vars(value)",
    "SimpleNamespace": "vars(value)",
    "array": "value.tolist()",
    "partial": "value(), the function's result",
    "_lru_cache_wrapper": "value(), the function's result",
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
    "Axes": "None: figures that are open come back in `artifacts`",
    "AxesSubplot": "None: figures that are open come back in `artifacts`",
    "Line2D": "None: figures that are open come back in `artifacts`",
    "BarContainer": "None: figures that are open come back in `artifacts`",
    "Rolling": "value.mean(), value.sum() or another aggregate",
    "Styler": "value.to_html()",
    "DataFrameGroupBy": "value.sum(), value.mean() or another aggregate",
    "SeriesGroupBy": "value.sum(), value.mean() or another aggregate",
}


def for_unserializable(error):
    reason, subject = error.reason, error.subject
    if reason == "type":
        name = values.type_name(subject).rpartition(".")[2]
        if name in _CONVERSIONS:
            return [f"Return {_CONVERSIONS[name]} instead of the {name}"]
        if name.endswith("_iterator") or name.endswith("iterator"):
            return [f"Return list(value) instead of the {name}"]
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


def for_exit(status, message, error):
    line = Place(error).line
    if "parse_args" in line and status == 2:
        return ["argparse found no command line: the request's `args` and `kwargs` are main()'s parameters; pass a list of "
                "your own, parser.parse_args(['--mode', 'a']), with values that its choices permit"]  # fmt: skip
    if message is not None:
        return ["The script ended itself by sys.exit(text), which counts as a failure: return the text from main()"]
    return [f"The script ended itself with status {status}: end with sys.exit(0), or return a value from main()"]
