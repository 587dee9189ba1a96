"""/health, /health/live and /health/ready: alive, able to run a script, starting, draining."""

import signal
import threading
import time

import pytest

from .support.raw import RawConnection, wait_until

SHAPE = {"status", "service", "version"}


def ask(client, path):
    response = client.request("GET", path)
    return response.status, response.json()


def test_when_all_is_well(service):
    assert ask(service, "/health")[1]["status"] == "healthy"
    for path, word in [("/health/live", "alive"), ("/health/ready", "ready")]:
        status, answer = ask(service, path)
        assert status == 200 and answer["status"] == word and set(answer) == SHAPE
        assert answer["service"] == "Python Script Executor" and answer["version"] == "1.0.0"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_other_methods(service, path):
    head = service.request("HEAD", path)
    assert head.status == 200 and head.body == b"" and int(head.headers["Content-Length"]) > 20
    options = service.request("OPTIONS", path)
    assert options.status == 204 and options.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert service.request("POST", path, b"{}").status == 405
    assert service.request("GET", path + "/").status == 404


@pytest.mark.needs_own
def test_while_it_drains(own_service):
    own = own_service()
    script = "import time\ndef main():\n    time.sleep(2)\n    return 1"
    thread = threading.Thread(target=own.client.execute, args=(script,))
    thread.start()
    assert wait_until(lambda: own.health()[1]["pool"]["busy"] == 1, 5) is not None
    own.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: own.health()[0] == 503, 1) is not None
    expected = {"/health": (503, "draining"), "/health/ready": (503, "draining"), "/health/live": (200, "alive")}
    for path, (status, word) in expected.items():
        with RawConnection(own.client) as raw:
            raw.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            response = raw.read_response()
            assert (response.status, response.json()["status"]) == (status, word), path
    thread.join()
    assert own.process.wait(10) == 0


@pytest.mark.needs_process
def test_while_it_starts(own_service):
    """Alive at once, ready only when a script can run, and until then it says that it starts, not that it is ill."""
    own = own_service(wait=False)
    seen = set()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            live, ready = ask(own.client, "/health/live")[0], ask(own.client, "/health/ready")
        except OSError:
            continue
        assert live == 200 and ready[1]["status"] in ("starting", "ready")
        seen.add((ready[0], ready[1]["status"]))
        if ready[0] == 200:
            break
        time.sleep(0.01)
    assert (200, "ready") in seen and (503, "starting") in seen, seen
    assert own.client.result("def main():\n    return 1") == 1


def pool_of(own):
    pool = own.health()[1]["pool"]
    return pool["busy"], pool["queued"]


@pytest.mark.needs_own
def test_a_full_queue_is_busy_and_healthy(own_service):
    own = own_service(max_running=1, max_queue=1)
    script = "import time\ndef main():\n    time.sleep(2)\n    return 1"
    threads = [threading.Thread(target=own.client.execute, args=(script,)) for _ in range(2)]
    # One after the other: before there is a sandbox the first one waits too, and a second one would be refused.
    for thread, (busy, queued) in zip(threads, [(1, 0), (1, 1)]):
        thread.start()
        assert wait_until(lambda: pool_of(own) == (busy, queued), 5) is not None, pool_of(own)
    status, answer = ask(own.client, "/health/ready")
    assert (status, answer["status"]) == (503, "busy")
    assert ask(own.client, "/health")[0] == 200
    for thread in threads:
        thread.join()
    assert wait_until(lambda: ask(own.client, "/health/ready")[0] == 200, 5) is not None
