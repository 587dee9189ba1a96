"""The Debian package in its element: installed, started by systemd through its socket, changed, attacked, removed.

One story in the order of the file; scripts/test-vm has built the package. The suites that come after it run against what is
installed here (inside.py).
"""

import concurrent.futures
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from integration.support.client import Client
from integration.support.raw import wait_until

RESULTS = Path("/root/results")
CONFIGURATION = Path("/etc/pyexecd/pyexecd.conf")
DROP_IN = Path("/etc/systemd/system/pyexecd.service.d/root.conf")
UNITS = ("pyexecd.service", "pyexecd.socket")
USER = "_pyexecd"
PORT = 8080
HELLO = "def main():\n    return 'hello'"
# What packages change that are not the package's own: caches, logs, the lists of dpkg; and large trees where it puts nothing.
NOT_OURS = (
    "/var/lib/dpkg", "/var/cache", "/var/log", "/var/tmp", "/var/lib/systemd/timers", "/etc/ld.so.cache",
    "/var/lib/systemd/random-seed", "/usr/lib/python3", "/usr/lib/modules", "/usr/lib/gcc", "/usr/include", "/usr/share/zoneinfo",
)  # fmt: skip
USER_FILES = ("/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/.pwd.lock")


def run(*command, status=0, timeout=600):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL)
    assert status is None or done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}{journal()}"
    return done.stdout


def journal():
    done = subprocess.run(
        ["journalctl", "--no-pager", "-q", "-n", "40", "-u", "pyexecd.service"], capture_output=True, text=True, check=False
    )
    return f"\n--- journal\n{done.stdout}"


def show(unit, name):
    return run("systemctl", "show", "--property", name, "--value", unit).strip()


def main_process():
    pid = int(show("pyexecd.service", "MainPID"))
    assert pid > 1, journal()
    return pid


def files():
    """What lies on the disk, with the sizes of what may be there before and after."""
    found = set()
    for top in ("/etc", "/usr", "/var", "/opt", "/root"):
        for directory, inner, names in os.walk(top):
            if directory.startswith((*NOT_OURS, str(RESULTS), "/root/pyexecd")):
                inner.clear()
            else:
                found |= {directory, *(os.path.join(directory, name) for name in names)}
    return {path for path in found if not path.startswith((*NOT_OURS, *USER_FILES)) and "__pycache__" not in path}


def health():
    client = Client("127.0.0.1", PORT, timeout=60)
    try:
        return client.request("GET", "/health", headers={"Connection": "close"}).json()
    finally:
        client.close()


def hello(patient=True):
    """The answer of a script. While interpreters warm up, which takes an emulator longer than the queue lets a request wait, a
    patient client comes again."""
    deadline = time.monotonic() + 300
    while True:
        client = Client("127.0.0.1", PORT, timeout=120)
        try:
            response = client.execute_raw(HELLO, timeout=50)
        finally:
            client.close()
        if response.status == 503 and patient and time.monotonic() < deadline:
            time.sleep(1)
            continue
        assert response.status == 200, (response, journal())
        return response.json()["result"]


def layers_in_force(answer):
    return {layer["name"] for layer in answer["isolation"]["layers"]["in_force"]}


def layers_missing(answer):
    return {layer["name"]: layer["detail"] for layer in answer.get("isolation", {}).get("layers", {}).get("missing", [])}


def processes():
    """Those of the unit: {pid: (name, real user id)}."""
    found = {}
    group = show("pyexecd.service", "ControlGroup")
    for path in Path(f"/sys/fs/cgroup{group}").rglob("cgroup.procs") if group else []:
        for pid in path.read_text().split():
            try:
                status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
                found[int(pid)] = (status["Name"].strip(), int(status["Uid"].split()[0]))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


def active(unit, seconds=180):
    wait_until(lambda: show(unit, "ActiveState") == "active", seconds, 0.5)
    assert show(unit, "ActiveState") == "active", journal()


@pytest.fixture(scope="module")
def package():
    (path,) = Path("/root").glob("pyexecd_*.deb")
    return str(path)


@pytest.fixture(scope="module")
def before():
    return files()


class TestInstalled:
    def test_installing_starts_it(self, before, package):
        assert not shutil.which("pyexecd")
        run("dpkg", "--install", package)
        for unit in UNITS:
            active(unit)
            assert show(unit, "UnitFileState") == "enabled"
        assert pwd.getpwnam(USER).pw_shell.endswith("nologin")
        assert CONFIGURATION.is_file() and "#max_timeout = 60" in CONFIGURATION.read_text()
        assert hello() == "hello"

    def test_its_isolation(self):
        answer = health()
        (RESULTS / "health.json").write_text(json.dumps(answer, indent=1))
        layers = {layer["name"]: layer["detail"] for layer in answer["isolation"]["layers"]["in_force"]}
        assert answer["status"] == "healthy" and answer["isolation"]["tier"] == "namespaces"
        for name in ("memory cgroup", "pids cgroup", "cpuacct cgroup"):
            assert layers.get(name) == "one group for each sandbox, version 2", answer["isolation"]
        report = run(
            "systemd-run", "--quiet", "--pipe", "--wait", f"--uid={USER}", "-p", "Delegate=yes", "pyexecd", "check"
        )
        (RESULTS / "check").write_text(report)
        assert "namespaces" in report

    def test_every_process_is_its_own_user_s(self):
        found = processes()
        assert {"pyexecd", "pyexec-keeper", "pyexec-front", "pyexec-guest"} <= {name for name, _ in found.values()}, found
        assert {uid for _, uid in found.values()} == {pwd.getpwnam(USER).pw_uid}, found

    def test_it_has_no_network_and_no_rights(self):
        main = show("pyexecd.service", "MainPID")
        devices = [line.split(":")[0].strip() for line in Path(f"/proc/{main}/net/dev").read_text().splitlines()[2:]]
        assert devices == ["lo"], devices
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{main}/status").read_text().splitlines() if ":\t" in line)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[name], 16) == 0, (name, status[name])
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
        # It cannot write where it has nothing to write.
        done = subprocess.run(["nsenter", "-t", main, "-m", "touch", "/etc/pyexecd/x"], capture_output=True, text=True, check=False)
        assert done.returncode != 0 and "Read-only" in done.stderr, done.stderr

    def test_status(self):
        assert "active (running)" in run("systemctl", "status", "--no-pager", "pyexecd.service")
        assert show("pyexecd.service", "StatusText").startswith("Serving on")
        assert "exposure" in run("systemd-analyze", "security", "--no-pager", "pyexecd.service", status=None).lower()

    def test_manual_pages(self):
        for page in ("man8/pyexecd.8.gz", "man5/pyexecd.conf.5.gz"):
            assert (Path("/usr/share/man") / page).stat().st_size > 1000


class TestOperated:
    def test_a_reload_puts_a_setting_in_force(self):
        old = CONFIGURATION.read_text()
        CONFIGURATION.write_text(old.replace("#max_timeout = 60", "max_timeout = 61"))
        main = show("pyexecd.service", "MainPID")
        run("systemctl", "reload", "pyexecd.service")
        client = Client("127.0.0.1", PORT, timeout=60)
        refused = lambda: client.failure("invalid_input", HELLO, timeout=1000)["message"]  # noqa: E731
        assert wait_until(lambda: "61" in refused(), 30, 0.5) is not None, refused()
        client.close()
        assert show("pyexecd.service", "MainPID") == main
        # What cannot be does no harm, and systemd says so.
        CONFIGURATION.write_text(old.replace("#max_timeout = 60", "max_timout = 61"))
        run("systemctl", "reload", "pyexecd.service", status=1)
        assert hello() == "hello" and show("pyexecd.service", "MainPID") == main
        CONFIGURATION.write_text(old)
        run("systemctl", "reload", "pyexecd.service")

    def test_a_restart_refuses_no_connection(self):
        """Whoever comes while there is no service waits in the socket's queue; while it drains it says so."""
        main = show("pyexecd.service", "MainPID")

        def ask(number):
            time.sleep(number * 0.4)
            client = Client("127.0.0.1", PORT, timeout=120)
            answer = client.execute_raw(HELLO, timeout=50).json()
            client.close()
            return answer.get("result", answer.get("error"))

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = [pool.submit(ask, number) for number in range(12)]
            run("systemctl", "restart", "pyexecd.service")
            found = [answer.result() for answer in answers]
        assert set(found) <= {"hello", "draining", "overloaded"}, found
        assert hello() == "hello"
        assert show("pyexecd.service", "MainPID") != main

    def test_a_connection_starts_it(self):
        run("systemctl", "stop", "pyexecd.service")
        assert show("pyexecd.socket", "ActiveState") == "active" and not processes()
        assert hello() == "hello"
        active("pyexecd.service")

    def test_the_next_version_takes_over_in_the_same_unit(self):
        main = show("pyexecd.service", "MainPID")
        keepers = {pid for pid, (name, _) in processes().items() if name == "pyexec-keeper"}
        run("systemctl", "kill", "--kill-whom=main", "--signal=USR2", "pyexecd.service")
        gone = wait_until(lambda: keepers.isdisjoint(processes()), 240, 1)
        assert gone is not None, (keepers, processes(), journal())
        assert hello() == "hello" and show("pyexecd.service", "MainPID") == main

    def test_what_was_killed_is_started_again(self):
        main = main_process()
        os.kill(main, signal.SIGKILL)
        assert wait_until(lambda: int(show("pyexecd.service", "MainPID")) not in (0, main), 120, 0.5) is not None, journal()
        assert hello() == "hello"

    def test_a_service_that_hangs_is_started_again(self):
        """By the watchdog: the launcher stands still."""
        main = main_process()
        os.kill(main, signal.SIGSTOP)
        assert wait_until(lambda: int(show("pyexecd.service", "MainPID")) not in (0, main), 240, 1) is not None, journal()
        assert hello() == "hello"

    def test_scripts_together_are_held_to_the_units_limits(self):
        group = Path(f"/sys/fs/cgroup{show('pyexecd.service', 'ControlGroup')}")
        assert (group / "memory.max").read_text().strip().isdigit() and (group / "pids.max").read_text().strip() == "8192"

    def test_an_upgrade_refuses_no_request(self, package):
        """The same version once more is what dpkg does for a new one: the process becomes it, beside its old self."""
        main = show("pyexecd.service", "MainPID")
        keepers = {pid for pid, (name, _) in processes().items() if name == "pyexec-keeper"}
        answers = 0
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            installing = pool.submit(run, "dpkg", "--install", package)
            while not installing.done() or not keepers.isdisjoint(processes()):
                assert hello(patient=False) == "hello"
                answers += 1
                assert answers < 3000, (keepers, processes(), journal())
            installing.result()
        assert hello() == "hello" and show("pyexecd.service", "MainPID") == main

    # What the unit does without, and how it is seen that it has to: the service does not start, or has less.
    @pytest.mark.parametrize(
        "line",
        ["RestrictNamespaces=yes", "ProtectControlGroups=yes", "ProtectHostname=yes", "ProcSubset=pid", "ProtectProc=invisible",
         "PrivateUsers=yes"],
    )  # fmt: skip
    def test_what_the_unit_leaves_out_would_cost_something(self, line):
        full = layers_in_force(health())
        DROP_IN.parent.mkdir(parents=True)
        try:
            DROP_IN.write_text(f"[Service]\n{line}\n")
            run("systemctl", "daemon-reload")
            done = subprocess.run(["systemctl", "restart", "pyexecd.service"], check=False, timeout=300)
            answer = health() if done.returncode == 0 else {}
            with open(RESULTS / "left-out", "a", encoding="utf-8") as file:
                missing = {name: detail for name, detail in layers_missing(answer).items() if name in full}
                file.write(f"{line}: restart {done.returncode}, {answer.get('status')}, lost {missing}\n{journal() if done.returncode else ''}")
            assert done.returncode != 0 or layers_in_force(answer) != full
        finally:
            shutil.rmtree(DROP_IN.parent)
            run("systemctl", "daemon-reload")
            subprocess.run(["systemctl", "reset-failed", "pyexecd.service"], check=False)
            run("systemctl", "restart", "pyexecd.service")
            assert hello() == "hello"

    def test_as_root(self):
        DROP_IN.parent.mkdir(parents=True)
        shutil.copy("/usr/share/doc/pyexecd/examples/root.conf", DROP_IN)
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "pyexecd.service")
        answer = health()
        (RESULTS / "health-root.json").write_text(json.dumps(answer, indent=1))
        layers = {layer["name"]: layer["detail"] for layer in answer["isolation"]["layers"]["in_force"]}
        assert answer["isolation"]["tier"] == "namespaces" and {"user namespace", "own user", "memory cgroup"} <= layers.keys(), answer
        assert hello() == "hello"
        found = processes().values()
        users = {name: uid for name, uid in found}
        assert users["pyexec-keeper"] == 0 and users["pyexec-front"] != 0, users
        sandboxes = [uid for name, uid in found if name == "pyexec-run"]
        assert len(sandboxes) > 1 and len(set(sandboxes)) == len(sandboxes) and min(sandboxes) >= 1900000000, found
        shutil.rmtree(DROP_IN.parent)
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "pyexecd.service")
        assert hello() == "hello"


class TestRemoved:
    def test_removing_ends_it_and_keeps_the_configuration(self):
        group = show("pyexecd.service", "ControlGroup")
        run("dpkg", "--remove", "pyexecd")
        assert not Path(f"/sys/fs/cgroup{group}").exists()
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", PORT), 5)
        assert CONFIGURATION.is_file() and not shutil.which("pyexecd")

    def test_purging_leaves_nothing(self, before):
        run("dpkg", "--purge", "pyexecd")
        run("systemctl", "daemon-reload")
        assert sorted(files() - before) == []
        assert not [name for name in os.listdir("/proc") if name.isdigit() and comm(name).startswith("pyexec")]
        with pytest.raises(KeyError):
            pwd.getpwnam(USER)
        for unit in UNITS:
            assert show(unit, "LoadState") == "not-found"


def comm(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
