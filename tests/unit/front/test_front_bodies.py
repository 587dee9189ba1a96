"""What reaches the sandbox, and what bad bodies are told."""
import base64
import http.client
import json
import os

import pytest

from front_client import JSON, health, post, request, wait_for


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
    (b'{"script": "x", "banner": "yes"}', "banner"),
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
