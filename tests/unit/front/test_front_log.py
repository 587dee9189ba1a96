"""A line in the log for each request: what it says, what it never says, and that no sink holds a request up."""
import json
import os
import re
import select
import socket
import subprocess
import time

import pytest

from front_client import HELLO, JSON, head, post, raw, request, wait_for
from played_keeper import play

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FIELDS = {"time", "level", "process", "message", "id", "method", "path", "status", "outcome", "streamed", "total_ms",
          "request_bytes", "response_bytes"}
RUN_FIELDS = FIELDS | {"queue_ms", "wall_ms", "cpu_ms", "memory_peak_bytes"}


class Log:
    """The reading end of front's standard error."""

    def __init__(self, keeper):
        self.pipe, self.text = keeper.process.stderr, ""

    def lines(self, wait_s=1.0):
        """What comes within a moment after the first line."""
        end = time.monotonic() + wait_s
        while select.select([self.pipe], [], [], max(0, end - time.monotonic()))[0]:
            data = os.read(self.pipe.fileno(), 1 << 20)
            if not data:
                break
            self.text += data.decode()
            end = min(end, time.monotonic() + 0.2)
        *lines, self.text = self.text.split("\n")
        return lines

    def requests(self):
        return [line for line in map(json.loads, self.lines()) if line["message"] == "request"]


@pytest.fixture
def logged(start):
    def begin(*arguments, **options):
        keeper = start(*arguments, stderr=subprocess.PIPE, **options)
        wait_for(lambda: raw(keeper, head(b"", "Connection: close", method="GET", path="/health/live")))
        log = Log(keeper)
        log.lines(0.3)
        return keeper, log

    return begin


def test_a_run(logged):
    keeper, log = logged()
    assert post(keeper, HELLO)[0] == 200
    (line,) = log.requests()
    assert set(line) == RUN_FIELDS
    assert (line["level"], line["process"], line["method"], line["path"]) == ("info", "front", "POST", "/execute")
    assert (line["status"], line["outcome"], line["streamed"]) == (200, "success", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert line["wall_ms"] == 1.234 and line["cpu_ms"] == 0.987 and line["memory_peak_bytes"] == 10 << 20
    assert line["request_bytes"] == len(HELLO) and line["response_bytes"] > 50 and 0 < line["total_ms"] < 5000


@pytest.mark.parametrize("what, status, outcome", [
    ({"record": {"kind": "exception", "error_type": "ValueError"}, "verdict": {"exit_code": 1}}, 400, "runtime_error"),
    ({"header": {"complete": 0, "phase": 2}, "verdict": {"cause": 3, "limit_value": 1000}}, 400, "timeout"),
    ({"header": {"complete": 0, "phase": 2}, "verdict": {"cause": 4, "limit_value": 1 << 29}}, 400, "resource_limit"),
])
def test_a_run_that_failed(logged, what, status, outcome):
    keeper, log = logged()
    assert post(keeper, {"script": play(**what)})[0] == status
    (line,) = log.requests()
    assert set(line) == RUN_FIELDS and (line["status"], line["outcome"]) == (status, outcome)


def test_requests_that_are_refused(logged):
    keeper, log = logged("--max-body-bytes=2048", "--max-script-bytes=1024")
    post(keeper, b"not json")
    request(keeper, "GET", "/no/such?secret=1")
    request(keeper, "PUT", "/execute")
    request(keeper, "POST", "/execute", HELLO, {"Content-Type": "text/plain"})
    raw(keeper, head(b"", "Transfer-Encoding: chunked") + b"fa0\r\n" + b"x" * 4000 + b"\r\n0\r\n\r\n")
    raw(keeper, head(b"", "Transfer-Encoding: chunked") + b"no chunk\r\n")
    lines = log.requests()
    assert [(line["status"], line["outcome"], line["path"]) for line in lines[:4]] == [
        (400, "invalid_input", "/execute"), (404, "not_found", "/no/such"),
        (405, "method_not_allowed", "/execute"), (415, "invalid_input", "/execute")]
    assert all(set(line) == FIELDS for line in lines)
    assert (lines[4]["status"], lines[4]["outcome"], lines[4]["request_bytes"]) == (413, "invalid_input", 4000)
    assert (lines[5]["status"], lines[5]["outcome"]) == (0, "bad_framing")


def test_the_id_and_the_trace_of_the_client(logged):
    keeper, log = logged()
    request(keeper, "POST", "/execute", HELLO, {**JSON, "X-Request-Id": "my.id-7", "traceparent": TRACE})
    request(keeper, "POST", "/execute", HELLO, {**JSON, "X-Request-Id": 'no"good', "traceparent": TRACE.upper()})
    mine, made = log.requests()
    assert mine["id"] == "my.id-7" and set(mine) == RUN_FIELDS | {"trace_id", "span_id", "trace_sampled"}
    assert (mine["trace_id"], mine["span_id"], mine["trace_sampled"]) == (TRACE[3:35], TRACE[36:52], True)
    assert re.fullmatch(r"[0-9a-f]{32}", made["id"]) and set(made) == RUN_FIELDS


def test_a_client_that_goes(logged):
    keeper, log = logged()
    body = json.dumps({"script": play(cancel_wait=True)}).encode()
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=5) as client:
        client.sendall(head(body, f"Content-Length: {len(body)}"))
        wait_for(lambda: keeper.started)
    wait_for(lambda: keeper.cancelled)
    (line,) = log.requests()
    assert (line["status"], line["outcome"]) == (0, "client_gone")


def test_a_stream(logged):
    keeper, log = logged()
    body = json.dumps({"script": play(stdout="text"), "stream": True}).encode()
    assert b"event: done" in raw(keeper, head(body, f"Content-Length: {len(body)}", "Connection: close"))
    (line,) = log.requests()
    assert set(line) == RUN_FIELDS and line["streamed"] is True
    assert (line["status"], line["outcome"]) == (200, "success")


def test_probes_are_for_debuggers(logged):
    keeper, log = logged()
    for path in ("/health", "/health/live", "/health/ready"):
        request(keeper, "GET", path)
    assert log.requests() == []
    keeper, log = logged("--log-level=debug")
    request(keeper, "GET", "/health")
    assert [(line["path"], line["level"]) for line in log.requests()] == [("/health", "debug")]


def test_levels(logged):
    keeper, log = logged("--log-level=warning", ready=(0, 0))
    keeper.attempts = 3
    for _ in range(4):
        keeper.add_sandbox(0)
    assert post(keeper, b"not json")[0] == 400 and post(keeper, HELLO)[0] == 500
    assert [(line["level"], line["outcome"]) for line in log.requests()] == [("error", "internal_error")]


def test_neither_script_nor_output_unless_asked(logged):
    secret = {"script": play(stdout="SECRET-OUT", stderr="SECRET-ERR", value='"SECRET-VALUE"') + "\nSECRET-SCRIPT",
              "stdin": "SECRET-IN", "env": {"A": "SECRET-ENV"}}
    secret["script"] = secret["script"].replace("\nSECRET-SCRIPT", "")
    for level in ("info", "debug"):
        keeper, log = logged(f"--log-level={level}")
        post(keeper, secret)
        text = "\n".join(log.lines())
        assert '"request"' in text and "SECRET" not in text
    keeper, log = logged("--log-content=yes")
    post(keeper, secret)
    content = [line for line in map(json.loads, log.lines()) if line["message"] == "content"]
    assert len(content) == 1 and set(content[0]) == {"time", "level", "process", "message", "id", "script", "stdout", "stderr"}
    assert content[0]["script"] == secret["script"]
    assert "SECRET-OUT" in content[0]["stdout"] and content[0]["stderr"] == "SECRET-ERR"
    assert not any(word in json.dumps(content) for word in ("SECRET-IN", "SECRET-ENV"))


def test_content_that_is_long_or_no_text(logged):
    keeper, log = logged("--log-content=yes")
    post(keeper, {"script": play(stdout_parts=[["\x01", 3000]], stderr="e" * 3000)})
    post(keeper, {"script": play(stdout_hex="ff00c3a9" * 50)})
    lines = log.lines()
    assert all(len(line.encode()) < 4096 for line in lines)
    long, binary = [line for line in map(json.loads, lines) if line["message"] == "content"]
    assert 100 < long["stdout"].count("\x01") < 1000
    assert "\ufffd" in binary["stdout"] and "é" in binary["stdout"]


def test_what_a_client_sends_forges_no_line(logged):
    path = b'/a"}\\\xff\x1b[31m{"level": "error"'.replace(b" ", b"%20") + b"b" * 300
    for arguments in ([], ["--log-format=text"]):
        keeper, log = logged(*arguments)
        raw(keeper, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        lines = log.lines()
        assert len(lines) == 1 and len(lines[0]) < 1000
        assert "\x1b" not in lines[0]
        if not arguments:
            assert json.loads(lines[0])["path"].startswith('/a"}\\\ufffd\x1b[31m')


def test_text(logged):
    keeper, log = logged("--log-format=text")
    request(keeper, "POST", "/execute", HELLO, {**JSON, "X-Request-Id": "seven", "traceparent": TRACE})
    (line,) = log.lines()
    assert re.search(r"Z info front: POST /execute 200 success in [\d.]+ ms, queue [\d.]+, wall 1\.2, cpu 1\.0 ms, peak 10\.0 MiB, "
                     rf"{len(HELLO)} bytes in, \d+ out, id seven, trace {TRACE[3:35]}$", line), line


def test_a_sink_that_blocks_holds_no_request_up(start):
    """Nobody reads: the pipe fills, then the ring, and every request is answered as fast as before."""
    keeper = start("--log-level=debug", stderr=subprocess.PIPE)
    connection_count, slowest = 6000, 0.0
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=5) as client:
        one = head(b"", "X-Request-Id: " + "x" * 100, method="GET", path="/health/live")
        for _ in range(connection_count // 20):
            begin = time.monotonic()
            client.sendall(one * 20)
            answers = b""
            while answers.count(b'"alive"') < 20:
                answers += client.recv(1 << 20)
            slowest = max(slowest, time.monotonic() - begin)
    assert slowest < 2
    assert post(keeper, HELLO)[0] == 200
    log = Log(keeper)
    lines = [json.loads(line) for line in log.lines(2)]
    dropped = [int(found.group(1)) for line in lines if (found := re.match(r"(\d+) log lines were dropped", line["message"]))]
    requests = [line for line in lines if line["message"] == "request"]
    assert len(dropped) == 1 and 100 < len(requests) < connection_count
    assert abs(len(requests) + dropped[0] - connection_count) < 20
    assert post(keeper, HELLO)[0] == 200
    assert [line["status"] for line in log.requests()] == [200]


@pytest.mark.parametrize("sink", ["/dev/full", "closed"])
def test_a_sink_that_takes_nothing(start, sink):
    if sink == "closed":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open(sink, os.O_WRONLY)
    keeper = start(stderr=writer)
    os.close(writer)
    for _ in range(20):
        assert post(keeper, HELLO)[0] == 200
