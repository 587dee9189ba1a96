"""Reports of failures: line, column, traceback, suggestions."""

import pytest

from test_run import script


def report(guest, text, **request):
    outcome = guest.run(script(text), **request)
    assert outcome.status == 1, outcome
    return outcome.record


def test_chain(lean):
    record = report(lean, """
        import json
        def parse(text):
            try:
                return json.loads(text)
            except ValueError as error:
                raise RuntimeError('bad input') from error
        def main():
            parse('{')
    """)
    assert record["error_type"] == "RuntimeError" and record["line"] == 6
    assert record["traceback"] == (
        "Traceback (most recent call last):\n"
        '  File "script.py", line 4, in parse\n'
        "    return json.loads(text)\n"
        "           ^^^^^^^^^^^^^^^^\n"
        "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n"
        "\n"
        "The above exception was the direct cause of the following exception:\n"
        "\n"
        "Traceback (most recent call last):\n"
        '  File "script.py", line 8, in main\n'
        "    parse('{')\n"
        '  File "script.py", line 6, in parse\n'
        "    raise RuntimeError('bad input') from error\n"
        "RuntimeError: bad input"
    )


def test_library_frames_are_left_out(lean):
    record = report(lean, "import json\ndef main():\n    json.loads('x')")
    assert record["line"] == 3 and record["column"] == 5
    assert record["traceback"].count("File") == 1


def test_posted_files_are_the_users(lean):
    files = {"helper.py": b"def fail():\n    1 / 0\n"}
    record = report(lean, "import helper\ndef main():\n    helper.fail()", files=files)
    assert record["line"] == 3
    assert 'File "/tmp/helper.py", line 2, in fail\n    1 / 0\n    ~~^~~' in record["traceback"]


def test_syntax_error_in_a_posted_file(lean):
    record = report(lean, "import helper\ndef main(): pass", files={"helper.py": b"x = (\n"})
    assert record["kind"] == "exception" and record["error_type"] == "SyntaxError" and record["line"] == 1
    assert 'File "/tmp/helper.py", line 1' in record["traceback"]


def test_exec_and_run_time_syntax_errors(lean):
    record = report(lean, "def main():\n    exec('x = 1\\n1 / 0')")
    assert record["line"] == 2 and 'File "<string>", line 2' in record["traceback"]
    record = report(lean, "def main():\n    eval('1 +')")
    assert record["error_type"] == "SyntaxError" and record["kind"] == "exception" and record["line"] == 2


@pytest.mark.parametrize(
    "text, line",
    [
        ("def main():\n    return [\n        1 / x\n        for x in [0]\n    ]", 3),
        ("def gen():\n    yield 1\n    1 / 0\ndef main():\n    return list(gen())", 3),
        ("def deco(f):\n    raise ValueError\n@deco\ndef main(): pass", 2),
        ("import asyncio\nasync def main():\n    await asyncio.gather(bad())\nasync def bad():\n    1 / 0", 5),
        ("def main():\n    raise ExceptionGroup('many', [ValueError(1), TypeError(2)])", 2),
        ("def main():\n    return sorted([1, 'a'])", 2),
        ("class A:\n    def __getattr__(self, name):\n        raise KeyError(name)\ndef main():\n    A().x", 3),
        ("def main():\r\n    x = 1\r\n    1 / 0\r\n", 3),
        ("größe = 0\ndef main():\n    größe_ = 1 / größe", 3),
        ("\ufeffdef main():\n    1 / 0", 2),
        ("# -*- coding: latin-1 -*-\ndef main():\n    'ü' + 1", 3),
        ("def main():\n    x = '''\n\f\n'''\n    1 / 0", 5),
        ("def main():\n    import warnings\n    warnings.simplefilter('error')\n    warnings.warn('w')", 4),
        ("def main():\n    with open('/nope') as f:\n        pass", 2),
        ("x = 1\ndel x\nx", 3),
    ],
)
def test_line(lean, text, line):
    outcome = lean.run(text)
    assert outcome.record["line"] == line, outcome


def test_column_counts_characters(lean):
    record = report(lean, "def main():\n    x = 'üüü' + undefined")
    assert record["column"] == 17


def test_exception_group_text(lean):
    record = report(lean, "def main():\n    raise ExceptionGroup('many', [ValueError(1), KeyError('k')])")
    assert "  +-+---------------- 1 ----------------" in record["traceback"]
    assert record["message"] == "many (2 sub-exceptions)"


def test_notes(lean):
    record = report(lean, "def main():\n    e = ValueError('x')\n    e.add_note('a note')\n    raise e")
    assert record["traceback"].endswith("ValueError: x\na note")


def test_did_you_mean(lean):
    record = report(lean, "def main():\n    value = 1\n    return valeu")
    assert record["traceback"].endswith("NameError: name 'valeu' is not defined. Did you mean: 'value'?")
    assert "Did you mean: 'value'?" in record["suggestions"][0]
    record = report(lean, "def main():\n    return 'x'.uper()")
    assert "Did you mean: 'upper'?" in record["suggestions"][0] and record["line"] == 2


def test_wrong_arguments_for_main(lean):
    record = report(lean, "x = 1\ndef main(a, b=2):\n    return a")
    assert record["error_type"] == "TypeError" and record["line"] == 2
    assert "main(a, b=2)" in record["suggestions"][0] and "args" in record["suggestions"][0]
    record = report(lean, "def main():\n    return 1", args=b"[1]")
    assert "main()" in record["suggestions"][0]


def test_long_messages_are_cut(lean):
    outcome = lean.run("def main():\n    raise ValueError('x' * 10 ** 7)")
    assert len(outcome.record["message"]) <= 65536 and len(outcome.record["traceback"]) <= 262144
    outcome = lean.run("def main():\n    raise ValueError('\\x01' * 10 ** 7)")
    assert outcome.record["error_type"] == "ValueError"


def test_a_long_chain(lean):
    text = """
        def main():
            error = None
            for n in range(500):
                new = ValueError(n)
                new.__cause__ = error
                error = new
            raise error
    """
    assert report(lean, text)["error_type"] == "ValueError"
    circle = """
        def main():
            a = ValueError('a')
            a.__cause__ = ValueError('b')
            a.__cause__.__cause__ = a
            raise a
    """
    assert report(lean, circle)["message"] == "a"


def test_one_long_line(lean):
    text = "def main(): x = [" + "1, " * 300000 + "1 / 0]"
    record = report(lean, text)
    assert record["error_type"] == "ZeroDivisionError" and record["line"] == 1
    assert len(record["traceback"]) < 2000
    record = report(lean, "x = [" + "1, " * 300000 + "1 1 + ]")
    assert record["kind"] == "syntax_error" and len(record["message"]) < 2000


SYNTAX = [
    ("def main(:\n    pass", 1, 10, "invalid syntax"),
    ("def main():\n    return (1,\n", 2, 12, "'(' was never closed"),
    ("def main()\n    pass", 1, 11, "expected ':'"),
    ("print 'x'", 1, 1, "Missing parentheses in call to 'print'"),
    ("def main():\nreturn 1", 2, 1, "expected an indented block after function definition on line 1"),
    ("x = 'abc", 1, 5, "unterminated string literal"),
    ("if True:\n\tx = 1\n        y = 2", 3, None, "inconsistent use of tabs"),
    ("return 1", 1, 1, "'return' outside function"),
    ("x = 1\nfrom __future__ import annotations", 2, 1, "from __future__ imports must occur"),
    ("x = \x00", None, None, "null bytes"),
    ("ü = = 1", 1, 5, "invalid syntax"),
    ("x = " + "(" * 300 + ")" * 300, 1, None, "too many nested parentheses"),
    ("try:\n    pass\nexcept ValueError, e:\n    pass", 3, None, "multiple exception types must be parenthesized"),
]


LATE = [  # what the parser lets through and the compiler refuses
    ("x = 1\nreturn 5", 2, 1, "    return 5\n    ^^^^^^^^\n"),
    ("def f(a, a): pass", 1, 10, "    def f(a, a): pass\n             ^\n"),
    ("def main():\n    x = 1\n    global x", 3, 5, "    global x\n    ^^^^^^^^\n"),
    ("'é☃'; return 5", 1, 7, "    'é☃'; return 5\n          ^^^^^^^^\n"),
]


@pytest.mark.parametrize("mode", ["main", "script"])
@pytest.mark.parametrize("text, line, column, picture", LATE)
def test_picture_of_what_the_compiler_refuses(lean, text, line, column, picture, mode):
    record = lean.run(text, mode=mode).record
    assert (record["line"], record["column"]) == (line, column), record
    assert record["text"] == text.splitlines()[line - 1]
    assert record["message"].startswith(f'  File "script.py", line {line}\n{picture}SyntaxError: ')


@pytest.mark.parametrize("mode", ["main", "script"])
@pytest.mark.parametrize("text, line, column, message", SYNTAX)
def test_syntax_error(lean, text, line, column, message, mode):
    outcome = lean.run(text, mode=mode)
    record = outcome.record
    assert outcome.status == 1 and record["kind"] == "syntax_error", outcome
    assert message in record["message"] and record.get("line") == line
    if column is not None:
        assert record["column"] == column
    assert outcome.stdout == "" and record["suggestions"]


def test_syntax_error_picture(lean):
    record = report(lean, "def main():\n    return 1 +\n")
    assert record["text"] == "    return 1 +"
    picture = '  File "script.py", line 2\n    return 1 +\n              ^\n'
    assert record["message"] == picture + "SyntaxError: invalid syntax"


@pytest.mark.parametrize(
    "text",
    ["x = " + "-" * 100000 + "1", "x = " + "[" * 100 + "]" * 100, "x" + ".a" * 100000, "x = " + "1+" * 50000 + "1"],
)
def test_deep_sources(lean, text):
    outcome = lean.run(text + "\ndef main(): pass")
    assert outcome.kind in ("syntax_error", "result", "exception") or outcome.status == -11


SUGGESTIONS = [
    ("import numpi", "'numpy'"),
    ("import aiohttp", "no network"),
    ("import polars", "pandas"),
    ("import os.paths", "has no module"),
    ("from math import squirt", "'sqrt'"),
    ("np.zeros(3)", "import numpy as np"),
    ("xrange(3)", "range"),
    ("Counter('a')", "from collections import Counter"),
    ("json.dumps(1)", "import json"),
    ("x += 1", "global x"),
    ("[3].sort().index(3)", "None"),
    ("{'alpha': 1}['alpa']", ".get(key"),
    ("d = {'alpha': 1}; d['alpa']", "Did you mean"),
    ("d = {'alpha': 1}; d['zzz']", "the keys are: 'alpha'"),
    ("a = [1, 2]; a[5]", "0 to 1"),
    ("1 / 0", "divisor"),
    ("'a' + 1", "str(x)"),
    ("'a: ' + 1", "str"),
    ("1 + 'a'", "int(x)"),
    ("None + 1", "None"),
    ("int('abc')", "whole number"),
    ("float('abc')", "number"),
    ("a, b = 1, 2, 3", "values"),
    ("raise PermissionError(13, 'denied', '/etc/x')", "/tmp"),
    ("open('nope.txt')", "files"),
    ("input()", "stdin"),
    ("for x in 5: pass", "range"),
    ("5()", "operator"),
    ("{[1]: 2}", "tuple"),
    ("'abc'[0] = 'x'", "changed"),
    ("b'\\xff'.decode()", "encoding"),
    ("assert False", "assert"),
    ("raise NotImplementedError", "subclass"),
    ("next(iter([]))", "default"),
    ("import json; json.dumps(object())", "default=str"),
    ("import json; json.loads('{x}')", "double quotes"),
    ("import math; math.sqrt(-1)", "positive"),
    ("2.0 ** 10000", "too large"),
    ("import subprocess; subprocess.run(['false'], check=True)", "command failed"),
    ("f = lambda a: a; f()", "Pass 'a'"),
    ("class E(Exception): pass\n    raise E('x')", "except E"),
    ("import sys; sys.exit('bad')", "sys.exit"),
    ("import sys; sys.exit(2)", "status 2"),
    ("return (x for x in [])", "list(value)"),
    ("return object()", "vars(value)"),
    ("d = {}\n    for i in range(3): d[i] = 1\n    for i in d: d[i + 9] = 1", "copy"),
]


@pytest.mark.parametrize("body, word", SUGGESTIONS)
def test_suggestion(lean, body, word):
    outcome = lean.run(f"x = 1\ndef main():\n    {body}\n")
    assert outcome.status != 0
    assert word in outcome.record["suggestions"][0], outcome.record
