"""SIGUSR2: one version becomes the next with the same process number and listening socket, and no client notices."""

import http.client
import json
import os
import shutil
import signal
import threading
import time

import pytest

from .support import proc
from .support.daemon import Daemon, binary
from .support.raw import RawConnection, execute_request, wait_until

pytestmark = pytest.mark.needs_process

QUICK = "def main(x=0):\n    return x"
BODY = {"Content-Type": "application/json"}
SECONDS_MOST = 60


class Clients:
    """Some with a connection that they keep, some with a new one for each request. Every failure is noted, none is retried."""

    def __init__(self, own, kept=3, fresh=3):
        self.own, self.ending = own, False
        self.answered, self.failures, self.closed_by_answer = 0, [], 0
        self._lock = threading.Lock()
        ways = [self._keep] * kept + [self._renew] * fresh
        self._threads = [threading.Thread(target=way, daemon=True) for way in ways]
        for thread in self._threads:
            thread.start()

    def _ask(self, connection, number):
        body = json.dumps({"script": QUICK, "args": [number]})
        connection.request("POST", "/execute", body, BODY)
        response = connection.getresponse()
        answer = json.loads(response.read())
        with self._lock:
            if response.status == 200 and answer["result"] == number:
                self.answered += 1
            else:
                self.failures.append((response.status, answer))
            if response.will_close:
                self.closed_by_answer += 1
        return response.will_close

    def _loop(self, keep):
        connection, number = None, threading.get_ident()
        while not self.ending:
            number += 1
            if connection is None:
                connection = http.client.HTTPConnection(self.own.host, self.own.port, timeout=30)
            try:
                closes = self._ask(connection, number)
            except (OSError, http.client.HTTPException, ValueError) as error:
                with self._lock:
                    self.failures.append(repr(error))
                closes = True
            if closes or not keep:
                connection.close()
                connection = None
            time.sleep(0.01)

    def _keep(self):
        self._loop(keep=True)

    def _renew(self):
        self._loop(keep=False)

    def end(self):
        self.ending = True
        for thread in self._threads:
            thread.join(40)
        assert not any(thread.is_alive() for thread in self._threads)


def keepers(own):
    """Of the launcher's own children: what a keeper has just forked bears its name for a moment."""
    return {process.pid for process in own.named("pyexec-keeper") if process.ppid == own.pid}


def take_over(own):
    """Sends the signal and waits until the new keeper serves and the old one has ended. Returns both their numbers."""
    (old,) = keepers(own)
    finished = own.log().count("the version before has finished")
    own.process.send_signal(signal.SIGUSR2)
    done = wait_until(lambda: own.log().count("the version before has finished") > finished, SECONDS_MOST)
    assert done is not None, own.log()[-3000:]
    (new,) = keepers(own)
    assert new != old
    return old, new


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.long)])
def test_no_connection_is_refused_or_reset_under_load(own_service, times):
    own = own_service()
    pid = own.pid
    clients = Clients(own)
    try:
        time.sleep(0.5)
        for _ in range(times):
            take_over(own)
            before = clients.answered
            assert wait_until(lambda: clients.answered > before + 10, 10) is not None
    finally:
        clients.end()
    assert clients.failures == [], clients.failures[:5]
    assert clients.answered > 50 and clients.closed_by_answer >= 3
    assert own.pid == pid and own.process.poll() is None
    assert own.stop() == 0


@pytest.mark.long
def test_what_runs_is_finished_by_the_version_that_began_it(own_service):
    """However long it may take by its own limit: the drain's eight seconds are for an end that somebody waits for."""
    own = own_service(drain_timeout=1)
    answers = []
    script = "import time\ndef main():\n    time.sleep(6)\n    return 'from the old one'"
    thread = threading.Thread(target=lambda: answers.append(own.client.execute(script, timeout=20)))
    thread.start()
    assert wait_until(lambda: own.health()[1]["pool"]["busy"] == 1, 5) is not None
    take_over(own)
    thread.join()
    status, answer = answers[0]
    assert status == 200 and answer["result"] == "from the old one"


def test_an_open_connection_gets_one_more_answer_and_hears_that_it_was_the_last(own_service):
    own = own_service()
    (old,) = keepers(own)
    with RawConnection(own.client) as kept:
        kept.send(execute_request(QUICK, args=[1]))
        assert kept.read_response().json()["result"] == 1
        own.process.send_signal(signal.SIGUSR2)
        assert wait_until(lambda: "another version serves now" in own.log(), SECONDS_MOST) is not None, own.log()[-2000:]
        time.sleep(0.3)
        assert old in keepers(own), "an idle connection is not closed under the client's hands"
        kept.send(execute_request(QUICK, args=[2]))
        response = kept.read_response()
        assert response.status == 200 and response.json()["result"] == 2
        assert response.headers["connection"].lower() == "close" and kept.is_closed(3)
    assert wait_until(lambda: keepers(own) and old not in keepers(own), 10) is not None


@pytest.mark.long
def test_settings_are_those_of_now(own_service, public_directory):
    """What SIGHUP cannot change, this can."""
    path = public_directory / "pyexecd.conf"
    path.write_text("max_running = 3\nmax_timeout = 20\n", encoding="utf-8")
    own = own_service(config=path)
    path.write_text("max_running = 4\npool_lean = 2\npool_data = 2\nmax_timeout = 21\n", encoding="utf-8")
    take_over(own)
    assert own.health()[1]["pool"]["size"] == 4
    assert "max_timeout is 21" in own.client.refusal(script=QUICK, timeout=60)["message"]


@pytest.mark.parametrize("text", ["max_timeot = 5\n", pytest.param("max_timeout = 1\n", marks=pytest.mark.long)])
def test_settings_that_cannot_be_stop_it_before_it_begins(own_service, public_directory, text):
    path = public_directory / "pyexecd.conf"
    path.write_text("max_timeout = 20\n", encoding="utf-8")
    own = own_service(config=path)
    before = keepers(own)
    path.write_text(text, encoding="utf-8")
    own.process.send_signal(signal.SIGUSR2)
    assert wait_until(lambda: "this version goes on" in own.log(), 10) is not None
    assert f"{path}:1: " in own.log()
    assert keepers(own) == before and own.client.result(QUICK, args=[5]) == 5


@pytest.fixture
def installed(own_service, public_directory, monkeypatch):
    """A service whose programs are copies that a test may change."""
    place = public_directory / "bin"
    shutil.copytree(os.path.dirname(binary()), place)
    monkeypatch.setenv("PYEXEC_BIN", str(place / "pyexecd"))
    yield own_service(), place


def replace(place, name, text):
    """As a package manager does: another file under the same name."""
    new = place / f"{name}.new"
    new.write_text(text, encoding="utf-8")
    new.chmod(0o755)
    new.rename(place / name)


@pytest.mark.long
def test_a_new_version_that_cannot_serve_leaves_the_old_one_serving(installed):
    own, place = installed
    before = keepers(own)
    clients = Clients(own, kept=1, fresh=1)
    replace(place, "pyexec-guest", "#!/bin/sh\nexit 1\n")
    own.process.send_signal(signal.SIGUSR2)
    assert wait_until(lambda: "the one before goes on" in own.log(), SECONDS_MOST) is not None, own.log()[-2000:]
    time.sleep(0.5)
    clients.end()
    assert clients.failures == [] and clients.answered > 5
    assert keepers(own) == before
    assert own.stop() == 0


@pytest.mark.long
def test_a_program_that_is_none_changes_nothing(installed):
    own, place = installed
    before = keepers(own)
    replace(place, "pyexecd", "not a program")
    own.process.send_signal(signal.SIGUSR2)
    assert wait_until(lambda: "this version goes on" in own.log(), 10) is not None
    assert keepers(own) == before and own.client.result(QUICK, args=[6]) == 6


@pytest.mark.long
def test_the_end_in_the_middle(own_service):
    for delay in (0.05, 0.3, 1.0):
        own = own_service()
        own.process.send_signal(signal.SIGUSR2)
        time.sleep(delay)
        everyone = own.tree()
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(15) == 0, own.log()[-2000:]
        assert not proc.wait_gone(everyone, 2)
        if own in Daemon.live:
            Daemon.live.remove(own)


@pytest.mark.long
@pytest.mark.parametrize("which", ["old", "new"])
def test_a_keeper_that_is_killed_in_the_middle(own_service, which):
    own = own_service()
    (old,) = keepers(own)
    own.process.send_signal(signal.SIGUSR2)
    assert wait_until(lambda: len(keepers(own)) == 2, 10) is not None
    (new,) = keepers(own) - {old}
    os.kill(old if which == "old" else new, signal.SIGKILL)
    assert wait_until(lambda: len(keepers(own)) == 1, 20) is not None
    own.wait_healthy(20)
    assert own.client.result(QUICK, args=[7]) == 7
    assert own.stop() == 0
