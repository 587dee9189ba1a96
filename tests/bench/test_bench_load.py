"""The load generators against a server whose every step is known, and one whole `scripts/bench --smoke`."""

import http.server
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from bench import load, stats
from bench.peers import HELLO, BenchError

ROOT = Path(__file__).resolve().parent.parent.parent
RIGHT = {"success": True, "result": "Hello, World!", "usage": {"queue_ms": 12.5}}


class Server(http.server.ThreadingHTTPServer):
    """Answers the n-th request (from 0) with what `answer(n)` gives: (status, object, seconds to wait before)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer, keep_alive=True):
        self.answer, self.count, self.lock, self.bodies = answer, 0, threading.Lock(), set()
        super().__init__(("127.0.0.1", 0), Handler)
        self.keep_alive = keep_alive
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a generator that has what it wants hangs up

    @property
    def port(self):
        return self.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:  # one at a time, as a service that stands still does
            number = self.server.count
            self.server.count += 1
            self.server.bodies.add((self.path, self.headers["Content-Type"], body))
            status, answer, seconds = self.server.answer(number)
            time.sleep(seconds)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if not self.server.keep_alive:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve(programs):
    servers = []

    def start(answer, **options):
        servers.append(Server(answer, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_request_is_the_script_as_json(serve):
    server = serve(lambda number: (200, RIGHT, 0))
    records = load.paced(server.port, HELLO, 3, pause_ms=1)
    assert [record.right for record in records] == [True] * 3
    assert server.bodies == {("/execute", "application/json", json.dumps({"script": HELLO.source}).encode())}
    assert records[0].queue_s == pytest.approx(0.0125)


@pytest.mark.parametrize("keep_alive", [True, False])
def test_pauses_are_kept_and_are_no_latency(serve, keep_alive):
    server = serve(lambda number: (200, RIGHT, 0.02), keep_alive=keep_alive)
    records = load.paced(server.port, HELLO, 4, pause_ms=300)
    gaps = [later.sent - earlier.done for earlier, later in zip(records, records[1:])]
    assert min(gaps) >= 0.3
    assert 0.02 <= stats.percentile([record.latency for record in records], 50) < 0.25


def test_wrong_and_failed_answers_are_told_apart(serve):
    answers = {1: (200, {**RIGHT, "result": "Hello"}, 0), 2: (500, RIGHT, 0), 3: (503, {"message": f"The service is busy: {load.EXPIRED}."}, 0)}
    server = serve(lambda number: answers.get(number, (200, RIGHT, 0)))
    records = load.paced(server.port, HELLO, 5, pause_ms=0)
    assert [record.right for record in records] == [True, False, False, False, True]
    assert [record.status for record in records] == [200, 200, 500, 503, 200]
    assert [record.marked for record in records] == [False, False, False, True, False]


def test_open_loop_counts_the_wait_of_requests_that_could_not_be_sent(serve):
    """The server stands still once, for 0.5 s. A generator that waits for answers would send less meanwhile, and see one
    slow request; here each that was due meanwhile is slow, though few of them were under way."""
    server = serve(lambda number: (200, RIGHT, 0.5 if number == 30 else 0))
    records = load.open_loop(server.port, HELLO, 100, 1, 2, 5)
    assert len(records) == 100 and all(record.right for record in records)
    assert [record.due for record in records] == pytest.approx([i / 100 for i in range(100)])
    slow = [record for record in records if record.latency > 0.1]
    under_way = [record for record in records if record.done - record.sent > 0.1]
    assert len(slow) >= 35
    assert 1 <= len(under_way) < len(slow)
    assert max(record.latency for record in slow) >= 0.5


def test_open_loop_ends_though_the_service_does_not_answer(serve):
    server = serve(lambda number: (200, RIGHT, 0 if number < 10 else 60))
    started = time.monotonic()
    records = load.open_loop(server.port, HELLO, 50, 1, 2, 0.5)
    assert time.monotonic() - started < 15
    result = stats.open_loop(records, 1, 10)
    assert result["right"] == 10 and result["never_sent"] == 38 and result["wrong_or_failed"] == 2


def test_a_service_that_is_not_there_is_an_error(programs):
    with pytest.raises(BenchError):
        load.closed(1, HELLO, 5, 1)


def test_wrk_counts_right_answers_only(serve):
    server = serve(lambda number: (200, RIGHT if number % 2 else {**RIGHT, "result": "Hello"}, 0.01))
    report = load.wrk(server.port, HELLO, 1, 2)
    assert report["right"] > 5 and abs(report["right"] - report["wrong"]) <= 2
    assert report["per_s"] == pytest.approx(report["right"] / report["seconds"])


def test_floor_refuses_a_wrong_result(programs):
    command = [programs / "bench-floor", "lean", ROOT / "src/guest/python/warm.py", HELLO.path]
    right = subprocess.run([*command, HELLO.result, "0.2"], input="go\n", capture_output=True, text=True, check=True)
    ready, report = right.stdout.splitlines()
    assert ready == "ready" and json.loads(report)["runs"] >= 1 and json.loads(report)["wrong"] == 0
    wrong = subprocess.run([*command, '"Hello"', "0.2"], input="go\n", capture_output=True, text=True, check=False)
    assert wrong.returncode != 0 and "ready" not in wrong.stdout


@pytest.mark.long
def test_smoke_goes_through_every_part():
    """Every peer, every row: that it works, not what it gives."""
    done = subprocess.run([ROOT / "scripts" / "bench", "--smoke"], capture_output=True, text=True, timeout=400, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    for text in ("latency p50, hello", "plain fork loop", "start to the first answer", "Overload:", "Long run: 24 runs by 4 clients, 0 wrong"):
        assert text in done.stdout, done.stdout
