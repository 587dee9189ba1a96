"""The list of techniques: what each module under techniques/ declares, and the text that is run for it.

    /usr/bin/python3 -m escape.catalogue --readme          writes the table into README.md (from tests/)
    /usr/bin/python3 -m escape.catalogue --export DIR      one self-contained script for each technique
"""

import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import textwrap

from . import numbers, techniques
from .technique import registered

HERE = os.path.dirname(os.path.abspath(__file__))


def load():
    """All techniques, by category and in the order of their files."""
    for module in sorted(info.name for info in pkgutil.iter_modules(techniques.__path__)):
        importlib.import_module(f"{techniques.__name__}.{module}")
    return list(registered)


def _prelude():
    with open(os.path.join(HERE, "probe.py"), encoding="utf-8") as file:
        return file.read()


def body_of(technique):
    """The function's own text, without its decorator."""
    source = textwrap.dedent(inspect.getsource(technique.function))
    return source[source.index(f"def {technique.function.__name__}(") :]


def compose(technique):
    """A script whose main(**kwargs) returns the technique's verdict."""
    body = body_of(technique)
    prelude = _prelude()
    if technique.check:
        with open(os.path.join(HERE, "forge.py"), encoding="utf-8") as file:
            prelude += "\n\n" + file.read().replace("from .probe import *\n", "")  # it stands before it
    name = technique.function.__name__
    end = f"return judge({name}, **kwargs)"
    if technique.check:
        end = f"return {name}()"
    if technique.bomb:
        end = f"return {name}(kwargs.get('most', float('inf')))"
    named = set(re.findall(r"""["'](\w+)["']""", body)) | {"clone"}
    calls = {name: number for name, number in numbers.CALLS.items() if name in named}
    return "\n".join(
        [
            prelude,
            f"NR = {{name: numbers[MACHINE == 'aarch64'] for name, numbers in {json.dumps(calls)}.items()}}",
            "",
            "",
            body,
            "",
            "def main(**kwargs):",
            f"    {end}",
            "",
        ]
    )


START, END = "<!-- techniques: written by catalogue.py -->", "<!-- techniques: end -->"


def table():
    lines = ["| technique | what it does | what must stop it |", "|---|---|---|"]
    for technique in load():
        stop = ", ".join(technique.stop)
        mechanism = technique.mechanism.replace("|", "\\|")
        lines.append(f"| `{technique.id}` | {mechanism} | {stop} |")
    return "\n".join(lines)


def readme():
    """The text that README.md has to have."""
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(START)
    return f"{before}{START}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


def main():
    if sys.argv[1:] == ["--readme"]:
        text = readme()
        with open(os.path.join(HERE, "README.md"), "w", encoding="utf-8") as file:
            file.write(text)
    elif len(sys.argv) == 3 and sys.argv[1] == "--export":
        for technique in load():
            with open(os.path.join(sys.argv[2], f"{technique.id}.py"), "w", encoding="utf-8") as file:
                file.write(compose(technique))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
