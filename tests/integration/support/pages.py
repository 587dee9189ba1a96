"""The documents' examples: blocks marked with `<!-- run: KIND -->`, each followed by what it prints. The tests compare, and
scripts/update-docs-examples writes."""

import os
import re
import shutil
import subprocess
from typing import NamedTuple

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PAGES_URL = "http://127.0.0.1:8080"
PROGRAMS = {
    "sh": ["bash", "-eu", "-o", "pipefail"],
    "node": ["node"],
    **dict.fromkeys(("requests", "httpx", "tool", "langchain"), ["/usr/bin/python3"]),
}
BLOCK = re.compile(r"<!-- run: (\w+) -->\n```\w+\n(.*?)```\n\nprints\n\n```text\n(.*?)```\n", re.DOTALL)
LIMIT_S = 100


class Example(NamedTuple):
    kind: str
    text: str
    prints: str
    start: int  # of what it prints, in the page
    end: int


def examples(page):
    return [Example(*found.groups(), *found.span(3)) for found in BLOCK.finditer(page)]


def steady(text):
    """Without what is another thing each time."""
    text = re.sub(r'"id":"[0-9a-f]{32}"', '"id":"…"', text)
    return re.sub(r'"usage":\{[^}]*\}', '"usage":{…}', text)


def run(example, url, directory):
    """Runs it in this directory, which keeps the files of the page's earlier ones: (exit status, what it prints, stderr)."""
    program = os.path.join(directory, "example.js" if example.kind == "node" else "example")
    with open(program, "w", encoding="utf-8") as file:
        file.write(example.text.replace(PAGES_URL, url))
    node = shutil.which("node")
    environment = {
        "PATH": f"{ROOT}/build/bin:/usr/bin:/bin" + (f":{os.path.dirname(node)}" if node else ""),
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "no_proxy": "*",
        "PYTHONPATH": str(directory),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [*PROGRAMS[example.kind], program], cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=LIMIT_S, check=False,
    )
    printed = steady(done.stdout)
    return done.returncode, printed if printed.endswith("\n") or not printed else printed + "\n", done.stderr
