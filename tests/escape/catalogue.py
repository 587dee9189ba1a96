"""The list of techniques: what each module under techniques/ declares, and the text that is run for it.

    /usr/bin/python3 -m escape.catalogue --readme          writes the table into README.md (from tests/)
    /usr/bin/python3 -m escape.catalogue --export DIR      one self-contained script for each technique
    /usr/bin/python3 -m escape.catalogue --selftest FILE   all that `pyexecd selftest` needs, as JSON
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

BOMB_SECONDS, BOMB_MEMORY_MB = 1, 256  # in a self-test
SLACK_MS = 10000  # in a self-test, on times that answers must keep: a busy host is no hole
HERE = os.path.dirname(os.path.abspath(__file__))


def load():
    """All techniques, by category and in the order of their files."""
    for module in sorted(info.name for info in pkgutil.iter_modules(techniques.__path__)):
        importlib.import_module(f"{techniques.__name__}.{module}")
    return list(registered)


def _text(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def preludes():
    """What stands before the techniques' own texts, by its name."""
    probe = _text("probe.py")
    # forge.py stands behind the text that it would import.
    return {"probe": probe, "forge": probe + "\n\n" + _text("forge.py").replace("from .probe import *\n", "")}


def body_of(technique):
    """The function's own text, without its decorator."""
    source = textwrap.dedent(inspect.getsource(technique.function))
    return source[source.index(f"def {technique.function.__name__}(") :]


def own_text(technique):
    """What stands behind the prelude."""
    body = body_of(technique)
    name = technique.function.__name__
    end = f"return judge({name}, **kwargs)"
    if technique.answer:
        end = f"return {name}()"
    if technique.bomb:
        end = f"return {name}(kwargs.get('most', float('inf')))"
    named = set(re.findall(r"""["'](\w+)["']""", body)) | {"clone"}
    calls = {name: number for name, number in numbers.CALLS.items() if name in named}
    return "\n".join(
        [
            "",
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


def prelude_of(technique):
    return "forge" if technique.answer else "probe"


def compose(technique):
    """A script whose main(**kwargs) returns the technique's verdict."""
    return preludes()[prelude_of(technique)] + own_text(technique)


def patient_rule(technique):
    """The rule, with times that also a host keeps which has much else to do."""
    times = {"max_wall_ms": technique.rule["max_wall_ms"] + SLACK_MS} if "max_wall_ms" in technique.rule else {}
    if technique.bomb:
        times = {"max_wall_ms": BOMB_SECONDS * 1000 + SLACK_MS}
    return {**technique.rule, **times}


def selftest():
    """What src/front/selftest/catalogue.c reads: the scripts, and the rules that their answers have to keep."""
    with open(os.path.join(HERE, "test_side_by_side.py"), encoding="utf-8") as file:
        side_by_side = len(re.findall(r"^ *def test_", file.read(), re.MULTILINE))
    return {
        "preludes": preludes(),
        "left_out": {"two sandboxes beside each other": side_by_side},
        "techniques": [
            {
                "technique": technique.id,
                "family": technique.category,
                "mechanism": technique.mechanism,
                "prelude": prelude_of(technique),
                "script": own_text(technique),
                "kwargs": technique.kwargs,
                "timeout": BOMB_SECONDS if technique.bomb else technique.request.get("timeout", 30),
                "memory_mb": BOMB_MEMORY_MB if technique.bomb else technique.request.get("memory_mb", 0),
                "bomb": technique.bomb,
                "rule": patient_rule(technique),
            }
            for technique in load()
        ],
    }


START, END = "<!-- techniques: written by catalogue.py -->", "<!-- techniques: end -->"


def table():
    lines = ["| technique | what it does | what must stop it |", "|---|---|---|"]
    for technique in load():
        stop = ", ".join(technique.stop)
        if technique.stop_without_namespaces:
            stop += f"; without namespaces also {', '.join(technique.stop_without_namespaces)}"
        if technique.visible_without_namespaces:
            stop += f"; visible without namespaces: {technique.visible_without_namespaces}"
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
    elif len(sys.argv) == 3 and sys.argv[1] == "--selftest":
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            json.dump(selftest(), file)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
