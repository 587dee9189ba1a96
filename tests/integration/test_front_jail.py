"""The processes as the kernel sees them: front is jailed before it reads a byte, and so is every sandbox."""

import os
import threading
import time

import pytest

from .support import proc
from .support.daemon import USER
from .support.leaks import wait_at_rest
from .support.raw import RawConnection, wait_until

pytestmark = pytest.mark.needs_process

NAMESPACES = ("user", "mnt", "net", "pid", "ipc", "uts")


def namespaces(pid):
    return {name: os.readlink(f"/proc/{pid}/ns/{name}") for name in NAMESPACES}


@pytest.fixture
def front(daemon, service):
    return daemon.one("pyexec-front")


def check_unprivileged(pid):
    status = proc.status(pid)
    assert status["Seccomp"] == "2", "a filter is in force"
    assert status["NoNewPrivs"] == "1"
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0, (name, status[name])
    assert "0" not in status["Uid"].split() and "0" not in status["Gid"].split()
    assert "0" not in status["Groups"].split()


class TestFront:
    def test_has_no_privilege(self, front):
        check_unprivileged(front.pid)

    def test_has_one_thread(self, front):
        assert proc.status(front.pid)["Threads"] == "1"

    def test_has_an_empty_root(self, front):
        assert os.listdir(f"/proc/{front.pid}/root/") == []

    def test_has_namespaces_of_its_own(self, front):
        ours, fronts = namespaces(os.getpid()), namespaces(front.pid)
        assert fronts["mnt"] != ours["mnt"] and fronts["net"] != ours["net"]

    def test_cannot_be_looked_into_by_its_peers(self, front):
        assert os.stat(f"/proc/{front.pid}/mem").st_uid == 0, "not dumpable"

    def test_holds_few_descriptors_of_known_kinds(self, daemon, front):
        wait_at_rest(daemon)
        found = proc.descriptors(front.pid)
        ready = daemon.health()[1]["pool"]["ready"]
        unknown = {}
        for number, link in found.items():
            kind = link.split(":")[0]
            known = kind in ("socket", "pipe", "anon_inode") or link.startswith("/memfd:") or link == "/dev/null"
            if not (known or (number in (1, 2) and link == daemon.log_path)):
                unknown[number] = link
        assert not unknown
        assert len(found) <= 16 + 4 * (ready + 2), found

    def test_holds_nothing_of_a_run_that_is_over(self, daemon, service, front):
        wait_at_rest(daemon)
        before = len(proc.descriptors(front.pid))
        for _ in range(50):
            service.execute("def main():\n    print('x')", timeout=5)
        wait_at_rest(daemon)
        assert len(proc.descriptors(front.pid)) <= before + 2

    def test_shows_no_environment(self, front):
        with open(f"/proc/{front.pid}/environ", "rb") as file:
            assert b"SECRET_OF_THE_HOST" not in file.read()

    def test_is_its_own_program_without_python(self, front):
        with open(f"/proc/{front.pid}/maps", encoding="utf-8") as file:
            maps = file.read()
        assert "pyexec-front" in maps and "libpython" not in maps

    def test_is_jailed_before_its_first_byte(self, own_service):
        """A client that connects as soon as the port is open finds it jailed already."""
        own = own_service(wait=False)
        deadline = time.monotonic() + 15
        while True:
            try:
                raw = RawConnection(own.client, timeout=10)
                break
            except OSError:
                assert time.monotonic() < deadline and own.process.poll() is None, own.log()
        with raw:
            raw.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            first = raw.read_response()
            assert (first.status, first.json()["status"]) in [(200, "healthy"), (503, "starting"), (503, "unhealthy")]
            check_unprivileged(own.one("pyexec-front").pid)


class TestSandboxes:
    def running(self, daemon, service, count=2):
        """The processes of `count` scripts that run now, and a function that waits for their end."""
        script = "import subprocess\ndef main():\n    subprocess.run(['sleep', '1.2'])"
        threads = [threading.Thread(target=service.execute, args=(script,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        assert wait_until(lambda: len(daemon.named("sleep")) == count, 3) is not None
        parents = {process.ppid for process in daemon.named("sleep")}
        return [process for process in daemon.named("pyexec-run") if process.pid in parents], lambda: [
            thread.join() for thread in threads
        ]

    def test_have_no_privilege_waiting_or_running(self, daemon, service, as_user):
        running, join = self.running(daemon, service)
        try:
            assert len(running) == 2
            for process in daemon.named("pyexec-run") + daemon.named("sleep"):
                try:
                    check_unprivileged(process.pid)
                except FileNotFoundError:
                    pass
        finally:
            join()

    def test_are_apart(self, daemon, service, as_user):
        (first, second), join = self.running(daemon, service)
        try:
            one, two, host = namespaces(first.pid), namespaces(second.pid), namespaces(os.getpid())
            if service.health().json()["isolation"]["tier"] == "namespaces":
                assert one["pid"] != two["pid"] and one["mnt"] != two["mnt"]
                for name in ("pid", "mnt", "net", "ipc"):
                    assert one[name] != host[name], name
            uids = [proc.status(process.pid)["Uid"].split()[0] for process in (first, second)]
            assert as_user or uids[0] != uids[1], "as root each slot has a user of its own"
        finally:
            join()

    def test_are_the_first_to_go_without_memory(self, daemon, service, namespaces):
        """When the machine or the container runs out of it, the kernel looks for one of these."""

        def score(process):
            with open(f"/proc/{process.pid}/oom_score_adj") as file:
                return int(file.read())

        wait_at_rest(daemon)
        assert {score(process) for process in daemon.named("pyexec-run")} == {1000}
        if not namespaces:
            assert {score(process) for process in daemon.named("pyexec-guest")} == {800}, "after all scripts"
        assert score(daemon.one("pyexec-front")) == score(daemon.one("pyexec-keeper")) < 1000

    def test_start_warm(self, daemon, service):
        """No execve on the way: a sandbox is a fork of the guest, there before the request came."""
        wait_at_rest(daemon)
        waiting = {process.identity for process in daemon.named("pyexec-run")}
        running, join = self.running(daemon, service, count=1)
        try:
            assert running[0].identity in waiting
            assert os.readlink(f"/proc/{running[0].pid}/exe").endswith("pyexec-guest")
        finally:
            join()

    def test_are_never_used_twice(self, daemon, service):
        running, join = self.running(daemon, service, count=1)
        join()
        assert not proc.wait_gone(running, 1)

    def test_a_guest_never_runs_a_script(self, daemon, service):
        wait_at_rest(daemon)
        guests = {process.identity for process in daemon.named("pyexec-guest")}
        for _ in range(5):
            service.execute("import os\ndef main():\n    os.kill(os.getppid(), 9) if os.getppid() else os._exit(1)")
            service.execute("import os\ndef main():\n    os._exit(1)")
        assert {process.identity for process in daemon.named("pyexec-guest")} >= guests


class TestTree:
    def test_runs_as_the_user_it_was_started_by(self, daemon, service, as_user):
        uid = str(USER if as_user else os.getuid())
        for process in (proc.read_process(daemon.pid), daemon.one("pyexec-keeper")):
            assert proc.status(process.pid)["Uid"].split() == [uid] * 4, process.comm

    def test_is_as_it_is_drawn(self, daemon, service):
        keeper = daemon.one("pyexec-keeper")
        assert keeper.ppid == daemon.pid
        assert daemon.one("pyexec-front").ppid == keeper.pid
        assert {process.ppid for process in daemon.named("pyexec-guest")} == {keeper.pid}
        assert len(daemon.named("pyexec-guest")) >= 2 and daemon.named("pyexec-run")

    def test_the_privileged_link_neither_http_nor_json(self, daemon, service):
        for process in (proc.read_process(daemon.pid), daemon.one("pyexec-keeper")):
            with open(f"/proc/{process.pid}/maps", encoding="utf-8") as file:
                maps = file.read()
            for library in ("microhttpd", "jansson", "libpython"):
                assert library not in maps, (process.comm, library)

    def test_no_process_listens_but_where_told(self, daemon, service):
        inodes = set()
        for process in daemon.tree():
            try:
                inodes |= {link for link in proc.descriptors(process.pid).values() if link.startswith("socket:")}
            except OSError:
                pass
        listening = []
        for table in ("tcp", "tcp6"):
            with open(f"/proc/net/{table}", encoding="ascii") as file:
                for line in file.readlines()[1:]:
                    words = line.split()
                    if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
                        listening.append(words[1])
        assert listening == [f"0100007F:{daemon.port:04X}"]
