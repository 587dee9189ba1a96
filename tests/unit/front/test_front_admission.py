"""Sandboxes, queue, keeper, and many clients."""
import json
import os
import socket
import time

import pytest

from front_client import HELLO, JSON, head, health, post, raw, request, run, wait_for
from played_keeper import play


# ---- admission ----

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


def test_ready_and_live(start):
    def ask(path):
        response, data = request(keeper, "GET", path)
        return response.status, json.loads(data)["status"]

    keeper = start("--max-queue=1", ready=(0, 0), status=False)
    assert ask("/health/live") == (200, "alive") and ask("/health/ready") == (503, "starting")
    keeper.send_status(guests=(0, 0))
    wait_for(lambda: ask("/health/ready") == (503, "unhealthy"))
    keeper.send_status(guests=(1, 1))
    wait_for(lambda: ask("/health/ready") == (200, "ready"))
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=5) as client:
        client.sendall(head(HELLO, f"Content-Length: {len(HELLO)}"))
        wait_for(lambda: ask("/health/ready") == (503, "busy"))
        assert ask("/health") == (200, "healthy") and ask("/health/live") == (200, "alive")
        keeper.add_sandbox(0)
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
    wait_for(lambda: ask("/health/ready") == (200, "ready"))


def test_retire(start):
    """New connections are left to another; what is open is served to its end."""
    keeper = start()
    slow = json.dumps({"script": play(delay=0.5)}).encode()
    with (
        socket.create_connection(("127.0.0.1", keeper.port), timeout=5) as running,
        socket.create_connection(("127.0.0.1", keeper.port), timeout=5) as idle,
    ):
        idle.sendall(head(b"", method="GET", path="/health/live"))
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        running.sendall(head(slow, f"Content-Length: {len(slow)}"))
        wait_for(lambda: keeper.starts)
        keeper.retire()
        time.sleep(0.1)
        other = socket.create_connection(("127.0.0.1", keeper.port), timeout=5)
        other.sendall(head(b"", method="GET", path="/health/live"))
        other.settimeout(0.3)
        with pytest.raises(TimeoutError):
            other.recv(1)
        for client, request_of_its_own in ((running, b""), (idle, head(HELLO, f"Content-Length: {len(HELLO)}"))):
            client.sendall(request_of_its_own)
            answer = client.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200") and b"connection: close" in answer.lower()
            assert client.recv(1) == b""
        other.close()
    keeper.close(expect=0)


def test_retire_then_drain(start):
    keeper = start()
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=5):
        time.sleep(0.1)
        keeper.retire()
        time.sleep(0.2)
        assert keeper.process.poll() is None
        keeper.drain()
        keeper.close(expect=0)


def test_settings_that_come(start):
    """A struct settings, as the front prints it to itself: only the size can be checked from here."""
    keeper = start()
    health(keeper)
    keeper.send_raw(b"\x0a\0\0\0\x10\0\0\0" + b"\0" * 8)
    assert keeper.process.wait(5) not in (0, -11, -6)


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
