"""What the service does when its host has no memory, processes, descriptors, disk or connections left for it: it says so,
answers 503 where it cannot run a script, blames no script, and goes on as soon as there is enough again."""

import os
import pathlib
import resource
import signal
import subprocess
import threading
import time

import pytest

from .support import groups
from .support.raw import RawConnection, wait_until

pytestmark = [pytest.mark.needs_own, pytest.mark.needs_process, pytest.mark.slow]

HELLO = "def main():\n    return 'hello'"
MIB = 1 << 20

around = pytest.mark.skipif(not (groups.can_be_made("memory") and groups.can_be_made("pids")), reason="needs root and groups")


def heals(own, seconds=5):
    """Answers as ever, for as many runs in a row as there are sandboxes and more."""
    assert wait_until(lambda: own.client.execute(HELLO)[0] == 200, seconds) is not None, own.log()[-3000:]
    for _ in range(30):
        assert own.client.execute(HELLO)[0] == 200


def machine_oom_kills():
    with open("/proc/vmstat", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("oom_kill "))


def answers_while(own, condition, seconds):
    """Statuses of one request after the other until the condition holds or the time is over."""
    statuses, end = [], time.monotonic() + seconds
    while time.monotonic() < end and not condition(statuses):
        status, answer = own.client.execute(HELLO)
        statuses.append((status, answer.get("error")))
    return statuses


@around
@pytest.mark.needs_root
def test_no_memory(own_service):
    """The limit of the container or unit is met, and none of the script's own: the kernel ends the script."""
    with groups.group("memory") as group:
        own = own_service(run_with=group.run_with, memory_overcommit_percent=0, max_memory_mb=4096)
        own.client.result(HELLO)
        group.limit(group.current() + 150 * MIB)
        status, answer = own.client.execute("def main():\n    return len(b'x' * (1 << 30))", memory_mb=3000)
        assert (status, answer["error"]) == (500, "internal_error"), answer
        assert "no memory left" in own.log()
        group.limit(-1 if "in_bytes" in group.names["limit"] else "max")
        heals(own, 20)
        # Who kills himself is told so, as ever.
        time.sleep(1.2)
        status, answer = own.client.execute("import os\ndef main():\n    os.kill(os.getpid(), 9)")
        assert (status, answer["error"], answer["return_code"]) == (400, "runtime_error", 137), answer
        own.stop()


@around
def test_another_group_without_memory_is_none_of_ours(own_service):
    """Processes of somebody else are ended for their group's limit, all the time; who kills himself meanwhile is told so."""
    own = own_service()
    own.client.result(HELLO)
    with groups.group("memory") as group:
        group.limit(16 * MIB)
        bomb = "while :; do python3 -c 'len(bytearray(64 << 20))' 2>/dev/null; done"
        with subprocess.Popen([*group.run_with, "sh", "-c", bomb], stderr=subprocess.DEVNULL, start_new_session=True) as other:
            try:
                before, end = machine_oom_kills(), time.monotonic() + 30
                while machine_oom_kills() < before + 5:
                    assert time.monotonic() < end, "hardly anybody was ended"
                    status, answer = own.client.execute("import os\ndef main():\n    os.kill(os.getpid(), 9)")
                    assert (status, answer["error"], answer["return_code"]) == (400, "runtime_error", 137), answer
            finally:
                os.killpg(other.pid, signal.SIGKILL)


@around
@pytest.mark.needs_root
def test_no_processes(own_service):
    with groups.group("pids") as group:
        own = own_service(run_with=group.run_with, queue_timeout=1)
        own.client.result(HELLO)
        assert wait_until(lambda: own.health()[1]["pool"]["ready"] == own.health()[1]["pool"]["size"], 20) is not None
        group.limit(1)  # those that are there stay
        statuses = answers_while(own, lambda seen: (503, "overloaded") in seen, 20)
        assert set(statuses) == {(200, None), (503, "overloaded")}, (statuses, own.log()[-6000:])
        assert own.client.request("GET", "/health/live").status == 200
        assert "Resource temporarily unavailable" in own.log(), own.log()[-3000:]
        group.limit("max")
        heals(own, 10)
        own.stop()


@pytest.mark.needs_root
def test_no_descriptors(own_service):
    own = own_service(queue_timeout=1)
    own.client.result(HELLO)
    assert wait_until(lambda: own.health()[1]["pool"]["ready"] == own.health()[1]["pool"]["size"], 20) is not None
    keeper = own.one("pyexec-keeper").pid
    before = resource.prlimit(keeper, resource.RLIMIT_NOFILE)
    resource.prlimit(keeper, resource.RLIMIT_NOFILE, (3, before[1]))
    statuses = answers_while(own, lambda seen: (503, "overloaded") in seen, 20)
    assert set(statuses) == {(200, None), (503, "overloaded")}, statuses
    assert "Too many open files" in own.log(), own.log()[-3000:]
    resource.prlimit(keeper, resource.RLIMIT_NOFILE, before)
    heals(own, 10)


def test_fewer_descriptors_than_connections(own_service):
    """What is left for clients is counted at the start and said; who comes beyond that is told so."""
    own = own_service(run_with=("prlimit", "--nofile=700:700"), max_running=8, max_connections=1000)
    own.client.result(HELLO)
    assert "max_connections is lowered from 1000 to" in own.log()
    held = []
    try:
        for _ in range(900):
            raw = RawConnection(own.client)
            held.append(raw)
            raw.send(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        statuses = [raw.read_response().status for raw in held]
        assert set(statuses) == {200, 503}, set(statuses)
    finally:
        for raw in held:
            raw.socket.close()
    heals(own)


def test_a_thousand_connections_of_which_nine_hundred_are_slow_or_dead(own_service):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    own = own_service(max_connections=1024, header_timeout=8, body_timeout=8, idle_timeout=60)
    post = b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n"
    slow = []
    try:
        for beginning in (b"", b"POST /execute HTTP/1.1\r\nHost: lo", post + b"\r\n" + b'{"script": "'):
            for _ in range(300):
                raw = RawConnection(own.client)
                raw.send(beginning)
                slow.append(raw)
        stop = threading.Event()

        def drip():
            while not stop.is_set():
                for raw in slow[300:]:
                    try:
                        raw.socket.send(b"x")
                    except OSError:
                        pass
                stop.wait(1)

        dripping = threading.Thread(target=drip)
        dripping.start()
        outcomes, times = [], []

        def work():
            client = type(own.client)(own.host, own.port, timeout=20)
            for _ in range(10):
                started = time.monotonic()
                outcomes.append(client.execute(HELLO)[0])
                times.append(time.monotonic() - started)
            client.close()

        workers = [threading.Thread(target=work) for _ in range(100)]
        for thread in workers:
            thread.start()
        for thread in workers:
            thread.join(60)
        assert outcomes == [200] * 1000, {status: outcomes.count(status) for status in set(outcomes)}
        # Their time is over: each of the 600 that began something has been told so or closed.
        deadline = time.monotonic() + 12
        while time.monotonic() < deadline and own.client.execute(HELLO)[0] == 200:
            time.sleep(0.5)
        stop.set()
        dripping.join()
        for raw in slow[300:]:
            raw.socket.settimeout(5)
            data = raw.socket.recv(4096)
            assert data == b"" or data.startswith(b"HTTP/1.1 408"), data[:100]
    finally:
        for raw in slow:
            raw.socket.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    heals(own)


@pytest.mark.needs_root
def test_no_room_for_private_directories(own_service, public_directory):
    """Without namespaces they lie on a disk, which somebody else has filled."""
    place = pathlib.Path(public_directory) / "small"
    place.mkdir()
    assert os.system(f"mount -t tmpfs -o size=2m,mode=0755 none {place}") == 0
    try:
        own = own_service(isolation="landlock", private_base=str(place), sandbox_root="/nonexistent", queue_timeout=1)
        own.client.result(HELLO)
        with open(place / "filled", "wb") as file:
            try:
                while True:
                    file.write(bytes(65536))
                    file.flush()
            except OSError:
                pass
        # Those that were ready are used up, and no others are made.
        statuses = answers_while(own, lambda seen: (503, "overloaded") in seen, 20)
        assert set(statuses) == {(200, None), (503, "overloaded")}, statuses
        assert "private directories: No space left on device" in own.log(), own.log()[-3000:]
        os.remove(place / "filled")
        heals(own, 10)
        own.stop()
    finally:
        os.system(f"umount -l {place}")
