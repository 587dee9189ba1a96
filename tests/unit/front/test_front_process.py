"""pyexec-front alone, against a keeper and sandboxes played by played_keeper.py.

PYEXEC_FRONT names the program; without it the usual build directory is looked at."""
import base64
import http.client
import json
import os
import socket
import struct
import time

import pytest


from played_keeper import FakeKeeper, play

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
FRONT = os.environ.get("PYEXEC_FRONT", os.path.join(ROOT, "build", "src", "front", "pyexec-front"))
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def shared():
    keeper = FakeKeeper(FRONT, "--header-timeout=2", "--body-timeout=2", "--max-body-bytes=3000000")
    yield keeper
    keeper.drain()
    keeper.close(expect=0)


@pytest.fixture
def start():
    keepers = []

    def starter(*arguments, **options):
        keeper = FakeKeeper(FRONT, *arguments, **options)
        keepers.append(keeper)
        return keeper

    yield starter
    for keeper in keepers:
        if keeper.process.poll() is None:
            keeper.close()


def request(keeper, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", keeper.port, timeout=10)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


def post(keeper, body, headers=None):
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    response, data = request(keeper, "POST", "/execute", body, headers or JSON)
    return response.status, json.loads(data)


def run(keeper, request_fields=None, **what):
    return post(keeper, {"script": play(**what), **(request_fields or {})})


def raw(keeper, data, timeout=5, shut=False):
    """Sends bytes, returns all that comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=timeout) as client:
        client.sendall(data)
        if shut:
            client.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                part = client.recv(65536)
            except ConnectionResetError:
                return answer + b"<reset>"
            if not part:
                return answer
            answer += part


def head(body, *lines, path="/execute", method="POST", host="Host: x"):
    lines = [f"{method} {path} HTTP/1.1", host, "Content-Type: application/json", *lines]
    return ("\r\n".join(line for line in lines if line) + "\r\n\r\n").encode() + body


HELLO = json.dumps({"script": "def main(): pass"}).encode()


# ---- answers of runs ----

def test_hello_as_in_the_seed(shared):
    status, answer = post(shared, {"script": "def main():\n    return 'Hello, World!'"})
    assert status == 200
    assert list(answer) == ["success", "result", "stdout", "id", "usage"]
    assert answer["result"] == "Hello, World!"
    assert answer["stdout"] == "Executing main() function...\nHello, World!"
    assert set(answer["usage"]) == {"wall_ms", "cpu_ms", "queue_ms", "memory_peak_bytes"}
    assert answer["usage"]["wall_ms"] == 1.234


def test_missing_main_as_in_the_seed(shared):
    status, answer = run(shared, banner=False, header={"phase": 1, "value_len": 0, "banner_written": 0},
                         record={"kind": "missing_main", "available_functions": ["other_function"]},
                         verdict={"exit_code": 1})
    assert status == 400
    assert list(answer)[:7] == ["success", "error", "message", "stdout", "suggestions", "available_functions",
                                "return_code"]
    answer.pop("id"), answer.pop("usage")
    assert answer == {
        "success": False, "error": "missing_main",
        "message": "Script must contain a main() function as the entry point.", "stdout": "",
        "suggestions": ["Add a main() function to your script",
                        "Example: def main():\n    # Your code here\n    return 'success'"],
        "available_functions": ["other_function"], "return_code": 1}


def test_result_text_is_verbatim(shared):
    value = '{"big": 123456789012345678901234567890, "small": 1e-400, "text": "\\ud800", "x": [1.0, 1e2]}'
    response, data = request(shared, "POST", "/execute", json.dumps({"script": play(value=value)}), JSON)
    assert response.status == 200
    assert data.startswith(b'{"success":true,"result":' + value.encode() + b',"stdout":')
    json.loads(data)


@pytest.mark.parametrize("value", ["", "NaN", "1e999", "[1,]", "{}{}", '"\x01"', "[" * 10001 + "]" * 10001, "tru"])
def test_result_that_is_not_json(shared, value):
    status, answer = run(shared, value=value)
    assert status == 400
    assert answer["error"] == "runtime_error" and answer["error_type"] == "InvalidResult"
    assert answer["return_code"] == 1


def test_deep_result(shared):
    value = "[" * 9000 + "]" * 9000
    response, data = request(shared, "POST", "/execute", json.dumps({"script": play(value=value)}), JSON)
    assert response.status == 200 and value.encode() in data


@pytest.mark.parametrize("header", [
    {"magic": 1}, {"magic": 0}, {"complete": 2}, {"complete": -1}, {"phase": 9}, {"banner_written": 5},
    {"record_len": -1}, {"value_len": -1}, {"record_len": (1 << 20) + 1}, {"value_len": (8 << 20) + 1},
    {"record_len": 0}, {"record_len": 3}, {"value_len": 3}])
def test_damaged_header(shared, header):
    status, answer = run(shared, header=header)
    assert status == 400 and answer["error_type"] == "InvalidResult", answer


@pytest.mark.parametrize("record", [
    "", "[]", "{}", '{"kind":"other"}', '{"kind":1}', '{"kind":"result","kind":"exit"}', '{"kind":"result","message":1}',
    '{"kind":"exit","exit_code":1.5}', '{"kind":"exit","exit_code":256}', '{"kind":"exception","line":-1}',
    '{"kind":"exception","suggestions":"x"}', '{"kind":"exception","suggestions":[1]}',
    '{"kind":"exception","message":"a","message":"b"}', '{"kind":"result"} x', '{"kind":"result","x":[[[[[[]]]]]]}',
    "\xff\xfe", '{"kind":"result"'])
def test_damaged_record(shared, record):
    status, answer = run(shared, record=record)
    assert status == 400 and answer["error_type"] == "InvalidResult", answer


def test_exception(shared):
    status, answer = run(shared, verdict={"exit_code": 1}, record={
        "kind": "exception", "message": "division by zero", "error_type": "ZeroDivisionError", "line": 2,
        "traceback": "Traceback ...", "suggestions": ["Check the divisor"]}, stderr="Traceback\n")
    assert status == 400
    assert answer["error"] == "runtime_error" and answer["error_type"] == "ZeroDivisionError"
    assert answer["line"] == 2 and answer["traceback"] == "Traceback ..." and answer["return_code"] == 1
    assert answer["suggestions"] == ["Check the divisor"]
    assert answer["stderr"] == "Traceback\n"
    assert answer["stdout"] == "Executing main() function..."


def test_texts_of_a_record_with_odd_characters(shared):
    status, answer = run(shared, verdict={"exit_code": 1}, record='{"kind":"exception","message":"a\\u0000b\\ud800c",'
                                                                  '"suggestions":["x\\u0000y",""],"text":null}')
    assert status == 400 and answer["message"] == "a\x00b\ufffdc" and answer["suggestions"] == ["x\ufffdy", ""]


def test_syntax_error(shared):
    status, answer = run(shared, verdict={"exit_code": 1}, header={"phase": 0, "banner_written": 0}, banner=False,
                         record={"kind": "syntax_error", "message": "bad\n  x\n  ^", "line": 1, "column": 3,
                                 "text": "x"})
    assert status == 400 and answer["error"] == "syntax_error"
    assert (answer["line"], answer["column"], answer["text"], answer["stdout"]) == (1, 3, "x", "")
    assert answer["suggestions"]


@pytest.mark.parametrize("code,record,expected", [
    (0, {"kind": "exit", "exit_code": 0}, (200, None)),
    (0, None, (200, None)),
    (3, {"kind": "exit", "exit_code": 3}, (400, "SystemExit")),
    (3, None, (400, None)),
    (7, {"kind": "result"}, (400, None)),
])
def test_exits(shared, code, record, expected):
    header = {"value_len": 0} if record and record["kind"] == "exit" else {}
    if record is None:
        header = {"complete": 0}
    status, answer = run(shared, record=record or {}, header=header, verdict={"exit_code": code})
    assert status == expected[0]
    if status == 200:
        assert answer["result"] is None
    else:
        assert answer["error"] == "runtime_error" and answer.get("error_type") == expected[1]
        assert answer["return_code"] == code and str(code) in answer["message"] and answer["suggestions"]


def test_exit_with_text(shared):
    _, answer = run(shared, record={"kind": "exit", "exit_code": 1, "message": "no input"}, verdict={"exit_code": 1})
    assert answer["message"] == "The script exited with status 1: no input"


@pytest.mark.parametrize("number,name", [(11, "SIGSEGV"), (6, "SIGABRT"), (9, "SIGKILL"), (15, "SIGTERM"),
                                         (34, "SIGRTMIN+0"), (40, "SIGRTMIN+6"), (24, "SIGXCPU")])
def test_signals(shared, number, name):
    status, answer = run(shared, header={"complete": 0, "phase": 2}, verdict={"cause": 2, "signal": number})
    assert status == 400 and answer["error"] == "runtime_error"
    assert answer["signal"] == name and answer["return_code"] == 128 + number and name in answer["message"]
    assert answer["stdout"] == "Executing main() function..."


@pytest.mark.parametrize("cause,value,error,limit", [
    (3, 2000, "timeout", {"name": "timeout", "value": 2, "unit": "seconds"}),
    (3, 500, "timeout", {"name": "timeout", "value": 0.5, "unit": "seconds"}),
    (4, 64 << 20, "resource_limit", {"name": "memory_mb", "value": 64, "unit": "MiB"}),
    (5, 60000, "resource_limit", {"name": "max_cpu_time", "value": 60, "unit": "seconds"}),
    (6, 0, "resource_limit", {"name": "max_processes", "value": 128, "unit": "processes"}),
    (7, 0, "resource_limit", {"name": "max_disk_mb", "value": 128, "unit": "MiB"}),
])
def test_limits(shared, cause, value, error, limit):
    status, answer = run(shared, header={"complete": 0, "phase": 2}, stdout="partial\n",
                         verdict={"cause": cause, "limit_value": value})
    assert status == 400 and answer["error"] == error and answer["limit"] == limit
    assert answer["return_code"] == 137 and answer["suggestions"]
    assert answer["stdout"] == "Executing main() function...\npartial"


def test_internal_verdict(shared):
    status, answer = run(shared, verdict={"cause": 9})
    assert status == 500 and answer["error"] == "internal_error"


def test_banner_lost_with_closed_stdout(shared):
    _, answer = run(shared, banner=False, header={"banner_written": 0}, stdout="module\n")
    assert answer["stdout"] == "module\nExecuting main() function...\nHello, World!"


def test_no_banner_is_exact(shared):
    _, answer = run(shared, {"banner": False}, stdout="a\n\n")
    assert answer["stdout"] == "a\n\n"
    _, answer = run(shared, {"mode": "script"}, stdout="a\n\n")
    assert answer["stdout"] == "a\n\n"


def test_result_text_is_cut(shared):
    _, answer = run(shared, record={"kind": "result", "result_text": "\u00e4" * 5000})
    assert answer["stdout"] == "Executing main() function...\n" + "\u00e4" * 1001


def test_bytes_that_are_not_text(shared):
    text = bytes(range(128, 256)) + b"\xe2\x82(\xf0\x9f\x98\xed\xa0\x80 end"
    _, answer = run(shared, {"banner": False}, stdout_hex=text.hex())
    assert answer["stdout"] == text.decode("utf-8", "replace")


def test_large_output_keeps_head_and_tail(shared):
    status, answer = run(shared, {"banner": False}, stdout_parts=[["HEAD", 1], ["\u20ac", 1000000], ["TAIL", 1]], stderr_mb=3)
    assert status == 200 and answer["truncated"] == ["stdout", "stderr"]
    out = answer["stdout"]
    assert out.startswith("HEAD") and out.endswith("TAIL") and "\ufffd" not in out
    left_out = int(out.split("[... ")[1].split(" bytes")[0])
    assert len(out.encode()) - len(f"\n[... {left_out} bytes left out ...]\n") + left_out == 8 + 3000000
    assert len(out.encode()) <= (1 << 20) + 64


def test_much_output_flows(shared):
    begin = time.monotonic()
    status, answer = run(shared, {"banner": False}, stdout_mb=200)
    assert status == 200 and answer["truncated"] == ["stdout"]
    assert time.monotonic() - begin < 8


# ---- what reaches the sandbox ----

def test_all_fields_arrive(shared):
    body = {"script": "x = '\u00e9\U0001f600'", "args": [1, "two", None], "kwargs": {"k": [1.5]}, "stdin": "in\x00put",
            "files": [{"path": "a/b.txt", "content": "c\n"}, {"path": "d.bin", "base64": "AP8="}],
            "env": {"TZ": "UTC", "EMPTY": ""}, "timeout": 2.5, "memory_mb": 100, "mode": "script", "banner": True}
    before = len(shared.starts)
    status, _ = post(shared, body)
    assert status == 200
    got = shared.requests[-1]
    assert (got.mode, got.banner) == (1, 0)
    assert got.script.decode() == body["script"]
    assert json.loads(got.args) == body["args"] and json.loads(got.kwargs) == body["kwargs"]
    assert got.stdin == b"in\x00put" and got.env == {b"TZ": b"UTC", b"EMPTY": b""}
    assert got.files == {b"a/b.txt": b"c\n", b"d.bin": b"\x00\xff"}
    assert got.max_result == 8 << 20
    assert len(shared.starts) == before + 1
    assert shared.starts[shared.started[-1]] == (2500, 100 << 20)


def test_numbers_keep_their_digits(shared):
    text = '{"script": "x", "args": [123456789012345678901234567890, 1E400000000000000000000000e1]}'
    status, answer = post(shared, text)
    assert status == 400
    text = '{"script": "x", "args": [ 123456789012345678901234567890, -0.0, 1e-999 ] }'
    assert post(shared, text)[0] == 200
    assert shared.requests[-1].args == b"[ 123456789012345678901234567890, -0.0, 1e-999 ]"


def test_null_counts_as_absent(shared):
    names = ["args", "kwargs", "stdin", "files", "env", "timeout", "memory_mb", "mode", "banner", "stream"]
    assert post(shared, {"script": "x", **dict.fromkeys(names)})[0] == 200
    assert shared.requests[-1].banner == 1


def test_defaults(shared):
    assert post(shared, {"script": "x"})[0] == 200
    assert shared.starts[shared.started[-1]] == (10000, 512 << 20)
    assert post(shared, {"script": "x", "timeout": 1e-9})[0] == 200
    assert shared.starts[shared.started[-1]] == (1, 512 << 20)


def test_data_scripts_get_the_data_guest(shared):
    for script, kind in (("import numpy as np", 1), ("import json", 0), ("numpyish = 1", 0), ("from PIL import Image", 1)):
        post(shared, {"script": script})
        wait_for(lambda: health(shared)["pool"]["ready"] == 3)
        assert shared.kinds[shared.started[-1]] == kind, script


# ---- bad bodies ----

BAD = [
    (b"", "empty"), (b"  \n", "empty"), (b"not json", "line 1, column 1"), (b"[1]", "not an array"), (b"1", "not a number"),
    (b'"x"', "not a string"), (b"null", "not null"), (b"{", "ends"), (b'{"script": "x"', "ends"), (b'{"script": "x"}}', "follows"),
    (b'{"script": "x",}', "double quotes"), (b"{'script': 'x'}", "double quotes"), (b'{"script": "\xff"}', "UTF-8"),
    (b'{"script": "\xed\xa0\x80"}', "UTF-8"), (b'{"script": "\\ud800"}', "script contains the lone surrogate \\ud800"),
    (b'{"script": "x", "stdin": "\\udc00"}', "stdin"), (b'{"script": "x\\u0000y"}', "null bytes"),
    (b'{"script": "a\nb"}', "control character"), (b'{"script": "x", "script": "y"}', "'script'"),
    (b'{"script": "x", "scr\\u0069pt": "y"}', "'script'"), (b"[" * 100000, "nested"), (b'{"a":' * 100000, "nested"),
    (b'{"script": "x", "args": ' + b"[" * 100000 + b"]" * 100000 + b"}", "nested"),
    (b"{}", "Missing required field 'script'"), (b'{"script": null}', "null"), (b'{"script": ""}', "blank"),
    (b'{"script": " \\n\\t"}', "blank"), (b'{"script": 1}', "script must be a string, not a number"),
    (b'{"script": ["x"]}', "not an array"), (b'{"script": {"a": 1}}', "not an object"), (b'{"script": true}', "not a boolean"),
    (b'{"script": "x", "args": {}}', "args must be an array"), (b'{"script": "x", "args": "y"}', "args must be an array"),
    (b'{"script": "x", "kwargs": []}', "kwargs must be an object"), (b'{"script": "x", "kwargs": 1}', "kwargs"),
    (b'{"script": "x", "kwargs": {"a": 1, "\\u0061": 2}}', "'a' more than once"), (b'{"script": "x", "stdin": 1}', "stdin must be"),
    (b'{"script": "x", "files": {}}', "files must be"), (b'{"script": "x", "env": []}', "env must be"),
    (b'{"script": "x", "timeout": "5"}', "timeout must be a number, not a string"), (b'{"script": "x", "timeout": true}', "boolean"),
    (b'{"script": "x", "timeout": 0}', "more than 0"), (b'{"script": "x", "timeout": -1}', "more than 0"),
    (b'{"script": "x", "timeout": -0.0}', "more than 0"), (b'{"script": "x", "timeout": 60.001}', "max_timeout is 60"),
    (b'{"script": "x", "timeout": 1e308}', "max_timeout"), (b'{"script": "x", "timeout": 1e999}', "out of range"),
    (b'{"script": "x", "timeout": -1e999}', "out of range"), (b'{"script": "x", "timeout": NaN}', "NaN"),
    (b'{"script": "x", "timeout": -Infinity}', "Infinity"), (b'{"script": "x", "timeout": "NaN"}', "string"),
    (b'{"script": "x", "timeout": 9223372036854775808}', "max_timeout"), (b'{"script": "x", "timeout": 01}', "begin with 0"),
    (b'{"script": "x", "timeout": .5}', "start of a JSON value"), (b'{"script": "x", "timeout": 1.}', "digit"),
    (b'{"script": "x", "timeout": +1}', "start of a JSON value"), (b'{"script": "x", "timeout": 0x10}', "comma"),
    (b'{"script": "x", "timeout": ' + b"9" * 5000 + b"}", "max_timeout"),
    (b'{"script": "x", "memory_mb": 63}', "min_memory_mb is 64"), (b'{"script": "x", "memory_mb": 2049}', "max_memory_mb is 2048"),
    (b'{"script": "x", "memory_mb": 100.5}', "integer"), (b'{"script": "x", "memory_mb": 1e2}', "integer"),
    (b'{"script": "x", "memory_mb": -5}', "min_memory_mb"), (b'{"script": "x", "memory_mb": 9223372036854775808}', "max_memory_mb"),
    (b'{"script": "x", "memory_mb": -9223372036854775809}', "min_memory_mb"), (b'{"script": "x", "memory_mb": "5"}', "an integer, not a string"),
    (b'{"script": "x", "memory_mb": true}', "boolean"), (b'{"script": "x", "mode": "Main"}', "mode must be"),
    (b'{"script": "x", "mode": 1}', "mode must be a string"), (b'{"script": "x", "banner": 1}', "banner must be a boolean"),
    (b'{"script": "x", "banner": "yes"}', "banner"), (b'{"script": "x", "stream": true}', "streaming is not available"),
    (b'{"script": "x", "stream": "no"}', "stream must be a boolean"), (b'{"script": "x", "timout": 1}', "Unknown field 'timout'"),
    (b'{"script": "x", "": 1}', "Unknown field ''"), (b'{"script": "x", "\\ud800": 1}', "Unknown field"),
    (b'{"script": "x", "' + b"y" * 10000 + b'": 1}', "Unknown field"),
    (b'{"script": "x", "args": [1e999]}', "out of range"), (b'{"script": "x", "args": [NaN]}', "NaN"),
    (b'{"script": "x", "env": {"LD_PRELOAD": "x"}}', "LD_PRELOAD"), (b'{"script": "x", "env": {"PYTHONPATH": "x"}}', "PYTHON"),
    (b'{"script": "x", "env": {"a b": "x"}}', "'a b'"), (b'{"script": "x", "env": {"": "x"}}', "env"), (b'{"script": "x", "env": {"1A": "x"}}', "1A"),
    (b'{"script": "x", "env": {"A=B": "x"}}', "A=B"), (b'{"script": "x", "env": {"A": 1}}', "env['A'] must be a string"),
    (b'{"script": "x", "env": {"A": null}}', "not null"), (b'{"script": "x", "env": {"A": "x\\u0000"}}', "null byte"),
    (b'{"script": "x", "env": {"A": "x", "A": "y"}}', "more than once"), (b'{"script": "x", "env": {"A": "\\ud800"}}', "surrogate"),
    (b'{"script": "x", "env": {"A": "' + b"x" * 70000 + b'"}}', "too large"),
]


@pytest.mark.parametrize("body,words", BAD, ids=range(len(BAD)))
def test_bad_body(shared, body, words):
    status, answer = post(shared, body)
    assert status == 400, answer
    assert answer["error"] == "invalid_input" and words in answer["message"], answer["message"]
    assert list(answer)[:6] == ["success", "error", "message", "stdout", "suggestions", "return_code"]
    assert answer["suggestions"] and answer["stdout"] == "" and answer["return_code"] == 1 and answer["id"]


def test_unknown_field_names_the_nearest(shared):
    for written, nearest in (("timout", "timeout"), ("Script", "script"), ("memory", "memory_mb"), ("scirpt", "script"),
                             ("kwarg", "kwargs"), ("file", "files"), ("memoryMb", "memory_mb")):
        _, answer = post(shared, {"script": "x", written: 1})
        assert answer["suggestions"][0] == f"Did you mean '{nearest}'?", (written, answer)


def path_body(*paths):
    return {"script": "x", "files": [{"path": p, "content": ""} for p in paths]}


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a/..", "..", ".", "./a", "a/.", "a//b", "a/", "/",
                                  "x\x00y", "a" * 256, "/".join("a" * 33), "b/" * 600 + "c", "\ud800"])
def test_bad_path(shared, path):
    status, answer = post(shared, path_body(path))
    assert status == 400 and "files[0].path" in answer["message"], answer


@pytest.mark.parametrize("paths", [("a", "a"), ("a", "a/b"), ("a/b/c", "x", "a.b", "a/b"), ("d/e", "d/e/f/g")])
def test_colliding_paths(shared, paths):
    status, answer = post(shared, path_body(*paths))
    assert status == 400 and "files[" in answer["message"], answer


def test_good_paths(shared):
    paths = ["a", "a.b", "a-b", "b/a", "b/b/c", "...", "..a", "a..", "\u00e9/\U0001f600", "x" * 255, "a\\b", "a b", "A"]
    assert post(shared, path_body(*paths))[0] == 200
    assert set(shared.requests[-1].files) == {p.encode() for p in paths}


@pytest.mark.parametrize("entry,words", [
    (1, "must be an object"), ({}, "no 'path'"), ({"path": "a"}, "exactly one"), ({"content": ""}, "no 'path'"),
    ({"path": "a", "content": "", "base64": ""}, "not both"), ({"path": 1, "content": ""}, "must be a string"),
    ({"path": "a", "content": 1}, "must be a string"), ({"path": "a", "contents": ""}, "unknown member 'contents'"),
    ({"path": "a", "base64": "A"}, "base64"), ({"path": "a", "base64": "AA=A"}, "base64"), ({"path": "a", "base64": "AAA"}, "base64"),
    ({"path": "a", "base64": "AA\n=="}, "base64"), ({"path": "a", "base64": "AB=="}, "base64"), ({"path": "a", "base64": "===="}, "base64"),
    ({"path": "a", "base64": "AA-_"}, "base64"), ({"path": "a", "content": None}, "not null")])
def test_bad_file(shared, entry, words):
    status, answer = post(shared, {"script": "x", "files": [entry]})
    assert status == 400 and "files[0]" in answer["message"] and words in answer["message"], answer


def test_base64(shared):
    for size in range(0, 70):
        data = os.urandom(size)
        text = base64.b64encode(data).decode().replace("/", "\\/")
        body = '{"script": "x", "files": [{"path": "f", "base64": "%s"}]}' % text
        assert post(shared, body)[0] == 200
        assert shared.requests[-1].files[b"f"] == data


def test_too_many_files(shared):
    assert post(shared, path_body(*[f"f{i}" for i in range(100)]))[0] == 200
    status, answer = post(shared, path_body(*[f"f{i}" for i in range(101)]))
    assert status == 400 and "max_files" in answer["message"]


def test_too_large(shared):
    status, answer = post(shared, {"script": "#" * ((1 << 20) + 1)})
    assert status == 413 and "max_script_bytes" in answer["message"]
    assert post(shared, {"script": "#" * (1 << 20)})[0] == 200
    for size in (3000001, 20000000):
        status, answer = post(shared, b'{"script": "' + b"x" * size)
        assert status == 413 and "max_body_bytes" in answer["message"]


def test_too_large_in_chunks(shared):
    def chunks():
        for _ in range(100):
            yield b"x" * 65536
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=10)
    connection.request("POST", "/execute", chunks(), JSON, encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 413 and "max_body_bytes" in json.loads(response.read())["message"]


# ---- HTTP ----

def test_keep_alive_and_pipelining(shared):
    one = head(HELLO, f"Content-Length: {len(HELLO)}")
    answer = raw(shared, one * 5 + head(b"", "Connection: close", path="/health", method="GET"))
    assert answer.count(b"HTTP/1.1 200") == 6 and answer.count(b'"Hello, World!"') == 5


def test_chunked_with_extensions_and_trailers(shared):
    body = b"%x;ext=1\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(HELLO), HELLO)
    answer = raw(shared, head(body, "Transfer-Encoding: chunked", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 200")


def test_expect_continue(shared):
    with socket.create_connection(("127.0.0.1", shared.port), timeout=5) as client:
        client.sendall(head(b"", f"Content-Length: {len(HELLO)}", "Expect: 100-continue"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(HELLO)
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    for lines in (["Content-Length: 99999999"], ["Content-Length: 5", "Content-Encoding: gzip"],
                  ["Content-Length: 5", "Transfer-Encoding: chunked"]):
        answer = raw(shared, head(b"", *lines, "Expect: 100-continue"))
        assert answer.startswith(b"HTTP/1.1 4") and b"100 Continue" not in answer


def test_head_and_options(shared):
    response, data = request(shared, "HEAD", "/health")
    assert response.status == 200 and data == b"" and int(response.headers["Content-Length"]) > 50
    for path, allow in (("/execute", "POST, OPTIONS"), ("/health", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, POST, OPTIONS")):
        response, data = request(shared, "OPTIONS", path)
        assert (response.status, response.headers["Allow"], data) == (204, allow, b"")
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("method,path,status,error", [
    ("GET", "/execute", 405, "method_not_allowed"), ("PUT", "/execute", 405, "method_not_allowed"),
    ("POST", "/health", 405, "method_not_allowed"), ("BREW", "/health", 405, "method_not_allowed"),
    ("GET", "/", 404, "not_found"), ("GET", "/executed", 404, "not_found"), ("POST", "/%65xecute", 404, "not_found"),
    ("GET", "/a\u00e9".encode().decode("latin-1"), 404, "not_found"), ("OPTIONS", "/nothing", 404, "not_found")])
def test_no_such_thing(shared, method, path, status, error):
    answer = raw(shared, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert answer.startswith(b"HTTP/1.1 %d" % status), answer
    body = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert body["error"] == error and body["suggestions"] and body["success"] is False
    assert (b"Allow: " in answer) == (status == 405)


def test_head_of_refusals_has_no_body(shared):
    response, data = request(shared, "HEAD", "/execute")
    assert response.status == 405 and data == b""


@pytest.mark.parametrize("kind,status", [
    (None, 415), ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/jsonp", 415),
    ("application/json; charset=latin-1", 415), ("application/json;charset=UTF-8", 200), ("APPLICATION/JSON", 200),
    ('application/json; charset="utf-8"', 200), ("application/json; profile=x", 200), ("", 415), ("application/json, text/plain", 415)])
def test_content_type(shared, kind, status):
    headers = {} if kind is None else {"Content-Type": kind}
    response, data = request(shared, "POST", "/execute", HELLO, headers)
    assert response.status == status
    if status == 415:
        assert json.loads(data)["error"] == "invalid_input"


AMBIGUOUS = {
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "same length twice": [f"Content-Length: {len(HELLO)}"] * 2,
    "length and chunked": [f"Content-Length: {len(HELLO)}", "Transfer-Encoding: chunked"],
    "chunked and length": ["Transfer-Encoding: chunked", f"Content-Length: {len(HELLO)}"],
    "chunked twice": ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "gzip, chunked": ["Transfer-Encoding: gzip, chunked"],
    "identity": ["Transfer-Encoding: identity"],
    "xchunked": ["Transfer-Encoding: xchunked"],
    "chunked with space": ["Transfer-Encoding: chunked "],
    "space before colon": ["Content-Length : 5"],
    "folded": ["X: a", " Content-Length: 5", "Transfer-Encoding: gzip"],
    "two hosts": ["Host: y", f"Content-Length: {len(HELLO)}"],
    "tab in name": ["Transfer\t-Encoding: chunked"],
    "bare return": ["X: a\rContent-Length: 5"],
    "odd name": ["X(: a"],
}


@pytest.mark.parametrize("lines", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_framing(shared, lines):
    before = len(shared.starts)
    answer = raw(shared, head(HELLO, *lines) + head(HELLO, f"Content-Length: {len(HELLO)}"))
    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert answer.count(b"HTTP/1.1 ") - answer.count(b"HTTP/1.1 asks") == 1 and b"Connection: close" in answer and b"<reset>" not in answer
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"] == "invalid_input"
    assert len(shared.starts) == before


def test_host(shared):
    answer = raw(shared, head(HELLO, f"Content-Length: {len(HELLO)}", host=""))
    assert answer.startswith(b"HTTP/1.1 400") and b"no Host" in answer
    assert raw(shared, b"GET /health HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert raw(shared, head(b"", host="Host: a b", method="GET", path="/health")).startswith(b"HTTP/1.1 400")
    assert raw(shared, head(b"", "Connection: close", method="GET", path="http://x/health")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("data", [
    b"GET\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"GET /health\r\n\r\n", b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /health HTTP/1.1\r\nnocolon\r\n\r\n", b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n",
    b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 40000 + b"\r\n",
    b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /execute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"ffffffffffffffffffff\r\n"], ids=range(15))
def test_bytes_that_are_no_request(shared, data):
    answer = raw(shared, data, shut=True)
    assert b" 200 " not in answer[:20]
    assert request(shared, "GET", "/health")[0].status == 200


def test_header_over_the_cap(shared):
    answer = raw(shared, head(b"", "X: " + "a" * 33000, method="GET", path="/health"))
    assert answer.startswith(b"HTTP/1.1 431")
    assert raw(shared, head(b"", "X: " + "a" * 30000, "Connection: close", method="GET", path="/health")).startswith(
        b"HTTP/1.1 200")


def test_request_id(shared):
    for given, kept in (("abc-1.2_X", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False), ("a\u00e9", False)):
        response, data = request(shared, "POST", "/execute", HELLO, {**JSON, "X-Request-Id": given.encode("utf-8")})
        got = json.loads(data)["id"]
        assert response.headers["X-Request-Id"] == got
        assert (got == given) == kept
        assert kept or len(got) == 32


def test_standard_headers(shared):
    for path, method in (("/health", "GET"), ("/nothing", "GET"), ("/execute", "POST")):
        response, _ = request(shared, method, path)
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Request-Id"]


@pytest.mark.parametrize("origin,host,status", [
    ("http://evil.example", "127.0.0.1:PORT", 403), ("null", "127.0.0.1:PORT", 403), ("http://127.0.0.1:PORT", "127.0.0.1:PORT", 200),
    ("http://localhost:PORT", "localhost:PORT", 200), ("http://localhost:PORT", "127.0.0.1:PORT", 403),
    ("http://evil.example:PORT", "evil.example:PORT", 403), ("http://[::1]:PORT", "[::1]:PORT", 200), ("", "127.0.0.1:PORT", 403),
    ("http://127.0.0.1:80", "127.0.0.1", 200), ("https://127.0.0.1", "127.0.0.1:443", 200), ("ftp://127.0.0.1", "127.0.0.1", 403),
    ("http://127.0.0.1:PORT/", "127.0.0.1:PORT", 403)])
def test_origin(shared, origin, host, status):
    origin, host = (text.replace("PORT", str(shared.port)) for text in (origin, host))
    answer = raw(shared, head(HELLO, f"Origin: {origin}", f"Content-Length: {len(HELLO)}", "Connection: close", host=f"Host: {host}"))
    assert answer.startswith(b"HTTP/1.1 %d" % status), answer
    assert (b'"forbidden"' in answer) == (status == 403)


def test_accept_event_stream(shared):
    status, answer = post(shared, HELLO, {**JSON, "Accept": "text/event-stream"})
    assert status == 400 and answer["error"] == "invalid_input" and "streaming" in answer["message"]
    assert post(shared, HELLO, {**JSON, "Accept": "application/json, text/event-stream"})[0] == 200


def test_slow_header_and_slow_body(shared):
    for data in (b"POST /exec", head(b'{"scr', "Content-Length: 500")):
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", shared.port), timeout=6) as client:
            client.sendall(data)
            client.settimeout(0.2)
            answer = b""
            while time.monotonic() - begin < 5:
                try:
                    part = client.recv(1000)
                    if not part:
                        break
                    answer += part
                except TimeoutError:
                    try:
                        client.sendall(b"i")
                    except OSError:
                        break
                except ConnectionResetError:
                    break
        assert 1.5 < time.monotonic() - begin < 3.5
        assert answer.startswith(b"HTTP/1.1 408") and b'"invalid_input"' in answer


def test_endless_chunk_head_does_not_spin(shared):
    with socket.create_connection(("127.0.0.1", shared.port), timeout=6) as client:
        client.sendall(head(b"5;" + b"x" * 200000, "Transfer-Encoding: chunked"))
        stat = f"/proc/{shared.process.pid}/stat"
        before = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        time.sleep(1)
        after = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        assert after - before < 30, "ticks of a hundredth"


def test_short_body_with_half_close(shared):
    answer = raw(shared, head(b'{"script"', "Content-Length: 500"), shut=True)
    assert answer.startswith(b"HTTP/1.1 400") and b"after 9 of 500 bytes" in answer
    answer = raw(shared, head(b'5\r\n{"scr', "Transfer-Encoding: chunked"), shut=True)
    assert answer.startswith(b"HTTP/1.1 400") and b"last chunk" in answer


def test_idle_connection_is_closed(start):
    keeper = start("--idle-timeout=1", "--header-timeout=3")
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=6) as client:
        client.sendall(head(b"", method="GET", path="/health"))
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        begin = time.monotonic()
        assert client.recv(1) == b""
        assert 0.7 < time.monotonic() - begin < 2


# ---- clients that go away ----

@pytest.mark.parametrize("how", ["close", "half", "reset"])
def test_client_gone_ends_its_run(start, how):
    keeper = start()
    body = json.dumps({"script": play(cancel_wait=True)}).encode()
    client = socket.create_connection(("127.0.0.1", keeper.port))
    client.sendall(head(body, f"Content-Length: {len(body)}"))
    wait_for(lambda: keeper.starts)
    if how == "half":
        client.shutdown(socket.SHUT_WR)
    elif how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    else:
        client.close()
    wait_for(lambda: keeper.cancelled)
    assert post(keeper, HELLO)[0] == 200


def test_pipelined_bytes_do_not_spin_while_a_run_is_on(start):
    keeper = start()
    body = json.dumps({"script": play(delay=1)}).encode()
    one = head(body, f"Content-Length: {len(body)}")
    with socket.create_connection(("127.0.0.1", keeper.port)) as client:
        client.sendall(one)
        time.sleep(0.1)
        client.sendall(one + b"x" * 1000)
        stat = f"/proc/{keeper.process.pid}/stat"
        before = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        time.sleep(0.7)
        after = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        assert after - before < 10
        client.settimeout(5)
        got = b""
        while got.count(b"HTTP/1.1 200") < 2:
            part = client.recv(65536)
            assert part
            got += part


def test_client_gone_while_queued(start):
    keeper = start(ready=(0, 0))
    client = socket.create_connection(("127.0.0.1", keeper.port))
    client.sendall(head(HELLO, f"Content-Length: {len(HELLO)}"))
    wait_for(lambda: health(keeper)["pool"]["queued"] == 1)
    client.close()
    wait_for(lambda: health(keeper)["pool"]["queued"] == 0)
    keeper.add_sandbox(0)
    time.sleep(0.1)
    assert not keeper.starts


# ---- admission ----

def wait_for(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def health(keeper):
    return json.loads(request(keeper, "GET", "/health")[1])


def test_queue_and_its_end(start):
    keeper = start("--max-queue=1", "--queue-timeout=1", ready=(0, 0))
    clients = [socket.create_connection(("127.0.0.1", keeper.port), timeout=5) for _ in range(2)]
    for client in clients:
        client.sendall(head(HELLO, f"Content-Length: {len(HELLO)}"))
        time.sleep(0.1)
    first = clients[1].recv(65536)
    assert first.startswith(b"HTTP/1.1 503") and b"Retry-After: 1" in first and b'"overloaded"' in first
    second = clients[0].recv(65536)
    assert second.startswith(b"HTTP/1.1 503") and b'"overloaded"' in second
    keeper.add_sandbox(0)
    assert post(keeper, HELLO)[0] == 200


def test_queued_request_runs_when_a_sandbox_comes(start):
    keeper = start(ready=(0, 0))
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=5) as client:
        client.sendall(head(HELLO, f"Content-Length: {len(HELLO)}"))
        wait_for(lambda: health(keeper)["pool"]["queued"] == 1)
        time.sleep(0.05)
        keeper.add_sandbox(0)
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["usage"]["queue_ms"] > 40


def test_max_running(start):
    keeper = start("--max-running=1", ready=(3, 0))
    slow = json.dumps({"script": play(delay=0.3)}).encode()
    clients = [socket.create_connection(("127.0.0.1", keeper.port), timeout=5) for _ in range(3)]
    begin = time.monotonic()
    for client in clients:
        client.sendall(head(slow, f"Content-Length: {len(slow)}"))
    for client in clients:
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - begin > 0.85


def test_guest_kinds_stand_in_for_each_other(start):
    keeper = start(ready=(0, 1))
    keeper.refill = False
    assert post(keeper, {"script": "import json"})[0] == 200
    keeper.send_status(guests=(1, 0))
    keeper.add_sandbox(0)
    assert post(keeper, {"script": "import numpy"})[0] == 200


@pytest.mark.parametrize("started", [0, 1])
def test_sandbox_that_dies_before_it_has_the_script(start, started):
    keeper = start(ready=(4, 0))
    keeper.die_started = started
    keeper.attempts = 2
    status, answer = post(keeper, HELLO)
    assert status == 200 and len(keeper.requests) == 1
    keeper.attempts = 3
    keeper.refill = True
    for _ in range(4):
        keeper.add_sandbox(0)
    status, answer = post(keeper, HELLO)
    assert status == 500 and answer["error"] == "internal_error"


def test_idle_sandbox_that_dies_is_dropped(start):
    keeper = start(ready=(0, 0))
    first = keeper.add_sandbox(0)
    wait_for(lambda: health(keeper)["pool"]["ready"] == 1)
    keeper.send_verdict(first, cause=2, signal=9, started=0)
    wait_for(lambda: health(keeper)["pool"]["ready"] == 0)


def test_sandbox_killed_while_it_runs_is_not_run_again(start):
    keeper = start()
    status, answer = run(keeper, header={"complete": 0, "phase": 2}, verdict={"cause": 2, "signal": 9})
    assert status == 400 and answer["return_code"] == 137 and len(keeper.requests) == 1


# ---- the keeper ----

def test_health_states(start):
    keeper = start(ready=(0, 0), status=False)
    assert health(keeper)["status"] == "starting"
    keeper.send_status(guests=(0, 0))
    wait_for(lambda: health(keeper)["status"] == "unhealthy")
    assert request(keeper, "GET", "/health")[0].status == 503
    keeper.send_status(guests=(1, 0))
    wait_for(lambda: health(keeper)["status"] == "healthy")
    assert health(keeper)["isolation"] == {"tier": "namespaces", "layers": {
        "in_force": [{"name": "seccomp", "detail": "a table"}], "missing": [{"name": "cgroup", "detail": "none here"}]}}


def test_drain(start):
    keeper = start()
    slow = json.dumps({"script": play(delay=1)}).encode()
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=5) as client:
        client.sendall(head(slow, f"Content-Length: {len(slow)}"))
        wait_for(lambda: keeper.starts)
        keeper.drain()
        wait_for(lambda: health(keeper)["status"] == "draining")
        response, data = request(keeper, "POST", "/execute", HELLO, JSON)
        assert response.status == 503 and json.loads(data)["error"] == "draining"
        assert response.headers["Retry-After"] and response.headers["Connection"] == "close"
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
    keeper.close(expect=0)


def test_keeper_gone(start):
    keeper = start()
    health(keeper)
    keeper.link.shutdown(socket.SHUT_RDWR)
    assert keeper.process.wait(5) == 1


@pytest.mark.parametrize("message,fds", [
    (b"x", 0), (b"\x02\0\0\0\x18\0\0\0" + b"\1" + b"\0" * 15, 0), (b"\x02\0\0\0\x18\0\0\0" + b"\1" + b"\0" * 15, 3),
    (b"\x03\0\0\0\x20\0\0\0" + b"\0" * 24, 0), (b"\x63\0\0\0\x08\0\0\0", 0), (b"\x08\0\0\0\x09\0\0\0", 0),
    (b"\x08\0\0\0\x08\0\0\0", 1), (b"\x08\0\0\0\x08\0\0\0x", 0), (b"y" * 4000, 0),
    (b"\x02\0\0\0\x18\0\0\0" + b"\1" + b"\0" * 7 + b"\x07" + b"\0" * 7, 4)])
def test_odd_messages_end_front(start, message, fds):
    keeper = start()
    health(keeper)
    keeper.send_raw(message, [0] * fds)
    assert keeper.process.wait(5) not in (0, -11, -6)


# ---- many ----

def test_too_many_connections(start):
    keeper = start("--max-connections=4")
    held = [socket.create_connection(("127.0.0.1", keeper.port), timeout=5) for _ in range(4)]
    time.sleep(0.1)
    answer = raw(keeper, head(HELLO, f"Content-Length: {len(HELLO)}"))
    assert answer.startswith(b"HTTP/1.1 503") and b"Retry-After" in answer and b'"overloaded"' in answer
    for client in held:
        client.close()
    wait_for(lambda: raw(keeper, head(b"", "Connection: close", method="GET", path="/health")).startswith(b"HTTP/1.1 200"))


def test_no_descriptor_is_left_behind(start):
    keeper = start(ready=(4, 2))
    fds = f"/proc/{keeper.process.pid}/fd"
    post(keeper, HELLO)
    time.sleep(0.2)
    before = len(os.listdir(fds))
    for i in range(200):
        post(keeper, {"script": play(delay=0)} if i % 2 else b"bad")
        raw(keeper, head(HELLO, "Content-Length: 5", "Content-Length: 6"))
    wait_for(lambda: len(os.listdir(fds)) <= before)
