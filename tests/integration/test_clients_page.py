"""docs/clients.md: each snippet is run as it stands there, and prints what the page says."""

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest

from .support import openapi
from .support.daemon import ROOT

PAGE = os.path.join(ROOT, "docs", "clients.md")
PAGES_URL = "http://127.0.0.1:8080"
PROGRAMS = {
    "sh": ["bash", "-eu", "-o", "pipefail"],
    "node": ["node"],
    **dict.fromkeys(("requests", "httpx", "tool", "langchain"), ["/usr/bin/python3"]),
}
# What of LangChain a tool needs: a decorator, and invoke() with the arguments by name.
STAND_IN = '''
class Tool:
    def __init__(self, function):
        assert function.__doc__ and all(name in function.__annotations__ for name in ("script", "timeout", "return"))
        self.function = function

    def invoke(self, arguments):
        return self.function(**arguments)


tool = Tool
'''


def page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def snippets():
    """(kind, its text, what it prints) of each one that is run."""
    found = re.findall(r"<!-- run: (\w+) -->\n```\w+\n(.*?)```\n\nprints\n\n```text\n(.*?)```\n", page(), re.DOTALL)
    return [pytest.param(*one, id=f"{number}-{one[0]}") for number, one in enumerate(found)]


def go():
    (text,) = re.findall(r"<!-- check: go -->\n```go\n(.*?)```\n", page(), re.DOTALL)
    return text


def steady(text):
    """Without what is another thing each time."""
    text = re.sub(r'"id":"[0-9a-f]{32}"', '"id":"…"', text)
    return re.sub(r'"usage":\{[^}]*\}', '"usage":{…}', text)


def test_every_snippet_is_run_or_checked():
    blocks = re.findall(r"^```(\w+)$", page(), re.MULTILINE)
    assert len([kind for kind in blocks if kind != "text"]) == len(snippets()) + 1 and len(snippets()) >= 8
    assert {one.values[0] for one in snippets()} == set(PROGRAMS)


@pytest.mark.parametrize(("kind", "text", "prints"), snippets())
def test_a_snippet_prints_what_the_page_says(service, tmp_path, kind, text, prints):
    if kind == "requests":
        pytest.importorskip("requests", reason="python3-requests is not installed")
    if kind == "langchain" and not subprocess.run(["/usr/bin/python3", "-c", "import langchain_core.tools"], capture_output=True, check=False).returncode == 0:
        (tmp_path / "langchain_core").mkdir()
        (tmp_path / "langchain_core" / "tools.py").write_text(STAND_IN, encoding="utf-8")
    program = tmp_path / "snippet.js" if kind == "node" else tmp_path / "snippet"
    assert PAGES_URL in text or kind == "sh"
    program.write_text(text.replace(PAGES_URL, service.url), encoding="utf-8")
    environment = {
        "PATH": f"{ROOT}/build/bin:{os.path.dirname(shutil.which('node') or '/usr/bin/node')}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "no_proxy": "*",
        "PYTHONPATH": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [*PROGRAMS[kind], program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert steady(done.stdout) == prints and done.stderr == ""


def test_the_tools_description_is_a_schema():
    (text,) = [one.values[1] for one in snippets() if one.values[0] == "tool"]
    names = {}
    exec(text.split("\n\n\ndef ")[0], names)  # the part that defines TOOL
    schema = names["TOOL"]["function"]["parameters"]
    jsonschema.Draft202012Validator.check_schema(schema)
    request = openapi.resolved(openapi.at("#/components/schemas/ExecuteRequest"))["properties"]
    assert set(schema["properties"]) <= set(request) and set(schema["required"]) <= set(schema["properties"])


def test_the_fields_of_the_go_snippet_are_the_services(service):
    sent, got = (
        set(re.findall(r'`json:"(\w+)', go().split(f"type {name} struct")[1].split("\n}")[0])) for name in ("request", "answer")
    )
    assert sent <= set(openapi.resolved(openapi.at("#/components/schemas/ExecuteRequest"))["properties"]) and len(sent) == 4
    status, failed = service.execute("import sys\nprint(1, file=sys.stderr)\ndef main():\n    1 / 0")
    _, good = service.execute("def main(): pass")
    assert status == 400 and got == got & (failed.keys() | good.keys()) and len(got) == 8


def test_the_go_snippet_is_formatted_go(tmp_path):
    """By gofmt where there is one; everywhere: tabs, and brackets that close."""
    text = go()
    for opened, closed in ("()", "[]", "{}"):
        assert text.count(opened) == text.count(closed)
    assert not re.search(r"^ ", text, re.MULTILINE) and text.startswith("package main\n")
    if shutil.which("gofmt"):
        (tmp_path / "main.go").write_text(text, encoding="utf-8")
        done = subprocess.run(["gofmt", "-l", tmp_path / "main.go"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_the_page_says_of_json_in_go(service):
    """Results are kept as they came: json.RawMessage."""
    assert "json.RawMessage" in go() and json.loads("1" * 30) == service.result(f"def main():\n    return {'1' * 30}")
