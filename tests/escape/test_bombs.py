"""While a bomb goes off, another client's hello keeps working; afterwards everything is as before."""

import http.client
import json
import os
import threading
import time

import pytest
from integration.support.client import Client
from integration.support.leaks import Footprint, check_no_growth, wait_at_rest

from . import catalogue, judgement

BOMBS = [technique for technique in catalogue.load() if technique.bomb]
QUICK = ("processes", "processes_that_run_away", "memory", "disk", "descriptors", "output", "processor", "threads")
SECONDS = 2.0  # each bomb's timeout
TIMES_THE_QUIET = 5
HELLO = json.dumps({"script": "def main():\n    print('Hello')\n    return 'Hello'"})

pytestmark = pytest.mark.needs_own


class Neighbour:
    """Somebody who says hello all the time, on a connection of their own, and notes how long each took."""

    def __init__(self, daemon):
        self.connection = http.client.HTTPConnection(daemon.host, daemon.port, timeout=20)
        self.times, self.wrong = [], []

    def hello(self):
        started = time.monotonic()
        self.connection.request("POST", "/execute", HELLO, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        self.times.append(time.monotonic() - started)
        if response.status != 200 or answer.get("result") != "Hello":
            self.wrong.append(answer)

    def for_a_while(self, done):
        while not done.is_set():
            self.hello()
            time.sleep(0.004)

    @property
    def p99(self):
        return sorted(self.times)[len(self.times) * 99 // 100]


@pytest.fixture(scope="module")
def warm(module_service):
    """A daemon of its own that every bomb meets; another one once a bomb has done it lasting harm, which is one failure
    and not one of every bomb after it."""
    running = []

    def start():
        own = module_service()
        for _ in range(20):
            own.client.result("def main():\n    return 1")
        running[:] = [own]
        wait_at_rest(own)
        return own

    def get():
        try:
            wait_at_rest(running[0], 5)
            return running[0]
        except (AssertionError, IndexError):
            return start()

    return get


@pytest.fixture
def target(warm):
    return warm()


@pytest.fixture(scope="module")
def quiet_p99(warm):
    neighbour = Neighbour(warm())
    for _ in range(400):
        neighbour.hello()
        time.sleep(0.002)
    return neighbour.p99


def available_memory():
    with open("/proc/meminfo", encoding="utf-8") as file:
        values = {line.split(":")[0]: int(line.split()[1]) << 10 for line in file}
    return values["MemAvailable"]


def explode(target, technique):
    """Runs the bomb beside the neighbour; returns the neighbour."""
    wait_at_rest(target)
    before, memory_before = Footprint.of(target), available_memory()
    neighbour, done, outcome = Neighbour(target), threading.Event(), []

    def bomb():
        client = Client(target.host, target.port, timeout=60)
        started = time.monotonic()
        try:
            fields = {"timeout": SECONDS, "memory_mb": 256, "banner": False}
            outcome.extend(client.execute(catalogue.compose(technique), **fields))
        finally:
            outcome.append(time.monotonic() - started)
            client.close()
            done.set()

    thread = threading.Thread(target=bomb)
    thread.start()
    neighbour.for_a_while(done)
    thread.join()
    assert len(outcome) == 3, "the bomb got no proper answer"
    status, answer, took = outcome
    assert took < SECONDS + 2, f"the run took {took:.1f} s, its limit was {SECONDS} s"
    verdict, said = judgement.judge(technique.rule, status, answer)
    assert verdict == judgement.STOPPED, f"{verdict}: {said}: {answer}"
    assert not neighbour.wrong, neighbour.wrong[:1]
    assert neighbour.times, "the neighbour got no word in"

    for _ in range(3):
        neighbour.hello()
    assert not neighbour.wrong, "after the bomb"
    wait_at_rest(target, 5)
    check_no_growth(before, Footprint.of(target))
    deadline = time.monotonic() + 5
    while available_memory() < memory_before - (300 << 20):
        assert time.monotonic() < deadline, f"{(memory_before - available_memory()) >> 20} MiB are gone from the machine"
        time.sleep(0.2)
    return neighbour


@pytest.mark.parametrize("technique", [t for t in BOMBS if t.function.__name__ in QUICK], ids=lambda technique: technique.id)
def test_contained(target, technique):
    """The short slice: answers keep coming, and soon."""
    neighbour = explode(target, technique)
    assert neighbour.p99 < 1.5, f"a hello took {neighbour.p99:.2f} s"


@pytest.mark.long
@pytest.mark.parametrize("technique", BOMBS, ids=lambda technique: technique.id)
def test_neighbour_is_not_hurt(target, quiet_p99, technique, record_property):
    """p99 of a hello within five times its quiet value."""
    neighbour = explode(target, technique)
    for _ in range(5):
        if len(neighbour.times) < 100:  # a bomb that went out at once is lit again
            neighbour.times += explode(target, technique).times
    ratio = neighbour.p99 / quiet_p99
    record_property("p99_ms", round(neighbour.p99 * 1000, 1))
    record_property("times_the_quiet", round(ratio, 2))
    print(f"{technique.id}: p99 {neighbour.p99 * 1000:.1f} ms, quiet {quiet_p99 * 1000:.1f} ms, {ratio:.1f} times")
    assert ratio <= TIMES_THE_QUIET, f"p99 {neighbour.p99 * 1000:.0f} ms, quiet {quiet_p99 * 1000:.0f} ms: {ratio:.1f} times"


@pytest.mark.long
def test_all_at_once(target):
    """Six bombs of different kinds at the same time, three times over; the service is whole afterwards."""
    kinds = [t for t in BOMBS if t.function.__name__ in ("processes", "memory", "disk", "processor", "output", "descriptors_in_flight")]
    wait_at_rest(target)
    before = Footprint.of(target)
    for _ in range(3):
        answers = []

        def bomb(technique):
            client = Client(target.host, target.port, timeout=60)
            answers.append(client.execute(catalogue.compose(technique), timeout=SECONDS, memory_mb=256))

        threads = [threading.Thread(target=bomb, args=(technique,)) for technique in kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(answers) == len(kinds)
        assert target.client.result("def main():\n    return 'well'") == "well"
    wait_at_rest(target)
    check_no_growth(before, Footprint.of(target))
    assert os.path.exists(f"/proc/{target.pid}")
