"""docs/clients.md: each snippet is run as it stands there, and prints what the page says."""

import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest

from .support import openapi, pages

PAGE = os.path.join(pages.ROOT, "docs", "clients.md")
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
    return [pytest.param(example, id=f"{number}-{example.kind}") for number, example in enumerate(pages.examples(page()))]


def go():
    (text,) = re.findall(r"<!-- check: go -->\n```go\n(.*?)```\n", page(), re.DOTALL)
    return text


def test_every_snippet_is_run_or_checked():
    blocks = re.findall(r"^```(\w+)$", page(), re.MULTILINE)
    assert len([kind for kind in blocks if kind != "text"]) == len(snippets()) + 1 and len(snippets()) >= 8
    assert {example.kind for example in pages.examples(page())} == set(pages.PROGRAMS)


def has_langchain():
    done = subprocess.run(["/usr/bin/python3", "-c", "import langchain_core.tools"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("example", snippets())
def test_a_snippet_prints_what_the_page_says(service, tmp_path, example):
    if example.kind == "requests":
        pytest.importorskip("requests", reason="python3-requests is not installed")
    if example.kind == "langchain" and not has_langchain():
        (tmp_path / "langchain_core").mkdir()
        (tmp_path / "langchain_core" / "tools.py").write_text(STAND_IN, encoding="utf-8")
    assert pages.PAGES_URL in example.text
    status, printed, err = pages.run(example, service.url, tmp_path)
    assert (status, err) == (0, "")
    assert printed == example.prints


def test_the_tools_description_is_a_schema():
    (text,) = [example.text for example in pages.examples(page()) if example.kind == "tool"]
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
