"""Every row of the contract's error table, with all the keys that it also carries."""

import pytest

from .support.client import check_refusal


def carries(answer, *keys):
    missing = set(keys) - answer.keys()
    assert not missing, (missing, answer)


def advice(answer):
    return " ".join(answer["suggestions"])


class TestMissingMain:
    def test_carries_the_functions_in_order_without_imports(self, service):
        answer = service.failure(
            "missing_main",
            """
            from math import sqrt
            import json
            def zebra(): pass
            def apple(): pass
            async def melon(): pass
            def _private(): pass
            class Thing:
                def method(self): pass
            number = 5
            """,
        )
        assert answer["available_functions"] == ["zebra", "apple", "melon"]
        assert answer["return_code"] == 1
        assert answer["message"] == "Script must contain a main() function as the entry point."

    def test_without_any_function(self, service):
        answer = service.failure("missing_main", "x = 1")
        assert answer["available_functions"] == [] and answer["return_code"] == 1

    def test_functions_of_a_posted_module_are_imports(self, service):
        files = [{"path": "helper.py", "content": "def helping(): pass\n"}]
        script = "from helper import helping\ndef own(): pass"
        assert service.failure("missing_main", script, files=files)["available_functions"] == ["own"]

    def test_what_the_module_level_printed(self, service):
        answer = service.failure("missing_main", "import sys\nprint('out')\nprint('err', file=sys.stderr)")
        assert answer["stdout"] == "out" and "err" in answer["stderr"]

    @pytest.mark.parametrize("value", ["None", "3", "'text'", "[]"])
    def test_a_main_that_cannot_be_called(self, service, value):
        service.failure("missing_main", f"main = {value}")

    @pytest.mark.parametrize(
        "script",
        [
            "main = lambda: 5",
            "import functools\ndef f(x):\n    return x\nmain = functools.partial(f, 5)",
            "class C:\n    def __call__(self):\n        return 5\nmain = C()",
            "async def main():\n    return 5",
            "def deco(f):\n    return lambda: f() + 1\n@deco\ndef main():\n    return 4",
            "exec('def main(): return 5')",
            "globals()['main'] = lambda: 5",
        ],
    )
    def test_any_callable_main_will_do(self, service, script):
        assert service.result(script) == 5


class TestSyntaxError:
    def test_line_column_text_and_the_picture(self, service):
        answer = service.failure("syntax_error", "x = 1\ndef main():\n    return (1 +* 2)\n")
        carries(answer, "line", "column", "text", "return_code")
        assert (answer["line"], answer["column"]) == (3, 16)
        assert answer["text"].strip() == "return (1 +* 2)"
        lines = answer["message"].splitlines()
        source = next(i for i, line in enumerate(lines) if "return (1 +* 2)" in line)
        caret = lines[source + 1]
        assert caret.strip() == "^"
        assert lines[source][caret.index("^")] == "*"
        assert "invalid syntax" in answer["message"]

    @pytest.mark.parametrize(
        "script, line, words",
        [
            ("def main()\n    return 1", 1, "expected ':'"),
            ("def main():\n    print 'x'\n", 2, "Missing parentheses"),
            ("def main():\nreturn 1", 2, "expected an indented block"),
            ("def main():\n    x = 1\n      y = 2", 3, "unexpected indent"),
            ("def main():\n\tx = 1\n        y = 2", 3, "inconsistent use of tabs"),
            ("x = 'abc", 1, "unterminated string"),
            ("x = (1,\n", 1, "was never closed"),
            ("return 5", 1, "'return' outside function"),
            ("from __future__ import nonsense", 1, "not defined"),
            ("def f(a, a): pass", 1, "duplicate argument"),
            ("x = 5 = y", 1, "cannot assign"),
            ("def main():\n    await x", 2, "'await' outside"),
        ],
    )
    def test_words_are_cpythons_own(self, service, script, line, words):
        answer = service.failure("syntax_error", script)
        assert answer["line"] == line and words in answer["message"], answer
        assert answer["return_code"] == 1 and answer["stdout"] == ""

    def test_columns_count_characters(self, service):
        answer = service.failure("syntax_error", "x = 'éé☃𝄞' +* 1")
        assert answer["column"] == "x = 'éé☃𝄞' +* 1".index("*") + 1

    def test_no_line_of_the_script_has_run(self, service):
        answer = service.failure("syntax_error", "print('never')\ndef main(:\n    pass")
        assert answer["stdout"] == ""

    def test_a_syntax_error_at_run_time_is_a_runtime_error(self, service):
        answer = service.failure("runtime_error", "def main():\n    exec('x = = 1')")
        assert answer["error_type"] == "SyntaxError" and answer["line"] == 2


class TestRuntimeError:
    def test_type_line_traceback_and_code(self, service):
        answer = service.failure(
            "runtime_error",
            """
            def inner(n):
                return 10 / n

            def main():
                print("partial")
                return inner(0)
            """,
        )
        carries(answer, "error_type", "line", "traceback", "return_code")
        assert (answer["error_type"], answer["line"], answer["return_code"]) == ("ZeroDivisionError", 2, 1)
        assert "division by zero" in answer["message"]
        assert answer["stdout"] == "Executing main() function...\npartial"
        trace = answer["traceback"]
        assert trace.startswith("Traceback (most recent call last):")
        assert trace.rstrip().endswith("ZeroDivisionError: division by zero")
        assert trace.index("line 6, in main") < trace.index("line 2, in inner")
        assert "return inner(0)" in trace and "return 10 / n" in trace
        assert trace.count('File "') == 2, trace

    def test_at_the_module_level(self, service):
        answer = service.failure("runtime_error", "print('before')\nx = {}['missing']\ndef main():\n    return 1")
        assert (answer["error_type"], answer["line"], answer["stdout"]) == ("KeyError", 2, "before")
        assert answer["traceback"].count('File "') == 1

    def test_frames_of_the_library_are_left_out(self, service):
        answer = service.failure("runtime_error", "import json\n\ndef main():\n    return json.loads('{')\n")
        assert (answer["error_type"], answer["line"]) == ("JSONDecodeError", 4)
        assert answer["traceback"].count('File "') == 1 and "decoder.py" not in answer["traceback"]

    def test_line_numbers_with_a_future_import(self, service):
        script = "from __future__ import annotations\n\n\n\ndef main() -> Unknown:\n    raise ValueError('five')\n"
        assert service.failure("runtime_error", script)["line"] == 6

    @pytest.mark.parametrize(
        "body, line",
        [
            ("    return [1 / x for x in (1, 0)]", 2),
            ("    return sorted([1, 0],\n        key=lambda x: 1 / x)", 3),
            ("    def g():\n        yield 1\n        raise KeyError(1)\n    return list(g())", 4),
            ("    try:\n        1 / 0\n    except Exception as e:\n        raise ValueError('x') from e", 5),
        ],
    )
    def test_line_of_the_innermost_frame_of_the_users(self, service, body, line):
        assert service.failure("runtime_error", "def main():\n" + body)["line"] == line

    def test_line_within_async_code(self, service):
        script = "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    raise LookupError('here')"
        answer = service.failure("runtime_error", script)
        assert (answer["error_type"], answer["line"]) == ("LookupError", 4)
        assert "asyncio/" not in answer["traceback"]

    def test_chains_are_told(self, service):
        script = """
            def main():
                try:
                    {}["first"]
                except KeyError as error:
                    raise RuntimeError("second") from error
            """
        trace = service.failure("runtime_error", script)["traceback"]
        assert "KeyError: 'first'" in trace and "RuntimeError: second" in trace and "direct cause" in trace

    def test_exception_groups(self, service):
        script = "def main():\n    raise ExceptionGroup('several', [ValueError(1), TypeError('two')])"
        answer = service.failure("runtime_error", script)
        assert answer["error_type"] == "ExceptionGroup" and "TypeError: two" in answer["traceback"]

    def test_own_exception_class(self, service):
        answer = service.failure("runtime_error", "class Oops(Exception): pass\ndef main():\n    raise Oops('text')")
        assert answer["error_type"] == "Oops" and "text" in answer["message"]

    @pytest.mark.parametrize("name", ["KeyboardInterrupt", "GeneratorExit", "MemoryError", "StopIteration"])
    def test_exceptions_that_interpreters_treat_apart(self, service, name):
        answer = service.failure("runtime_error", f"def main():\n    raise {name}()")
        assert (answer["error_type"], answer["line"], answer["return_code"]) == (name, 2, 1)

    def test_an_exception_that_cannot_be_printed(self, service):
        script = """
            class Bad(Exception):
                def __str__(self):
                    raise ValueError("no text")
                __repr__ = __str__
            def main():
                raise Bad()
            """
        answer = service.failure("runtime_error", script)
        assert answer["error_type"] == "Bad" and answer["line"] == 6

    @pytest.mark.parametrize("code", [1, 2, 3, 42, 255])
    def test_exit_codes(self, service, code):
        answer = service.failure("runtime_error", f"import sys\ndef main():\n    print('x')\n    sys.exit({code})")
        assert answer["return_code"] == code
        assert answer["stdout"] == "Executing main() function...\nx"

    @pytest.mark.parametrize(
        "statement, number, name",
        [
            ("os.abort()", 6, "SIGABRT"),
            ("os.kill(os.getpid(), 15)", 15, "SIGTERM"),
            ("os.kill(os.getpid(), 9)", 9, "SIGKILL"),
            ("import ctypes; ctypes.string_at(0)", 11, "SIGSEGV"),
            ("os.kill(os.getpid(), 10)", 10, "SIGUSR1"),
        ],
    )
    def test_fatal_signals(self, service, statement, number, name):
        script = f"import os\ndef main():\n    print('written', flush=True)\n    {statement}\n    return 1"
        answer = service.failure("runtime_error", script)
        assert answer["return_code"] == 128 + number
        assert answer["signal"] == name
        assert name in answer["message"]
        assert answer["stdout"].endswith("written")

    def test_a_result_that_json_cannot_hold(self, service):
        answer = service.failure("runtime_error", "def main():\n    return object()")
        assert answer["error_type"] == "UnserializableResult" and "object" in answer["message"]
        assert answer["return_code"] == 1


class TestTimeout:
    def test_limit_and_partial_output(self, service):
        script = """
            import sys, time
            print("module")
            def main():
                print("in main")
                print("to stderr", file=sys.stderr)
                print("half a", end=" ")
                time.sleep(20)
            """
        answer = service.failure("timeout", script, timeout=0.7)
        carries(answer, "limit", "return_code")
        assert answer["limit"].keys() == {"name", "value", "unit"}
        assert answer["limit"]["name"] == "timeout"
        assert answer["limit"]["value"] == 0.7 and answer["limit"]["unit"] in ("s", "seconds")
        assert answer["return_code"] == 137
        assert answer["stdout"] == "module\nExecuting main() function...\nin main\nhalf a "
        assert answer["stderr"].strip() == "to stderr"
        assert "0.7" in answer["message"]

    @pytest.mark.parametrize(
        "script, line, text",
        [
            ("def main():\n    n = 1\n    while n: n += 1", 3, "while n: n += 1"),
            ("import time\ndef main():\n    time.sleep(60)", 3, "time.sleep(60)"),
            ("import re\ndef main():\n    re.match('(ä|ä)+$', 'ä' * 60 + 'b')", 3, "re.match("),
            ("import asyncio\nasync def main():\n    await asyncio.sleep(60)", 3, "await asyncio.sleep(60)"),
            ("def main():\n    while True: '" + "ä" * 500 + "'", 2, "ä" * 60),
        ],
        ids=["loop", "sleep", "C code", "coroutine", "long line"],
    )
    def test_names_the_line_that_was_running(self, service, script, line, text):
        answer = service.failure("timeout", script, timeout=0.5)
        assert answer["line"] == line, answer
        assert f"Line {line} was running" in answer["suggestions"][0] and text in answer["suggestions"][0]
        assert f'File "script.py", line {line}, in main' in answer["traceback"]
        assert answer["usage"]["wall_ms"] < 500 + 25 + 100  # the grace, and a busy machine

    def test_last_words_win_nothing(self, service):
        """Ending well in the 20 ms that the last words may take is a timeout all the same; and not all is believed."""
        script = """
            import os, signal, time
            def main():
                signal.signal(62, lambda *_: os._exit(0))
                time.sleep(60)
            """
        answer = service.failure("timeout", script, timeout=0.5)
        assert answer["return_code"] == 137 and "line" not in answer and "traceback" not in answer
        script = """
            import signal, time
            def main():
                def on_time(*_):
                    raise KeyError("up")
                signal.signal(62, on_time)
                try:
                    time.sleep(60)
                except KeyError:
                    return "won"
            """
        answer = service.failure("timeout", script, timeout=0.5)
        assert answer["return_code"] == 137 and "result" not in answer
        script = """
            import signal, time
            def main():
                signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
                while True: pass
            """
        answer = service.failure("timeout", script, timeout=0.5)
        assert 500 <= answer["usage"]["wall_ms"] < 500 + 25 + 100

    def test_at_the_module_level(self, service):
        answer = service.failure("timeout", "print('x')\nwhile True: pass", timeout=0.3)
        assert answer["stdout"] == "x"


class TestResourceLimit:
    def test_memory(self, service):
        script = """
            def main():
                print("starting")
                hoard = []
                try:
                    while True:
                        hoard.append(bytearray(4 << 20))
                except MemoryError:
                    while True:
                        hoard.append(bytearray(1 << 10))
            """
        status, answer = service.execute(script, memory_mb=128, timeout=20)
        assert status == 400
        if answer["error"] == "runtime_error":
            assert answer["error_type"] == "MemoryError"
        else:
            assert answer["error"] == "resource_limit", answer
            assert answer["limit"]["name"] == "memory_mb" and answer["limit"]["value"] == 128
            assert answer["limit"]["unit"] in ("MiB", "MB")
            assert answer["return_code"] == 137
        assert answer["stdout"].endswith("starting")

    def test_memory_of_a_child_that_is_told_of_nothing(self, service):
        """Killed for memory in the main process: no MemoryError was seen."""
        script = """
            import mmap
            def main():
                print("starting", flush=True)
                area = mmap.mmap(-1, 400 << 20, flags=mmap.MAP_PRIVATE)
                for offset in range(0, 400 << 20, 4096):
                    area[offset] = 1
                return "survived"
            """
        answer = service.failure("resource_limit", script, memory_mb=128)
        assert answer["limit"]["name"] == "memory_mb" and answer["limit"]["value"] == 128
        assert answer["return_code"] == 137 and answer["stdout"].endswith("starting")

    def test_an_uncaught_oserror_that_the_script_saw(self, service):
        script = "def main():\n    with open('big', 'wb') as f:\n        while True:\n            f.write(bytes(1 << 20))"
        answer = service.failure("runtime_error", script)
        assert answer["error_type"] == "OSError"


class TestSuggestions:
    """About this failure: each row is a failure and words that a specific suggestion has to hold."""

    @pytest.mark.parametrize(
        "script, words",
        [
            ("def main():\n    total = 1\n    return totl", ["total"]),
            ("import numpyy\ndef main(): pass", ["numpy"]),
            ("import pandsa\ndef main(): pass", ["pandas"]),
            ("import socket\ndef main():\n    socket.create_connection(('1.1.1.1', 80))", ["network"]),
            ("import urllib.request\ndef main():\n    urllib.request.urlopen('http://service.example/')", ["network"]),
            ("def main():\n    open('/etc/passwd', 'a')", ["director"]),
            ("def main():\n    open('/usr/x', 'w')", ["director"]),
            ("def main():\n    return input()", ["stdin"]),
            ("def main(x):\n    return x", ["args"]),
            ("def main():\n    return {1: object()}", ["object"]),
            ("def main():\n    return 'x'.appendd('y')", ["str"]),
        ],
    )
    def test_specific(self, service, script, words):
        text = advice(service.failure("runtime_error", script))
        assert all(word in text for word in words), text

    def test_a_timeout_speaks_of_time(self, service):
        text = advice(service.failure("timeout", "def main():\n    while True: pass", timeout=0.2))
        assert "timeout" in text or "loop" in text

    def test_different_failures_have_different_advice(self, service):
        failing = ["1 / 0", "open('/etc/x', 'w')", "undefined_name", "import missing_module", "[][1]"]
        texts = {advice(service.failure("runtime_error", f"def main():\n    {line}")) for line in failing}
        assert len(texts) >= 4, texts


class TestTheServicesOwn:
    def test_not_found(self, service):
        for method, path in [("GET", "/nothing"), ("POST", "/executes"), ("GET", "/execute/x")]:
            response = service.request(method, path)
            assert response.status == 404, path
            check_refusal(response, "not_found")

    @pytest.mark.parametrize(
        "method, path, allowed",
        [
            ("GET", "/execute", "POST"), ("PUT", "/execute", "POST"), ("DELETE", "/execute", "POST"),
            ("PATCH", "/execute", "POST"), ("POST", "/health", "GET"), ("DELETE", "/health", "GET"),
        ],
    )
    def test_method_not_allowed(self, service, method, path, allowed):
        response = service.request(method, path)
        assert response.status == 405
        check_refusal(response, "method_not_allowed")
        assert allowed in [name.strip() for name in response.headers["Allow"].split(",")]

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json", None]
    )
    def test_other_content_types(self, service, content_type):
        headers = {} if content_type is None else {"Content-Type": content_type}
        response = service.request("POST", "/execute", b'{"script": "def main(): return 1"}', headers)
        assert response.status == 415
        check_refusal(response, "invalid_input")

    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'],
    )
    def test_spellings_of_the_content_type(self, service, content_type):
        response = service.post({"script": "def main():\n    return 'é'"}, {"Content-Type": content_type})
        assert response.status == 200 and response.json()["result"] == "é"
