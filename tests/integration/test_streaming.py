"""Streamed answers: what a script writes comes while it runs, and one last event has the whole answer."""

import json
import shutil
import socket
import subprocess
import time

import pytest

from .support import proc
from .support.client import free_port, source
from .support.events import Stream, stream, told

BANNER = "Executing main() function...\n"
CAP = 1 << 20
TICKS = "import time\ndef main():\n    for i in range(4):\n        print('tick', i)\n        time.sleep(0.7)\n    return 'over'"
SLEEPS = "import time\ndef main():\n    print('asleep')\n    time.sleep(50)"


def is_idle(client, seconds):
    end = time.monotonic() + seconds
    while client.health().json()["pool"]["busy"]:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class TestEvents:
    def test_each_line_when_it_is_printed(self, service):
        events = [event for event in stream(service, TICKS) if event.name != "comment"]
        ticks = [event for event in events if event.name == "stdout" and "tick" in event.data["text"]]
        assert len(ticks) == 4, events
        gaps = [later.at - sooner.at for sooner, later in zip(ticks, ticks[1:])]
        assert all(0.5 < gap < 1.5 for gap in gaps), gaps
        assert ticks[0].at < 0.6 and events[-1].at - ticks[-1].at > 0.5

    @pytest.mark.parametrize("fields", [{}, {"banner": False}, {"mode": "script"}])
    def test_together_they_are_stdout(self, service, fields):
        script = source(
            """
            import os, subprocess, sys
            print("module")
            print("wrong", file=sys.stderr)
            def main():
                print("one")
                subprocess.run(["echo", "child"])
                os.write(1, b"bytes\\n")
                return {"a": 1}
            """
        )
        status, answer = service.execute(script, **fields)
        events = stream(service, script, **fields)
        done = events[-1].data
        assert status == 200 and done["result"] == answer["result"]
        assert done["stdout"] == answer["stdout"] and done["stderr"] == answer["stderr"] == "wrong\n"
        assert told(events).rstrip("\n") == done["stdout"].rstrip("\n") and told(events, "stderr") == "wrong\n"

    def test_the_result_is_the_last_of_stdout(self, service):
        events = stream(service, "import atexit\natexit.register(print, 'exit')\ndef main():\n    return 7")
        assert told(events) == f"{BANNER}exit\n7"

    def test_characters_stay_whole(self, service):
        script = source(
            """
            import os, time
            def main():
                for part in (b"x\\xe2", b"\\x82", b"\\xac\\xf0\\x9f", b"\\x98\\x80 \\xff \\xe2", b"y", b"\\xc3"):
                    os.write(1, part)
                    time.sleep(0.05)
            """
        )
        events = stream(service, script, banner=False)
        text = "x€😀 \ufffd \ufffdy\ufffd"
        assert told(events) == text and events[-1].data["stdout"] == text
        assert sum(event.name == "stdout" for event in events) >= 4

    def test_data_is_one_line_whatever_is_printed(self, service):
        script = "def main():\n    print('a\\r\\n\\n\\nevent: done\\ndata: {}\\n\\n\\u2028\\x00\\x85', end='')"
        text = "a\r\n\n\nevent: done\ndata: {}\n\n\u2028\x00\x85"
        assert told(stream(service, script, banner=False)) == text

    def test_nothing_but_the_last(self, service):
        events = stream(service, "def main():\n    pass", banner=False)
        assert [event.name for event in events] == ["done"] and events[0].data["result"] is None


class TestFailures:
    @pytest.mark.parametrize(
        "script, fields, error, text",
        [
            ("def main(:\n    pass", {}, "syntax_error", ""),
            ("print('here')", {}, "missing_main", "here\n"),
            ("def main():\n    print('before')\n    1 / 0", {}, "runtime_error", f"{BANNER}before\n"),
            ("import sys\ndef main():\n    print('x')\n    sys.exit(3)", {}, "runtime_error", f"{BANNER}x\n"),
            ("import os\ndef main():\n    print('x')\n    os.kill(os.getpid(), 9)", {}, "runtime_error", f"{BANNER}x\n"),
            (SLEEPS, {"timeout": 1}, "timeout", f"{BANNER}asleep\n"),
            ("def main():\n    print('x')\n    a = 'x' * (1 << 30)", {"memory_mb": 64}, None, f"{BANNER}x\n"),
        ],
    )
    def test_the_last_event_says_so(self, service, script, fields, error, text):
        events = stream(service, script, **fields)
        done = events[-1].data
        assert done["success"] is False and done["error"] in ([error] if error else ["resource_limit", "runtime_error"])
        assert told(events) == text and done["suggestions"]

    def test_refused_before_it_begins(self, service):
        for body, status in [
            ({"script": "", "stream": True}, 400),
            ({"script": "def main(): pass", "stream": True, "timeout": 10**6}, 400),
            ({"script": "def main(): pass", "stream": True, "steam": 1}, 400),
            ({"script": "x" * (2 << 20), "stream": True}, 413),
        ]:
            response = service.post(body, {"Accept": "text/event-stream"})
            assert response.status == status and response.headers.get_content_type() == "application/json"
            assert response.json()["error"] == "invalid_input"

    def test_overloaded_before_it_begins(self, own_service):
        client = own_service(max_running=1, max_queue=1, queue_timeout=1).client
        with Stream(client, {"script": SLEEPS, "timeout": 20, "stream": True}) as first:
            assert next(iter(first)).name == "stdout"
            with Stream(client, {"script": "def main(): pass", "stream": True}) as queued:
                time.sleep(0.3)
                with Stream(client, {"script": "def main(): pass", "stream": True}) as third:
                    for refused in (third, queued):  # at once, and when its time in the queue is over
                        assert refused.head().status == 503 and refused.headers["retry-after"]
                        assert json.loads(b"".join(refused.chunks()))["error"] == "overloaded"

    def test_begins_when_it_leaves_the_queue(self, own_service):
        client = own_service(max_running=1).client
        with Stream(client, {"script": TICKS, "stream": True}) as first:
            assert next(iter(first)).name == "stdout"
            events = stream(client, "def main():\n    return 5")
        assert events[-1].data["result"] == 5 and events[-1].data["usage"]["queue_ms"] > 0


class TestHttp:
    def test_asked_for_by_the_accept_header(self, service):
        with Stream(service, {"script": "def main():\n    return 1"}, headers={"Accept": "text/event-stream"}) as events:
            assert list(events)[-1].data["result"] == 1 and events.headers["content-type"] == "text/event-stream"
        response = service.post({"script": "def main():\n    return 1"}, {"Accept": "application/json, text/event-stream"})
        assert response.headers.get_content_type() == "application/json" and response.json()["result"] == 1
        assert service.result("def main():\n    return 2", stream=False) == 2

    def test_the_connection_is_kept(self, service):
        first = json.dumps({"script": "def main():\n    return 1", "stream": True}).encode()
        with Stream(service, first) as source_:
            assert list(source_)[-1].data["result"] == 1 and source_.headers["transfer-encoding"] == "chunked"
            source_.socket.sendall(
                b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(first), first)
            )
            source_.status = None
            assert list(source_)[-1].data["result"] == 1

    def test_http_1_0_ends_with_the_connection(self, service):
        with Stream(service, {"script": TICKS, "stream": True}, version="1.0") as source_:
            events = list(source_)
            assert "transfer-encoding" not in source_.headers and "content-length" not in source_.headers
            assert events[-1].name == "done" and source_.socket.recv(1) == b""
            assert len([event for event in events if event.name == "stdout"]) >= 4

    def test_heartbeat(self, own_service):
        client = own_service(stream_heartbeat=1).client
        events = stream(client, "import time\ndef main():\n    time.sleep(3.5)")
        beats = [event.at for event in events if event.name == "comment"]
        assert len(beats) == 3 and all(0.7 < b - a < 1.5 for a, b in zip(beats, beats[1:])), beats


class TestMuch:
    def test_stops_at_the_cap(self, service):
        script = "import sys\ndef main():\n    for i in range(400000):\n        print(f'{i:09d}')\n    print('the end')"
        events = stream(service, script, banner=False)
        done, text = events[-1].data, told(events)
        assert len(text) == CAP and done["truncated"] == ["stdout"]
        # Not compared within the assertions, which would show megabytes.
        is_head = done["stdout"].startswith(text[: CAP // 2])
        is_whole = text == "".join(f"{i:09d}\n" for i in range(CAP // 10 + 1))[:CAP]
        assert (is_head, is_whole, done["stdout"][-17:]) == (True, True, "000399999\nthe end\n"[-17:])

    @pytest.mark.needs_process
    @pytest.mark.long
    def test_a_slow_reader_slows_the_script(self, own_service):
        """16 MiB may be told; a client that reads nothing gets the script held up, not the server filled."""
        own = own_service(max_output_bytes=16 << 20, pool_lean=1, pool_data=1)
        script = "import os\ndef main(n):\n    for i in range(n):\n        os.write(1, b'y' * 65535 + b'\\n')\n    return 'through'"
        front = own.one("pyexec-front").pid
        before = proc.resident_bytes(front)
        body = {"script": script, "args": [16384], "timeout": 5, "stream": True, "banner": False}
        with Stream(own.client, body, receive_buffer=65536) as slow:
            peak = 0
            for _ in range(55):  # until the script has had its time
                time.sleep(0.1)
                peak = max(peak, proc.resident_bytes(front) - before)
            assert peak < 24 << 20, f"front has grown by {peak >> 20} MiB"
            events = list(slow)
        assert events[-1].name == "done" and events[-1].data["error"] == "timeout"
        assert 65536 <= len(told(events)) < 12 << 20
        # Who reads gets all that may be told, and the script comes to its end.
        events = stream(own.client, script, args=[512], timeout=50, banner=False)
        assert events[-1].data["result"] == "through" and len(told(events)) == 16 << 20

    @pytest.mark.needs_process
    @pytest.mark.long
    def test_a_gigabyte_past_a_slow_reader(self, own_service):
        """Past the cap nothing is told, and so nothing is held up; the end of it is in the last event."""
        own = own_service(pool_lean=1, pool_data=1)
        script = "import os\ndef main():\n    for i in range(16384):\n        os.write(1, b'y' * 65535 + b'\\n')\n    print('last')"
        front = own.one("pyexec-front").pid
        before = proc.resident_bytes(front)
        with Stream(own.client, {"script": script, "timeout": 50, "stream": True}, receive_buffer=65536) as slow:
            events, peak = [], 0
            for event in slow:
                if event.at < 5:
                    time.sleep(0.1)
                events.append(event)
                peak = max(peak, proc.resident_bytes(front) - before)
        done = events[-1].data
        assert (done["success"], done["truncated"], done["stdout"][-5:]) == (True, ["stdout"], "\nlast")
        assert len(told(events)) == CAP and peak < 32 << 20, peak


class TestGone:
    @pytest.mark.needs_process
    @pytest.mark.parametrize("how", ["close", "reset", "half-close"])
    def test_ends_the_run(self, own_service, how):
        client = own_service().client
        with Stream(client, {"script": SLEEPS, "timeout": 50, "stream": True}) as source_:
            assert next(iter(source_)).name == "stdout"
            assert not is_idle(client, 0.2)
            if how == "half-close":
                source_.socket.shutdown(socket.SHUT_WR)
            elif how == "reset":
                source_.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                source_.socket.close()
            else:
                source_.socket.close()
            assert is_idle(client, 2)

    @pytest.mark.needs_process
    def test_in_the_middle_of_much(self, own_service):
        client = own_service(max_output_bytes=64 << 20).client
        script = "def main():\n    while True:\n        print('y' * 1000)"
        with Stream(client, {"script": script, "timeout": 50, "stream": True}, receive_buffer=65536) as source_:
            source_.head()
            time.sleep(1)
            assert not is_idle(client, 0.2)
        assert is_idle(client, 2)

    @pytest.mark.needs_process
    def test_many_who_come_and_go(self, own_service):
        own = own_service(max_running=8)
        for i in range(40):
            with Stream(own.client, {"script": TICKS, "stream": True}) as source_:
                if i % 3:
                    source_.head()
                time.sleep(0.01 * (i % 5))
        assert is_idle(own.client, 5)
        assert stream(own.client, "def main():\n    return 1")[-1].data["result"] == 1

    @pytest.mark.needs_process
    def test_ends_well_when_the_service_ends(self, own_service):
        own = own_service()
        with Stream(own.client, {"script": TICKS, "stream": True}) as source_:
            events = iter(source_)
            assert next(events).name == "stdout"
            own.process.terminate()
            assert list(events)[-1].data["result"] == "over"
        assert own.stop() == 0


class TestClients:
    def test_curl(self, service):
        body = json.dumps({"script": TICKS, "stream": True})
        command = ["curl", "-sN", "-H", "Content-Type: application/json", "-d", body, f"{service.url}/execute"]
        started, seen = time.monotonic(), []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
            for line in curl.stdout:
                if "tick" in line and "done" not in line and "success" not in line:
                    seen.append(time.monotonic() - started)
        assert curl.returncode == 0 and len(seen) == 4
        assert all(0.5 < b - a < 1.5 for a, b in zip(seen, seen[1:])), seen

    def test_httpx(self, service):
        httpx = pytest.importorskip("httpx")
        started, seen, last = time.monotonic(), [], None
        with httpx.stream("POST", f"{service.url}/execute", json={"script": TICKS, "stream": True}, timeout=30) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                if line.startswith("data: ") and "tick" in line and "success" not in line:
                    seen.append(time.monotonic() - started)
                last = line if line.startswith("data: ") else last
        assert len(seen) == 4 and all(0.5 < b - a < 1.5 for a, b in zip(seen, seen[1:])), seen
        assert json.loads(last[6:])["result"] == "over"

    def test_through_nginx_as_it_comes(self, service, tmp_path):
        """Default settings, which keep an answer back until it fills a buffer, but for X-Accel-Buffering."""
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        if nginx is None:
            pytest.skip("nginx is not installed")
        port = free_port()
        temporary = "".join(
            f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; worker_processes 1;\n"
            "events {}\n"
            f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port};\n"
            f"  location / {{ proxy_pass {service.url}; }} }} }}\n"
        )
        command = [nginx, "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"]
        with subprocess.Popen(command, preexec_fn=lambda: proc.prctl(proc.PR_SET_PDEATHSIG, 15)) as server:
            try:
                deadline = time.monotonic() + 10
                while True:
                    try:
                        socket.create_connection(("127.0.0.1", port), 1).close()
                        break
                    except OSError:
                        assert time.monotonic() < deadline and server.poll() is None, (tmp_path / "error.log").read_text()
                        time.sleep(0.05)
                proxy = type(service)("127.0.0.1", port)
                with Stream(proxy, {"script": TICKS, "stream": True}) as source_:
                    events = list(source_)
                ticks = [event.at for event in events if event.name == "stdout" and "tick" in event.data["text"]]
                assert len(ticks) == 4 and all(0.5 < b - a < 1.5 for a, b in zip(ticks, ticks[1:])), ticks
                assert events[-1].data["result"] == "over"
            finally:
                server.terminate()
