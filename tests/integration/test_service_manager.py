"""What a service manager gives and wants: a listening socket (LISTEN_FDS), READY, RELOADING, STOPPING, the watchdog."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest

from .support import proc
from .support.daemon import Daemon
from .support.raw import wait_until

pytestmark = pytest.mark.needs_process

QUICK = "def main():\n    return 'done'"
NOBODYS = "192.0.2.1:1"  # no machine has this address: who listens must have been given a socket


class Activated(Daemon):
    """Started with sockets on the descriptors from 3 on, by way of a shell that knows its own process number."""

    def __init__(self, directory, sockets, pid="$$", count=None, **settings):
        super().__init__(directory, **settings)
        self.sockets, self.listen_pid, self.count = sockets, pid, count or len(sockets)

    def command(self):
        (*user, program) = [word for word in super().command() if not word.startswith("--listen=")][:1]
        flags = [word for word in super().command()[1:] if not word.startswith("--listen=")]
        moves = " ".join(f"{3 + i}<&{one.fileno()}" for i, one in enumerate(self.sockets))
        script = f'exec {moves}; LISTEN_PID={self.listen_pid} LISTEN_FDS={self.count} exec "$@"'
        return [*user, "bash", "-c", script, "sh", program, f"--listen={NOBODYS}", *flags]

    def start(self, wait=True):
        for one in self.sockets:
            one.set_inheritable(True)
        self.environment["LISTEN_FDNAMES"] = "http"
        popen = subprocess.Popen
        subprocess.Popen = lambda *arguments, **options: popen(*arguments, close_fds=False, **options)
        try:
            return super().start(wait)
        finally:
            subprocess.Popen = popen


@pytest.fixture
def listening():
    one = socket.create_server(("127.0.0.1", 0), backlog=64)
    yield one
    one.close()


@pytest.fixture
def activated(tmp_path):
    started = []

    def start(sockets, wait=True, **options):
        own = Activated(tmp_path, sockets, port=sockets[0].getsockname()[1], **options)
        started.append(own)
        return own.start(wait)

    yield start
    for own in started:
        if own in Daemon.live:
            own.kill() if own.process.poll() is not None else own.stop()


class TestSocketActivation:
    def test_the_socket_that_is_handed_over_is_served(self, activated, listening):
        own = activated([listening])
        assert own.client.result(QUICK) == "done"
        assert f"ready on http://127.0.0.1:{own.port}" in own.log()
        assert own.stop() == 0

    def test_a_unix_socket_is_served_to_whom_its_directory_lets_in(self, tmp_path):
        """No port at all; for Host and Origin it is the machine itself, as loopback is."""
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / "socket"))
            listening.listen()
            own = Activated(tmp_path, [listening])
            try:
                own.start(wait=False)
                assert wait_until(lambda: "ready on http://unix" in own.log(), 20), own.log()
                assert "anybody" not in own.log() and "API key" not in own.log()
                for host, expected in (("localhost", (200, "done")), ("evil.example", (403, None))):
                    body = json.dumps({"script": QUICK}).encode()
                    with socket.socket(socket.AF_UNIX) as client:
                        client.settimeout(20)
                        client.connect(str(tmp_path / "socket"))
                        client.sendall(
                            f"POST /execute HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body
                        )
                        head, answer = b"".join(iter(lambda: client.recv(65536), b"")).split(b"\r\n\r\n")
                    assert (int(head.split()[1]), json.loads(answer).get("result")) == expected, answer
            finally:
                assert own.stop() == 0

    def test_a_restart_refuses_nobody(self, activated, listening):
        """The manager keeps the socket: who comes in between waits in its queue."""
        first = activated([listening])
        assert first.stop() == 0
        waiting = socket.create_connection(("127.0.0.1", first.port), timeout=20)
        waiting.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        activated([listening])
        assert waiting.recv(100).startswith(b"HTTP/1.1 200")
        waiting.close()

    def test_variables_for_another_process_are_not_ours(self, activated, listening):
        own = activated([listening], wait=False, pid="1")
        assert own.process.wait(10) == 1 and f"cannot listen on {NOBODYS}" in own.log()

    @pytest.mark.parametrize("make", ["two", "datagram", "connected"])
    def test_what_is_no_listening_socket_is_refused(self, activated, listening, make):
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if make == "datagram" else socket.SOCK_STREAM)
        if make == "connected":
            other.connect(listening.getsockname())
        if make == "datagram":
            other.bind(("127.0.0.1", 0))
        sockets = [listening, other] if make == "two" else [other]
        own = activated(sockets, wait=False)
        assert own.process.wait(10) == 1
        assert "LISTEN_FDS hands over" in own.log()
        other.close()


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(0.05)
        self.messages = []
        if not address.startswith("\0"):
            os.chmod(address, 0o777)

    def read(self):
        try:
            while True:
                self.messages.append((time.monotonic(), self.socket.recv(4096).decode()))
        except TimeoutError:
            return self.messages

    def count(self, words):
        return sum(words in text for _, text in self.read())

    def wait(self, words, more_than=0, seconds=20):
        assert wait_until(lambda: self.count(words) > more_than, seconds) is not None, (words, self.messages)


@pytest.fixture(params=["path", pytest.param("abstract", marks=pytest.mark.long)])
def manager(request, public_directory):
    name = str(public_directory / "notify") if request.param == "path" else f"\0pyexecd-test-{os.getpid()}"
    made = Manager(name)
    made.variable = name.replace("\0", "@")
    yield made
    made.socket.close()


class TestNotify:
    def test_ready_reloading_and_stopping(self, manager, own_service):
        own = own_service(environment={"NOTIFY_SOCKET": manager.variable})
        manager.wait("READY=1")
        assert f"STATUS=Serving on http://127.0.0.1:{own.port}" in manager.messages[-1][1]
        assert manager.count("WATCHDOG=1") == 0, "nobody asked for it"
        own.process.send_signal(signal.SIGHUP)
        manager.wait("RELOADING=1\nMONOTONIC_USEC=")
        manager.wait("READY=1", more_than=1)
        own.process.send_signal(signal.SIGUSR2)
        manager.wait("RELOADING=1", more_than=1)
        manager.wait("READY=1", more_than=2, seconds=60)
        own.process.send_signal(signal.SIGTERM)
        manager.wait("STOPPING=1")
        assert own.process.wait(30) == 0

    @pytest.mark.long
    def test_ready_means_that_a_script_runs_at_once(self, manager, own_service):
        own = own_service(wait=False, environment={"NOTIFY_SOCKET": manager.variable})
        manager.wait("READY=1")
        answer = own.client.execute(QUICK)[1]
        assert answer["result"] == "done" and answer["usage"]["queue_ms"] < 50
        assert own.client.request("GET", "/health/ready").status == 200

    def test_the_watchdog_hears_of_the_keeper_s_loop(self, manager, own_service):
        own = own_service(environment={"NOTIFY_SOCKET": manager.variable, "WATCHDOG_USEC": "2000000"})
        manager.wait("WATCHDOG=1", more_than=3, seconds=10)
        times = [at for at, text in manager.messages if text == "WATCHDOG=1"]
        assert all(later - earlier < 1.9 for earlier, later in zip(times, times[1:])), times
        keeper = own.one("pyexec-keeper").pid
        os.kill(keeper, signal.SIGSTOP)
        try:
            time.sleep(0.3)
            stopped_at = manager.count("WATCHDOG=1")
            time.sleep(1.5)
            assert manager.count("WATCHDOG=1") == stopped_at, "a keeper that hangs is not alive"
        finally:
            os.kill(keeper, signal.SIGCONT)
        manager.wait("WATCHDOG=1", more_than=stopped_at)

    @pytest.mark.long
    def test_a_watchdog_for_another_process_is_not_ours(self, manager, own_service):
        own_service(environment={"NOTIFY_SOCKET": manager.variable, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"})
        manager.wait("READY=1")
        time.sleep(1.2)
        assert manager.count("WATCHDOG=1") == 0

    @pytest.mark.long
    def test_a_manager_that_does_not_read_holds_nothing_up(self, own_service, public_directory):
        deaf = Manager(str(public_directory / "deaf"))
        own = own_service(environment={"NOTIFY_SOCKET": str(public_directory / "deaf"), "WATCHDOG_USEC": "1000"})
        for _ in range(30):
            own.process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        assert own.client.result(QUICK) == "done" and own.stop() == 0
        deaf.socket.close()


def test_no_process_of_ours_but_the_launcher_is_told_of_the_manager(own_service, manager):
    """The variables go no further: neither front nor a guest nor a script could forge a READY."""
    own = own_service(environment={"NOTIFY_SOCKET": manager.variable, "WATCHDOG_USEC": "2000000"})
    assert own.client.result("import os\ndef main():\n    return sorted(os.environ)").count("NOTIFY_SOCKET") == 0
    for process in own.tree():
        if process.comm in ("pyexec-front", "pyexec-guest"):
            with open(f"/proc/{process.pid}/environ", "rb") as file:
                assert b"NOTIFY_SOCKET" not in file.read(), process
    assert proc.read_process(own.pid)
