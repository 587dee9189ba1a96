"""What becomes of a run."""
import json
import time

import pytest

from front_client import JSON, post, request, run
from played_keeper import play


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
    (10, 0, "resource_limit", {"name": "max_inodes", "value": 16384, "unit": "files"}),
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
