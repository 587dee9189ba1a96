"""Five services behind HAProxy, with the file of deploy/, each in a network namespace of its own as on a machine of its
own: shares, the death of one, the drain of one, one version after the other."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter

import pytest

from .support import proc
from .support.client import free_port
from .support.daemon import Daemon
from .support.raw import wait_until

pytestmark = [pytest.mark.needs_own, pytest.mark.needs_process, pytest.mark.needs_root, pytest.mark.slow]

CONFIGURATION = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "haproxy", "haproxy.cfg")
NAMES = ("one", "two", "three", "four", "five")
BRIDGE = f"pyx{os.getpid() % 100000}"
SLEEP = "import time\ndef main(token):\n    time.sleep(0.05)\n    return token"
BUSY = "def main(token):\n    sum(range(60000))\n    return token"


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


class Machines:
    """A bridge, and a network namespace at it for each name; the host has the bridge's first address."""

    def __init__(self):
        self.spaces = {name: f"{BRIDGE}-{name}" for name in NAMES}
        self.addresses = {name: f"10.213.77.{number}" for number, name in enumerate(NAMES, 11)}

    def make(self):
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", "10.213.77.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for number, (name, space) in enumerate(self.spaces.items()):
            outside, inside = f"{BRIDGE}o{number}", f"{BRIDGE}i{number}"
            ip("netns", "add", space)
            ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", space)
            ip("link", "set", outside, "master", BRIDGE, "up")
            ip("-n", space, "addr", "add", f"{self.addresses[name]}/24", "dev", inside)
            ip("-n", space, "link", "set", inside, "up")
            ip("-n", space, "link", "set", "lo", "up")

    def remove(self):
        for space in self.spaces.values():
            ip("netns", "del", space, check=False)
        ip("link", "del", BRIDGE, check=False)


@pytest.fixture(scope="module")
def machines():
    machines = Machines()
    try:
        machines.make()
        yield machines
    finally:
        machines.remove()


class Fleet(dict):
    """{name: the service on that machine}"""

    def __init__(self, machines, directory):
        super().__init__()
        self.machines, self.directory, self.count = machines, directory, 0

    def start(self, name):
        # Not `ip netns exec`, which hides the control groups.
        enter = ("nsenter", f"--net=/run/netns/{self.machines.spaces[name]}")
        own = Daemon(self.directory, host=self.machines.addresses[name], port=8080, run_with=enter, pool_lean=2, pool_data=1, drain_delay=3)
        self.count += 1
        own.log_path = str(self.directory / f"{name}-{self.count}.log")
        self[name] = own
        return own.start()


@pytest.fixture(scope="module")
def all_machines(machines, tmp_path_factory):
    fleet = Fleet(machines, tmp_path_factory.mktemp("fleet"))
    yield fleet
    for own in fleet.values():
        if own in Daemon.live:
            own.kill()


@pytest.fixture
def fleet(all_machines):
    """With a service on each: what the test before has ended is started again."""
    for name in NAMES:
        if name not in all_machines or all_machines[name].process.poll() is not None:
            all_machines.start(name)
    return all_machines


@pytest.fixture
def balancer(machines, fleet, tmp_path):
    """The port on loopback that HAProxy listens on."""
    port = free_port()
    with open(CONFIGURATION, encoding="utf-8") as file:
        text = file.read()
    changes = [(":443 ssl crt /etc/haproxy/run.example.org.pem alpn h2,http/1.1", f"127.0.0.1:{port}")]
    changes += [(f"192.0.2.{number}:", f"{machines.addresses[name]}:") for number, name in enumerate(NAMES, 1)]
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "haproxy.cfg"
    path.write_text(text, encoding="utf-8")
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    with open(tmp_path / "haproxy.log", "wb") as log, subprocess.Popen(
        [program, "-db", "-f", path], stdout=log, stderr=log,
        preexec_fn=lambda: proc.prctl(proc.PR_SET_PDEATHSIG, signal.SIGKILL),
    ) as process:  # fmt: skip
        try:
            assert wait_until(lambda: reachable(port), 15) is not None, (tmp_path / "haproxy.log").read_text()
            time.sleep(2.5)  # every instance was looked at
            yield port
        finally:
            process.kill()


def reachable(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Clients:
    """Threads that post through the balancer until stop(); each answer must be that request's own."""

    def __init__(self, port, script, count=10, retry=False):
        self.port, self.script, self.retry = port, script, retry
        self.outcomes, self.wrong = Counter(), []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            if thread.is_alive():
                self.wrong.append("a client still waits for an answer")

    def _send(self, token):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": token} if self.retry else {})}
        try:
            connection.request("POST", "/execute", json.dumps({"script": self.script, "args": [token]}), headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, type(error).__name__.encode()
        finally:
            connection.close()

    def _work(self, number):
        count = 0
        while not self._stop.is_set():
            token = f"token-{os.getpid()}-{number}-{count}"
            count += 1
            status, text = self._send(token)
            for _ in range(5 if self.retry else 0):
                if status == 200:
                    break
                time.sleep(0.1)
                status, text = self._send(token)
            self.outcomes[status] += 1
            if status == 200 and json.loads(text)["result"] != token:
                self.wrong.append(text)


def runs_of(own):
    text = own.client.request("GET", "/metrics", headers={"Connection": "close"}).body.decode()
    lines = [line for line in text.splitlines() if line.startswith("pyexecd_run_duration_seconds_count")]
    return float(lines[0].split()[-1])


def cpu_seconds(own):
    """Of all its processes that live."""
    ticks = 0
    for process in own.tree():
        try:
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
                ticks += sum(map(int, file.read().rsplit(")", 1)[1].split()[11:15]))
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def test_each_instance_gets_its_share(fleet, balancer, record_property):
    before = {name: runs_of(own) for name, own in fleet.items()}
    with Clients(balancer, BUSY) as clients:
        time.sleep(6)
    runs = {name: runs_of(own) - before[name] for name, own in fleet.items()}
    record_property("runs", runs)
    assert not clients.wrong and set(clients.outcomes) == {200}, clients.outcomes
    assert sum(runs.values()) == clients.outcomes[200] > 100
    mean = sum(runs.values()) / len(runs)
    assert all(0.5 * mean < count < 1.6 * mean for count in runs.values()), runs


def test_one_is_killed_under_load(fleet, balancer):
    """Only what ran on it is lost: at most its clients' requests, and no other's."""
    count = 10
    with Clients(balancer, SLEEP, count) as clients:
        time.sleep(2)
        fleet["three"].kill()
        time.sleep(4)
    lost = clients.outcomes.total() - clients.outcomes[200]
    assert not clients.wrong and lost <= count, clients.outcomes
    assert set(clients.outcomes) <= {200, 502, 0}, clients.outcomes
    assert clients.outcomes[200] > 10 * count


def test_one_is_killed_under_load_of_clients_that_repeat(fleet, balancer):
    with Clients(balancer, SLEEP, retry=True) as clients:
        time.sleep(2)
        fleet["two"].kill()
        time.sleep(4)
    assert not clients.wrong and set(clients.outcomes) == {200}, clients.outcomes


def test_one_is_drained_under_load(fleet, balancer):
    """And comes back as another version would: no request notices."""
    with Clients(balancer, SLEEP) as clients:
        time.sleep(2)
        fleet["four"].stop()
        time.sleep(3)
    assert not clients.wrong and set(clients.outcomes) == {200}, clients.outcomes


def test_every_instance_in_turn_is_replaced_under_load(fleet, balancer):
    """An upgrade of the whole fleet, and back again."""
    with Clients(balancer, SLEEP, 6) as clients:
        for name in NAMES:
            fleet[name].stop()
            fleet.start(name)
            time.sleep(2.5)  # seen as ready
    assert not clients.wrong and set(clients.outcomes) == {200}, clients.outcomes


def test_the_same_key_runs_once(fleet, balancer):
    before = sum(runs_of(own) for own in fleet.values())
    answers = []
    for _ in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", balancer, timeout=30)
        body = json.dumps({"script": "import uuid\ndef main():\n    return str(uuid.uuid4())"})
        connection.request("POST", "/execute", body, {"Content-Type": "application/json", "Idempotency-Key": "once"})
        answers.append(json.loads(connection.getresponse().read())["result"])
        connection.close()
    assert len(set(answers)) == 1
    assert sum(runs_of(own) for own in fleet.values()) - before == 1


def test_nobody_outside_sees_metrics(fleet, balancer):
    connection = http.client.HTTPConnection("127.0.0.1", balancer, timeout=30)
    connection.request("GET", "/metrics")
    assert connection.getresponse().status == 404
    connection.close()
