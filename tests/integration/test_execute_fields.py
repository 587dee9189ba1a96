"""Each field of POST /execute: what it does, what it accepts, what it refuses."""

import base64

import pytest

SHOW = "def main(*args, **kwargs):\n    return [list(args), kwargs]"
MIB = 1 << 20


class TestArguments:
    def test_none_by_default(self, service):
        assert service.result(SHOW) == [[], {}]

    def test_args_and_kwargs(self, service):
        args, kwargs = [1, "two", None, [True, {"x": 1.5}]], {"a": {"b": []}, "c": "d"}
        assert service.result(SHOW, args=args, kwargs=kwargs) == [args, kwargs]

    def test_empty_ones(self, service):
        assert service.result(SHOW, args=[], kwargs={}) == [[], {}]

    def test_types_arrive_as_pythons(self, service):
        script = "def main(*args):\n    return [type(x).__name__ for x in args]"
        args = [1, 1.0, "s", None, True, [], {}]
        assert service.result(script, args=args) == ["int", "float", "str", "NoneType", "bool", "list", "dict"]

    def test_integers_of_any_size(self, service):
        number = 7 ** 400
        body = f'{{"script": "def main(x):\\n    return [x, x == 7 ** 400]", "args": [{number}]}}'.encode()
        assert f"[{number},true]" in service.post(body).body.decode().replace(" ", "")

    def test_a_float_out_of_range_is_refused(self, service):
        """Not passed on as an infinity that the client never wrote."""
        response = service.post(b'{"script": "def main(x):\\n    return x", "args": [1e999]}')
        assert response.status == 400 and "range" in response.json()["message"]

    def test_strange_names_are_passed_on(self, service):
        kwargs = {"not an identifier": 1, "ключ": 2, "": 3, "self": 4}
        assert service.result(SHOW, kwargs=kwargs) == [[], kwargs]

    def test_names_of_lone_surrogates_are_kept_apart(self, service):
        kwargs = {"\ud800": 1, "\ud801": 2, "\udfff": 3, "\ufffd": 4}
        assert service.result(SHOW, kwargs=kwargs) == [[], kwargs]

    def test_arguments_that_main_does_not_take(self, service):
        answer = service.failure("runtime_error", "def main():\n    return 1", args=[1])
        assert answer["error_type"] == "TypeError"

    @pytest.mark.parametrize("args", [{}, "x", 1, True])
    def test_args_must_be_an_array(self, service, args):
        assert "args" in service.refusal(script=SHOW, args=args)["message"]

    @pytest.mark.parametrize("kwargs", [[], "x", 1, True])
    def test_kwargs_must_be_an_object(self, service, kwargs):
        assert "kwargs" in service.refusal(script=SHOW, kwargs=kwargs)["message"]


class TestStdin:
    def test_empty_by_default(self, service):
        assert service.result("import sys\ndef main():\n    return sys.stdin.read()") == ""

    def test_input_without_any_is_eof(self, service):
        assert service.failure("runtime_error", "def main():\n    return input()")["error_type"] == "EOFError"

    def test_lines(self, service):
        script = "def main():\n    return [input(), input('? ')]"
        assert service.result(script, stdin="first\nsecond\n") == ["first", "second"]

    def test_any_text(self, service):
        text = "é ☃ 𝄞 \x00 \x7f tab\t end"
        assert service.result("import sys\ndef main():\n    return sys.stdin.read()", stdin=text) == text

    def test_a_large_one(self, service):
        script = "import sys\ndef main():\n    return [len(sys.stdin.read())]"
        assert service.result(script, stdin="x" * (4 * MIB)) == [4 * MIB]

    def test_at_the_descriptor_and_in_children(self, service):
        script = """
            import os, subprocess
            def main():
                first = os.read(0, 2).decode()
                return [first, subprocess.run(["cat"], capture_output=True, text=True).stdout]
            """
        assert service.result(script, stdin="abcdef") == ["ab", "cdef"]

    @pytest.mark.parametrize("stdin", [1, [], {}, True])
    def test_must_be_a_string(self, service, stdin):
        assert "stdin" in service.refusal(script=SHOW, stdin=stdin)["message"]


class TestEnvironment:
    def test_seen_by_the_script_and_its_children(self, service):
        script = """
            import os, subprocess
            def main():
                child = subprocess.run(["printenv", "GREETING"], capture_output=True, text=True).stdout
                return [os.environ["GREETING"], os.getenv("EMPTY"), child]
            """
        assert service.result(script, env={"GREETING": "grüß", "EMPTY": ""}) == ["grüß", "", "grüß\n"]

    def test_nothing_of_it_stays_for_the_next(self, service):
        assert service.result("import os\ndef main():\n    return os.getenv('ONCE')", env={"ONCE": "1"}) == "1"
        for _ in range(4):
            assert service.result("import os\ndef main():\n    return os.getenv('ONCE')") is None

    @pytest.mark.parametrize(
        "zone, offset", [("Asia/Tokyo", "+0900"), ("America/Phoenix", "-0700"), ("UTC", "+0000"), ("XYZ-3", "+0300")]
    )
    def test_time_zone(self, service, zone, offset):
        script = """
            import time, datetime
            def main():
                moment = datetime.datetime(2024, 1, 15, 12, 0, tzinfo=datetime.timezone.utc)
                return [time.strftime("%z"), moment.astimezone().strftime("%z"), time.localtime(0).tm_gmtoff]
            """
        seconds = int(offset[:3]) * 3600
        assert service.result(script, env={"TZ": zone}) == [offset, offset, seconds]

    @pytest.mark.parametrize(
        "name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHON"]
    )
    def test_loader_and_python_variables_are_refused(self, service, name):
        assert name in service.refusal(script=SHOW, env={name: "/tmp"})["message"]

    @pytest.mark.parametrize("name", ["", "A=B", "A\x00B"])
    def test_names_that_no_environment_can_hold(self, service, name):
        assert "env" in service.refusal(script=SHOW, env={name: "x"})["message"]

    def test_a_value_that_no_environment_can_hold(self, service):
        assert "NAME" in service.refusal(script=SHOW, env={"NAME": "a\x00b"})["message"]

    @pytest.mark.parametrize("env", [[], "x", 1, True, {"A": 1}, {"A": None}, {"A": ["x"]}])
    def test_must_be_an_object_of_strings(self, service, env):
        assert "env" in service.refusal(script=SHOW, env=env)["message"]


READ_ALL = """
    import os
    def main():
        found = {}
        for directory, _, names in os.walk("."):
            for name in names:
                path = os.path.relpath(os.path.join(directory, name))
                found[path] = open(path, "rb").read().hex()
        return found
    """


class TestFiles:
    def test_text_and_base64_and_nested(self, service):
        binary = bytes(range(256))
        files = [
            {"path": "data.csv", "content": "a,b\n1,2\n"},
            {"path": "deep/er/still/x.bin", "base64": base64.b64encode(binary).decode()},
            {"path": "deep/ünï.txt", "content": "snow ☃"},
            {"path": "empty", "content": ""},
            {"path": "empty64", "base64": ""},
        ]
        expected = {
            "data.csv": b"a,b\n1,2\n".hex(),
            "deep/er/still/x.bin": binary.hex(),
            "deep/ünï.txt": "snow ☃".encode().hex(),
            "empty": "",
            "empty64": "",
        }
        assert service.result(READ_ALL, files=files) == expected

    def test_none_by_default(self, service):
        assert service.result(READ_ALL) == {}
        assert service.result(READ_ALL, files=[]) == {}

    def test_a_posted_module_can_be_imported(self, service):
        files = [
            {"path": "helper.py", "content": "def double(x):\n    return 2 * x\n"},
            {"path": "package/__init__.py", "content": "from .part import name\n"},
            {"path": "package/part.py", "content": "name = 'part of a package'\n"},
        ]
        script = """
            import helper
            import package
            def main():
                return [helper.double(21), package.name]
            """
        assert service.result(script, files=files) == [42, "part of a package"]

    def test_the_working_directory_is_first_on_the_path(self, service):
        files = [{"path": "colorsys.py", "content": "mine = True\n"}]
        script = """
            import os, sys
            import colorsys
            def main():
                return [os.path.realpath(sys.path[0]) == os.path.realpath(os.getcwd()), colorsys.mine]
            """
        assert service.result(script, files=files) == [True, True]

    def test_posted_modules_work_in_children(self, service):
        files = [{"path": "helper.py", "content": "value = 7\n"}]
        script = """
            import subprocess, sys
            def main():
                command = [sys.executable, "-c", "import helper; print(helper.value)"]
                return subprocess.run(command, capture_output=True, text=True).stdout
            """
        assert service.result(script, files=files) == "7\n"

    def test_the_script_may_change_them(self, service):
        script = """
            import os
            def main():
                with open("a.txt", "a") as file:
                    file.write("more")
                os.rename("a.txt", "d/b.txt")
                return open("d/b.txt").read()
            """
        files = [{"path": "a.txt", "content": "some "}, {"path": "d/x", "content": ""}]
        assert service.result(script, files=files) == "some more"

    @pytest.mark.parametrize(
        "path",
        [
            "../x", "a/../x", "a/..", "..", "a/../../x", "/etc/x", "/", "//x", "", ".", "./", "a/", "a\x00b", "a//b",
            "x" * 256, "d/" * 3000 + "x",
        ],
        ids=lambda path: path[:20].replace("\x00", "NUL") or "empty",
    )
    def test_paths_that_are_refused(self, service, path):
        answer = service.refusal(script=SHOW, files=[{"path": path, "content": "x"}])
        assert "files[0]" in answer["message"] or "path" in answer["message"]

    @pytest.mark.parametrize(
        "first, second",
        [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/b", "a/b"), ("./a", "a")],
        ids=lambda path: path.replace("/", "|"),
    )
    def test_paths_that_collide_are_refused(self, service, first, second):
        files = [{"path": first, "content": "1"}, {"path": second, "content": "2"}]
        answer = service.refusal(script=SHOW, files=files)
        assert "files" in answer["message"] or "path" in answer["message"]

    @pytest.mark.parametrize(
        "entry",
        [
            {"path": "a"},
            {"content": "x"},
            {"path": "a", "content": "x", "base64": "eA=="},
            {"path": "a", "base64": "not base64!"},
            {"path": "a", "base64": "eA="},
            {"path": "a", "base64": 5},
            {"path": "a", "content": 5},
            {"path": "a", "content": None},
            {"path": 5, "content": "x"},
            {"path": "a", "contents": "x"},
            "a",
            [],
            None,
        ],
        ids=str,
    )
    def test_entries_that_are_refused(self, service, entry):
        files = [{"path": "fine", "content": "x"}, entry]
        assert "files[1]" in service.refusal(script=SHOW, files=files)["message"]

    @pytest.mark.parametrize("files", [{}, "x", 1, True, {"a.txt": "content"}])
    def test_must_be_an_array(self, service, files):
        assert "files" in service.refusal(script=SHOW, files=files)["message"]

    def test_at_most_a_hundred(self, service):
        files = [{"path": f"f{i}", "content": str(i)} for i in range(101)]
        script = "import os\ndef main():\n    return len(os.listdir('.'))"
        assert service.result(script, files=files[:100]) == 100
        assert "100" in service.refusal(script=script, files=files)["message"]

    def test_a_large_one(self, service):
        script = "import hashlib\ndef main():\n    return [len(open('big').read())]"
        assert service.result(script, files=[{"path": "big", "content": "y" * (10 * MIB)}]) == [10 * MIB]


class TestTimeout:
    @pytest.mark.parametrize("timeout", [1, 2.5, 60, 0.5])
    def test_numbers(self, service, timeout):
        assert service.result("def main():\n    return 1", timeout=timeout) == 1

    def test_over_the_cap_names_the_cap(self, service):
        for timeout in (60.001, 61, 1e9):
            message = service.refusal(script=SHOW, timeout=timeout)["message"]
            assert "timeout" in message and "60" in message

    @pytest.mark.parametrize("timeout", [0, -1, -0.5, "5", [], {}, True, False])
    def test_refused(self, service, timeout):
        assert "timeout" in service.refusal(script=SHOW, timeout=timeout)["message"]

    @pytest.mark.needs_own
    def test_the_operators_default_and_cap(self, own_service):
        own = own_service(max_timeout=3, default_timeout=1)
        answer = own.client.failure("timeout", "import time\ndef main():\n    time.sleep(5)")
        assert 1000 <= answer["usage"]["wall_ms"] < 1600
        assert "3" in own.client.refusal(script=SHOW, timeout=3.5)["message"]


class TestMemory:
    def test_over_the_most_names_it(self, service):
        message = service.refusal(script=SHOW, memory_mb=10**7)["message"]
        assert "memory_mb" in message and any(word.strip(".,").isdigit() for word in message.split())

    def test_under_the_least_names_it(self, service):
        message = service.refusal(script=SHOW, memory_mb=1)["message"]
        assert "memory_mb" in message and any(word.strip(".,").isdigit() for word in message.split())

    @pytest.mark.parametrize("memory", [0, -1, 128.5, "128", [], {}, True])
    def test_refused(self, service, memory):
        assert "memory_mb" in service.refusal(script=SHOW, memory_mb=memory)["message"]

    def test_is_obeyed(self, service):
        script = "def main():\n    x = bytearray(200 << 20)\n    return len(x)"
        assert service.result(script, memory_mb=400) == 200 << 20
        status, answer = service.execute(script, memory_mb=128)
        assert status == 400 and answer["error"] in ("resource_limit", "runtime_error"), answer
        if answer["error"] == "runtime_error":
            assert answer["error_type"] == "MemoryError"


class TestModeScript:
    @pytest.mark.parametrize(
        "script, result",
        [
            ("1 + 1", 2),
            ("x = 20\nx + 1", 21),
            ("x = 20", None),
            ("[1,\n 2]\n\n# the end\n", [1, 2]),
            ("None", None),
            ("if True:\n    5", None),
            ("def f():\n    return 3\nf()", 3),
            ("import math; math.gcd(12, 18)", 6),
            ("for i in range(3):\n    i", None),
            ("'text';", "text"),
            ("from __future__ import annotations\n(1, 2)", [1, 2]),
        ],
        ids=lambda value: str(value)[:20].replace("\n", "|"),
    )
    def test_the_value_of_the_last_expression(self, service, script, result):
        status, answer = service.execute(script, mode="script")
        assert status == 200 and answer["result"] == result, answer

    def test_no_banner_and_the_exact_stdout(self, service):
        _, answer = service.execute("print('a')\n7", mode="script")
        assert answer["stdout"] == "a\n" and answer["result"] == 7

    def test_runs_as_main_and_calls_no_main(self, service):
        script = """
            import sys
            called = []
            def main():
                called.append("main")
            if __name__ == "__main__":
                called.append("block")
            [__name__, sys.modules["__main__"].__dict__ is globals(), called]
            """
        assert service.result(script, mode="script") == ["__main__", True, ["block"]]

    def test_errors_are_those_of_mode_main(self, service):
        answer = service.failure("runtime_error", "x = 1\ny = x / 0", mode="script")
        assert (answer["error_type"], answer["line"], answer["return_code"]) == ("ZeroDivisionError", 2, 1)
        assert service.failure("syntax_error", "x = = 1", mode="script")["line"] == 1

    def test_mode_main_by_name(self, service):
        assert service.result("def main():\n    return __name__", mode="main") == "script"

    @pytest.mark.parametrize("mode", ["", "notebook", "MAIN", 1, True, [], {}])
    def test_refused(self, service, mode):
        message = service.refusal(script=SHOW, mode=mode)["message"]
        assert "mode" in message


class TestBanner:
    def test_on_and_off(self, service):
        script = "print('module')\ndef main():\n    print('main')\n    return 5"
        assert service.execute(script)[1]["stdout"] == "module\nExecuting main() function...\nmain\n5"
        assert service.execute(script, banner=True)[1]["stdout"] == "module\nExecuting main() function...\nmain\n5"
        assert service.execute(script, banner=False)[1]["stdout"] == "module\nmain\n"

    @pytest.mark.parametrize("banner", [0, 1, "true", [], {}])
    def test_refused(self, service, banner):
        assert "banner" in service.refusal(script=SHOW, banner=banner)["message"]


class TestScript:
    def test_required(self, service):
        assert "script" in service.refusal()["message"]
        assert "script" in service.refusal(args=[1])["message"]

    @pytest.mark.parametrize("script", ["", " ", "\n\n", " \t\r\n", None, 1, [], {}, True, ["def main(): pass"]])
    def test_refused(self, service, script):
        assert "script" in service.refusal(script=script)["message"]

    def test_the_largest_and_one_more(self, service):
        script = "def main():\n    return 'ok'\n#"
        filled = script + "x" * (MIB - len(script))
        assert service.result(filled) == "ok"
        message = service.refusal(script=filled + "x")["message"]
        assert "script" in message and ("1048576" in message.replace(",", "") or "MiB" in message)

    def test_the_largest_counts_bytes(self, service):
        filled = "def main():\n    return 1\n#" + "é" * (MIB // 2)
        assert "script" in service.refusal(script=filled)["message"]

    def test_any_line_ends_and_byte_order_mark(self, service):
        assert service.result("def main():\r\n    return 1\r\n") == 1
        assert service.result("\ufeffdef main():\n    return 2\n") == 2
        assert service.result("def main():\n    return 3") == 3


class TestUnknownFields:
    @pytest.mark.parametrize(
        "field, nearest",
        [
            ("timeoutt", "timeout"), ("time_out", "timeout"), ("Timeout", "timeout"), ("memory", "memory_mb"),
            ("memory_md", "memory_mb"), ("arg", "args"), ("kwarg", "kwargs"), ("std_in", "stdin"), ("file", "files"),
            ("environ", "env"), ("banners", "banner"), ("scripts", "script"),
        ],
    )
    def test_named_with_the_nearest_known_one(self, service, field, nearest):
        answer = service.refusal(**{"script": SHOW, field: 1})
        text = " ".join([answer["message"], *answer["suggestions"]])
        assert field in answer["message"]
        assert f"'{nearest}'" in text


@pytest.mark.parametrize(
    "field", ["args", "kwargs", "stdin", "files", "env", "timeout", "memory_mb", "mode", "banner", "stream"]
)
def test_null_is_as_good_as_absent(service, field):
    """Clients made by generators send every optional field; a script is not optional."""
    _, answer = service.execute(SHOW, **{field: None})
    assert answer["result"] == [[], {}] and answer["stdout"].startswith("Executing main() function...")


def test_status_and_id_of_every_kind_of_answer(service):
    seen = set()
    for fields, status in [
        ({"script": "def main():\n    return 1"}, 200),
        ({"script": "x = 1"}, 400),
        ({"script": "def main(:"}, 400),
        ({"script": "def main():\n    1 / 0"}, 400),
        ({"script": "def main():\n    while 1: pass", "timeout": 0.2}, 400),
        ({}, 400),
    ]:
        response = service.post(fields)
        assert response.status == status
        assert response.headers["X-Request-Id"] not in seen
        seen.add(response.headers["X-Request-Id"])
