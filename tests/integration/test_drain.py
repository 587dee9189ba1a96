"""The graceful end: SIGTERM finishes what runs (bounded), refuses what is new with 503 draining, exits 0."""

import os
import signal
import threading
import time

import pytest

from .support import proc
from .support.leaks import Surroundings, check_nothing_left
from .support.raw import RawConnection, execute_request, wait_until

pytestmark = pytest.mark.needs_own

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def sleeping(seconds):
    return f"import time\ndef main():\n    print('began')\n    time.sleep({seconds})\n    return 'finished'"


class Running:
    """A request on its way in a thread of its own."""

    def __init__(self, client, script, **fields):
        self.outcome = None
        self._thread = threading.Thread(target=self._run, args=(client, script, fields), daemon=True)
        self._thread.start()

    def _run(self, client, script, fields):
        try:
            response = client.execute_raw(script, **fields)
            self.outcome = (response.status, response.json())
        except (OSError, ValueError) as error:
            self.outcome = ("closed", error)

    def join(self):
        self._thread.join(20)
        return self.outcome


def wait_busy(own, count):
    assert wait_until(lambda: own.health()[1]["pool"]["busy"] == count, 5) is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_scripts_are_finished(own_service, number):
    before = Surroundings.now()
    own = own_service()
    runs = [Running(own.client, sleeping(1.2)) for _ in range(3)]
    wait_busy(own, 3)
    everyone = own.tree()
    own.note_cgroups()
    start = time.monotonic()
    own.process.send_signal(number)
    for run in runs:
        status, answer = run.join()
        assert status == 200 and answer["result"] == "finished", answer
    assert own.process.wait(5) == 0
    assert time.monotonic() - start < 3
    check_nothing_left(own, before, everyone)


def test_new_ones_are_refused(own_service):
    own = own_service()
    with RawConnection(own.client) as kept:
        kept.send(HEALTH)
        assert kept.read_response().status == 200
        run = Running(own.client, sleeping(2))
        wait_busy(own, 1)
        own.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        kept.send(execute_request("def main():\n    return 'too late'"))
        response = kept.read_response()
        assert response.status == 503, response
        answer = response.json()
        assert answer["success"] is False and "drain" in response.body.decode().lower()
        assert answer["message"] and answer["suggestions"]
        assert int(response.headers["retry-after"]) >= 1
        with RawConnection(own.client) as fresh:
            fresh.send(execute_request("def main():\n    return 'too late'"))
            assert fresh.read_response().status == 503
        with RawConnection(own.client) as fresh:
            fresh.send(HEALTH)
            response = fresh.read_response()
            assert response.status == 503 and response.json()["status"] == "draining"
        assert run.join()[1]["result"] == "finished"
    assert own.process.wait(5) == 0


def test_the_wait_is_bounded(own_service):
    before = Surroundings.now()
    own = own_service(drain_timeout=1)
    run = Running(own.client, sleeping(30), timeout=40)
    wait_busy(own, 1)
    everyone = own.tree()
    own.note_cgroups()
    start = time.monotonic()
    own.process.send_signal(signal.SIGTERM)
    assert own.process.wait(10) == 0
    assert 0.9 <= time.monotonic() - start < 4
    status, answer = run.join()
    if status != "closed":
        assert status in (400, 500, 503) and answer["success"] is False, answer
        assert answer["error"] != "runtime_error", "the end of the service is not the script's failure"
    check_nothing_left(own, before, everyone)


def test_idle_connections_do_not_delay_the_end(own_service):
    own = own_service()
    connections = [RawConnection(own.client) for _ in range(5)]
    try:
        for raw in connections[:3]:
            raw.send(HEALTH)
            assert raw.read_response().status == 200
        connections[4].send(b"POST /execute HTTP/1.1\r\nHost: localhost\r\n")
        everyone = own.tree()
        start = time.monotonic()
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(6) == 0
        assert time.monotonic() - start < 3
        assert not proc.wait_gone(everyone, 1)
        for raw in connections:
            assert raw.is_closed(1)
    finally:
        for raw in connections:
            raw.socket.close()


@pytest.mark.needs_process
def test_the_end_while_it_starts(own_service):
    before = Surroundings.now()
    for delay in (0.02, 0.1, 0.3, 0.6):
        own = own_service(wait=False)
        time.sleep(delay)
        everyone = own.tree()
        own.note_cgroups()
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(10) in (0, -signal.SIGTERM), own.log()[-2000:]
        check_nothing_left(own, before, everyone)


def test_the_log_says_so(own_service):
    own = own_service()
    assert wait_until(lambda: own.ready_line() in own.log(), 5) is not None, own.log()
    assert own.stop() == 0
    assert "Sanitizer" not in own.log() and "drain" in own.log().lower()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group(own_service, number):
    """As a terminal sends Ctrl-C: still one graceful end, and no script feels it."""
    own = own_service()
    run = Running(own.client, sleeping(1))
    wait_busy(own, 1)
    everyone = own.tree()
    os.killpg(own.pid, number)
    status, answer = run.join()
    assert own.process.wait(10) == 0
    assert status == 200 and answer["result"] == "finished", answer
    assert not proc.wait_gone(everyone, 2)



def ready(own):
    response = own.client.request("GET", "/health/ready", headers={"Connection": "close"})
    return response.status, response.json()["status"]


@pytest.mark.slow
def test_a_balancer_has_time_to_look(own_service):
    own = own_service(drain_delay=2)
    assert wait_until(lambda: "ready on" in own.log(), 20) is not None
    assert ready(own) == (200, "ready")
    start = time.monotonic()
    own.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: ready(own) == (503, "draining"), 1) is not None
    while time.monotonic() < start + 1.5:
        response = own.client.execute_raw("def main():\n    return 1")
        assert response.status == 200 and response.headers["Connection"] == "close"
        assert ready(own) == (503, "draining")
    assert own.process.wait(5) == 0
    assert 1.9 < time.monotonic() - start < 4


@pytest.mark.slow
def test_a_second_signal_cuts_that_short(own_service):
    own = own_service(drain_delay=30)
    assert wait_until(lambda: "ready on" in own.log(), 20) is not None
    run = Running(own.client, sleeping(1.5))
    wait_busy(own, 1)
    own.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: ready(own) == (503, "draining"), 1) is not None
    own.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: own.client.execute_raw("def main(): pass").status == 503, 1) is not None
    assert run.join()[0] == 200
    assert own.process.wait(5) == 0
