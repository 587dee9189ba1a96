"""The log of the whole service: JSON lines unless it is a terminal, one for each request, and no sink that can stop it."""

import json
import os
import pty
import signal
import subprocess
import threading
import time

import pytest

from .support import proc
from .support.daemon import Daemon, binary, own_environment
from .support.raw import wait_until

pytestmark = pytest.mark.needs_process

QUICK = "def main(x=0):\n    print('SECRET-OUTPUT')\n    return x"


def lines_of(own):
    """Every line of the log, as an object."""
    return [json.loads(line) for line in own.log().splitlines()]


def test_every_line_is_an_object_and_every_request_has_one(own_service):
    own = own_service(log_level="debug")
    ids = [own.client.execute(QUICK, args=[i])[1]["id"] for i in range(5)]
    own.client.refusal(script="")
    own.client.execute("def main():\n    return 1 / 0")
    assert own.stop() == 0
    lines = lines_of(own)
    assert {line["process"] for line in lines} >= {"keeper", "front"}
    assert all({"time", "level", "process", "message"} <= set(line) for line in lines)
    requests = [line for line in lines if line["message"] == "request" and line["path"] == "/execute"]
    assert [line["id"] for line in requests[:5]] == ids
    assert [line["outcome"] for line in requests] == ["success"] * 5 + ["invalid_input", "runtime_error"]
    assert all(line["cpu_ms"] > 0 and line["wall_ms"] > 0 and line["memory_peak_bytes"] > 0 for line in requests[:5])
    assert "SECRET" not in own.log()


def test_text_when_asked_for(own_service):
    own = own_service(log_format="text")
    own.client.execute(QUICK)
    assert wait_until(lambda: "POST /execute 200 success in" in own.log(), 3) is not None
    assert " info keeper: ready on http://" in own.log()


def test_scripts_and_output_only_when_asked_and_as_soon_as_asked(own_service, public_directory):
    path = public_directory / "pyexecd.conf"
    path.write_text("log_content = no\n", encoding="utf-8")
    own = own_service(config=path)
    own.client.execute(QUICK)
    path.write_text("log_content = yes\n", encoding="utf-8")
    own.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "settings are reloaded" in own.log(), 5) is not None
    assert "SECRET" not in own.log()
    time.sleep(0.2)
    own.client.execute(QUICK)
    assert wait_until(lambda: "SECRET-OUTPUT" in own.log(), 3) is not None
    (content,) = [line for line in lines_of(own) if line["message"] == "content"]
    assert content["script"] == QUICK and "SECRET-OUTPUT" in content["stdout"] and content["stderr"] == ""


class Piped(Daemon):
    """Its standard error is a pipe: the log is what the test reads of it, when it likes."""

    def start(self, wait=True):
        os.mkfifo(self.log_path)
        self.reader = os.open(self.log_path, os.O_RDONLY | os.O_NONBLOCK)
        return super().start(wait)

    def log(self):
        return "(in the pipe)"

    def read(self):
        text = b""
        while True:
            try:
                data = os.read(self.reader, 1 << 20)
            except BlockingIOError:
                return text.decode()
            if not data:
                return text.decode()
            text += data


def test_a_log_that_nobody_reads_stops_nothing(tmp_path, as_user):
    """Requests, the keeper's care for its sandboxes, reloading, and the end: with the pipe full all the while."""
    own = Piped(tmp_path, as_user=as_user, log_level="debug")
    try:
        own.start()
        begin = time.monotonic()
        n = 0
        # Each refusal has a line: the pipe's 64 KiB and the rings of 128 are full long before the end.
        while n < 1500:
            assert own.client.request("GET", f"/nothing/{n}/{'x' * 100}").status == 404
            n += 1
        full_s = time.monotonic() - begin
        begin = time.monotonic()
        for i in range(20):
            assert own.client.result(QUICK, args=[i]) == i
        assert time.monotonic() - begin < 20 and full_s < 60
        own.process.send_signal(signal.SIGHUP)
        assert own.client.result(QUICK, args=[7]) == 7
        text = [""]

        def is_told():
            text[0] += own.read()
            return "log lines were dropped" in text[0]

        assert wait_until(is_told, 5) is not None
        lines = [json.loads(line) for line in text[0].splitlines()]
        assert sum(line["message"] == "request" for line in lines) > 100
        assert next(line["process"] for line in lines if "log lines were dropped" in line["message"]) == "front"
        own.client.request("GET", "/the/last")
        time.sleep(0.3)
        assert "/the/last" in own.read()
        begin = time.monotonic()
        assert own.stop() == 0 and time.monotonic() - begin < 10
    finally:
        if own in Daemon.live:
            own.kill()
        os.close(own.reader)


def test_the_pipe_is_not_changed_for_others(tmp_path, as_user):
    """Who started the service shares its standard error: O_NONBLOCK on it would be theirs too."""
    own = Piped(tmp_path, as_user=as_user)
    try:
        own.start()
        with open(f"/proc/{own.pid}/fdinfo/2", encoding="ascii") as file:
            flags = int(next(line for line in file if line.startswith("flags:")).split()[1], 8)
        assert bool(flags & os.O_NONBLOCK) or as_user
    finally:
        own.stop()
        os.close(own.reader)


def test_a_terminal_gets_text(tmp_path, free_tcp_port):
    leader, terminal = pty.openpty()
    process = subprocess.Popen([binary(), f"--listen=127.0.0.1:{free_tcp_port}", "--log-level=debug"], stdin=subprocess.DEVNULL,
                               stdout=terminal, stderr=terminal, start_new_session=True, cwd="/", env=own_environment())
    os.close(terminal)
    text = bytearray()
    proc.started.add(process.pid)

    def read():
        try:
            while data := os.read(leader, 65536):
                text.extend(data)
        except OSError:
            pass

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        assert wait_until(lambda: b"ready on" in text, 30) is not None
        client = Daemon(tmp_path, port=free_tcp_port).client
        assert client.result(QUICK, args=[1]) == 1
        assert wait_until(lambda: b"info front: POST /execute 200 success" in text, 3) is not None, text
        assert b'{"time"' not in text
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        thread.join(5)
        os.close(leader)


@pytest.fixture
def free_tcp_port():
    from .support.client import free_port

    return free_port()
