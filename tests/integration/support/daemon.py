"""Starting the daemon, looking at its processes, and ending it whatever happens."""

import json
import os
import signal
import subprocess
import time

from . import proc
from .client import Client, free_port

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DEFAULT_BINARY = os.path.join(ROOT, "build", "bin", "pyexecd")
USER = 1000  # whom --as-user runs the daemon as

HOST_SECRET = "b2c1-of-the-host-only"  # in the daemon's environment; no script may ever see it


def binary():
    return os.environ.get("PYEXEC_BIN", DEFAULT_BINARY)


def own_environment():
    """This process' environment without what tells the tests something: the program would take it for settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYEXEC_")}


def is_slow_build():
    """A sanitizer build keeps the promises, in more time and memory; so does an emulated machine (PYEXEC_SLOW=1)."""
    return "PYEXEC_SLOW" in os.environ or "san" in os.environ.get("PYEXEC_BIN", "")


class Daemon:
    """One running pyexecd with everything that descends from it."""

    live = []  # those of this test session that were not ended yet
    isolation = None  # --isolation of the test session: a tier, or the one that the daemon finds
    run_with = ()  # --run-with of the test session: a command that becomes the daemon

    def __init__(self, directory, *, host="127.0.0.1", port=None, as_user=False, environment=None, run_with=None, **settings):
        self.host, self.port = host, port or free_port()
        self.log_path = os.path.join(str(directory), f"pyexecd-{self.port}.log")
        self.client = Client(self.host, self.port)
        self.cgroups = set()
        self.process = None
        self.as_user = as_user
        self.run_with = Daemon.run_with if run_with is None else run_with
        self.environment = environment or {}
        self.settings = settings

    def command(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        flags = [f"--listen={host}:{self.port}"]
        if Daemon.isolation and "isolation" not in self.settings:
            flags.append(f"--isolation={Daemon.isolation}")
        flags += [f"--{name.replace('_', '-')}={value}" for name, value in self.settings.items()]
        user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--pdeathsig=SIGKILL"]
        return [*self.run_with, *(user if self.as_user else []), binary(), *flags]

    def start(self, wait=True):
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/nonexistent",
            "LANG": "C",
            "SECRET_OF_THE_HOST": HOST_SECRET,
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
            **self.environment,
        }
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd="/",
                start_new_session=True,
                preexec_fn=lambda: proc.prctl(proc.PR_SET_PDEATHSIG, signal.SIGKILL),
            )
        proc.started.add(self.process.pid)
        Daemon.live.append(self)
        if wait:
            self.wait_healthy(20 if not is_slow_build() else 90)
        return self

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def health(self):
        """(status, answer), or (0, {}) while nobody answers."""
        client = Client(self.host, self.port, timeout=5)
        try:
            response = client.request("GET", "/health", headers={"Connection": "close"})
            return response.status, response.json()
        except (OSError, json.JSONDecodeError):
            return 0, {}
        finally:
            client.close()

    def wait_healthy(self, seconds):
        """Waits for 200 on /health; returns how long it took."""
        start = time.monotonic()
        while True:
            status, answer = self.health()
            took = time.monotonic() - start
            if status == 200 and answer.get("status") == "healthy":
                return took
            assert self.process.poll() is None, f"pyexecd ended with {self.process.returncode}:\n{self.log()}"
            assert took < seconds, f"not healthy after {took:.1f} s: {status} {answer}\n{self.log()[-4000:]}"
            time.sleep(0.02)

    def tree(self):
        """The launcher and all its descendants that live."""
        me = proc.read_process(self.pid)
        return ([me] if me and me.state not in "ZX" else []) + proc.descendants(self.pid)

    def named(self, comm):
        return [process for process in self.tree() if process.comm == comm]

    def one(self, comm):
        found = self.named(comm)
        assert found, f"no {comm} among {self.tree()}"
        return found[0]

    def ready_line(self):
        """What its log says when it serves."""
        return f"ready on {self.client.url}"

    def note_cgroups(self):
        """Remembers the control groups of the processes that live now."""
        for process in self.tree():
            self.cgroups |= proc.cgroups_of(process.pid)
        return self.cgroups

    def cgroup_directories(self):
        """Every directory within the daemon's groups."""
        found = set()
        for top in self.cgroups:
            for directory, _, _ in os.walk(top):
                found.add(directory)
        return found

    def stop(self, seconds=15):
        """SIGTERM, then the exit status; whatever is left after `seconds` is killed and is a failure."""
        if self.process is None:
            return None
        everyone = self.tree()
        self.note_cgroups()
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill(everyone)
            raise AssertionError(f"pyexecd did not end within {seconds} s of SIGTERM:\n{self.log()[-4000:]}") from None
        finally:
            if self in Daemon.live:
                Daemon.live.remove(self)
        left = proc.wait_gone(everyone, 2)
        proc.end_processes(left)
        proc.reap_orphans()
        assert not left, f"left over after the end: {left}"
        return self.process.returncode

    def kill(self, everyone=None):
        """The last resort: everything, by pid."""
        everyone = everyone or self.tree()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        proc.end_processes(everyone)
        proc.wait_gone(everyone, 2)
        if self in Daemon.live:
            Daemon.live.remove(self)
        proc.reap_orphans()


def strays():
    """Processes of ours that descend from pytest, but from no daemon that is still meant to run."""
    proc.reap_orphans()
    known = {process.pid for daemon in Daemon.live for process in daemon.tree()}
    return [
        process
        for process in proc.descendants(os.getpid())
        if process.comm.startswith("pyexec") and process.pid not in known
    ]
