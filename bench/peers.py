"""What is measured: our service, and the three others, each set up as its own users would."""

import ctypes
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .peer import sandbox

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "bench"
PROGRAMS = ROOT / "build" / "bench"
CORES = len(os.sched_getaffinity(0))
START_LIMIT_S = 60
PR_SET_PDEATHSIG = 1
# The keys that guest/warm.c sets for the libraries; the floor gets the same.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "NUMEXPR")}


@dataclass(frozen=True)
class Script:
    name: str
    kind: str
    result: str  # as json.dumps() writes it

    @property
    def path(self):
        return HERE / "scripts" / f"{self.name}.py"

    @property
    def source(self):
        return self.path.read_text(encoding="utf-8")

    @property
    def body(self):
        return json.dumps({"script": self.source})

    @property
    def expected(self):
        """What every right answer has, blanks left out."""
        return ['"success": true', f'"result": {self.result}']

    def is_right(self, status, body):
        try:
            answer = json.loads(body)
        except ValueError:
            return False
        return status == 200 and answer.get("success") is True and json.dumps(answer.get("result")) == self.result


HELLO = Script("hello", "lean", '"Hello, World!"')
DATA = Script("data", "data", '{"rows": 100, "sum": 2475.0}')
SCRIPTS = (HELLO, DATA)


class BenchError(Exception):
    """Something could not be measured."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def die_with_parent():
    """For a child before its exec: nothing that was started here outlives the bench, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def request(port, method, path, body=None, timeout=60):
    """(status, body) of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class HttpPeer:
    """A service in processes of its own: `with peer: ...`"""

    name = ""
    directory = None

    def __init__(self):
        self.port = free_port()
        self.process = None
        self.log_path = None

    def command(self):
        raise NotImplementedError

    def start(self):
        # A descriptor, since the services write to it after this object may be gone.
        descriptor, self.log_path = tempfile.mkstemp(prefix="pyexec-bench-", suffix=".log")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYEXEC_")}
        with os.fdopen(descriptor, "wb") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.directory,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def log(self):
        return Path(self.log_path).read_text(encoding="utf-8", errors="replace")

    def check_alive(self, since):
        if self.process.poll() is not None or time.monotonic() - since > START_LIMIT_S:
            raise BenchError(f"{self.name} does not start:\n{self.log()[-2000:]}")

    def wait_ready(self):
        since = time.monotonic()
        while not self.is_ready():
            self.check_alive(since)
            time.sleep(0.02)

    def is_ready(self):
        try:
            return request(self.port, "GET", "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def check(self, script):
        """One request whose answer must be right; raises otherwise."""
        status, body = request(self.port, "POST", "/execute", script.body)
        if not script.is_right(status, body):
            raise BenchError(f"{self.name} answers {script.name} with {status} {body[:500]!r}")

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
        os.unlink(self.log_path)

    def __enter__(self):
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()


# Another instance on this machine, started by root too, may sweep the user ids of its own block.
OWN_UID_BASE = 1_500_000_000 + os.getpid() % 1000 * 10_000


class Service(HttpPeer):
    """pyexecd as `make run` starts it: default settings, but for a block of user ids of its own."""

    name = "pyexecd"
    flags = ()  # of every instance: scripts/bench --isolation

    def command(self):
        return [str(ROOT / "build" / "bin" / "pyexecd"), f"--listen=127.0.0.1:{self.port}", f"--uid-base={OWN_UID_BASE}", *self.flags]

    def health(self):
        return json.loads(request(self.port, "GET", "/health")[1])

    def is_ready(self):
        """Both guests warm and the pool full."""
        try:
            health = self.health()
        except (OSError, ValueError, http.client.HTTPException):
            return False
        pool = health.get("pool", {})
        return health.get("status") == "healthy" and self.data_guest_is_warm() and pool["ready"] >= pool["size"] and not pool["busy"]

    def data_guest_is_warm(self):
        return re.search(r"data guest is warm", self.log()) is not None


class Flask(HttpPeer):
    """Peer (c). Workers as gunicorn's own documentation recommends, everything else as it comes."""

    name = "flask"
    directory = HERE / "peer"
    workers = 2 * CORES + 1

    def command(self):
        return ["/usr/bin/gunicorn", "--workers", str(self.workers), "--bind", f"127.0.0.1:{self.port}", "service:app"]


class Bubblewrap:
    """Peer (b): python3 started anew for each run, no HTTP."""

    name = "bubblewrap"

    def run(self, script):
        """Seconds of one run, from before the start until the result is there; raises when it is wrong."""
        with tempfile.TemporaryDirectory(prefix="pyexec-bench-") as directory:
            sandbox.prepare(directory, script.source)
            command = sandbox.command(directory)
            before = time.perf_counter()
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            result = Path(directory, "result.json")
            text = result.read_text(encoding="utf-8") if done.returncode == 0 else None
            seconds = time.perf_counter() - before
        if text != script.result:
            raise BenchError(f"bubblewrap gives {text!r} for {script.name}: {done.stderr[-500:]!r}")
        return seconds


class Floor:
    """Peer (a): one plain fork loop for each core, with the guest's own imports."""

    name = "floor"

    def run(self, script, seconds):
        warm = ROOT / "src" / "guest" / "python" / "warm.py"
        command = [PROGRAMS / "bench-floor", script.kind, warm, script.path, script.result, str(seconds)]
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MPLBACKEND": "Agg", "HOME": "/nonexistent", **ONE_THREAD}
        with tempfile.TemporaryDirectory(prefix="pyexec-bench-") as directory:
            environment["MPLCONFIGDIR"] = directory
            loops = [
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) for _ in range(CORES)
            ]
            try:
                for loop in loops:  # all are warm before the first one begins
                    if loop.stdout.readline() != "ready\n":
                        raise BenchError("the floor does not start")
                for loop in loops:
                    loop.stdin.write("go\n")
                    loop.stdin.flush()
                reports = [json.loads(loop.communicate()[0]) for loop in loops]
            finally:
                for loop in loops:
                    if loop.poll() is None:
                        loop.kill()
                    loop.wait()
        if any(report["wrong"] for report in reports):
            raise BenchError("the floor has given a wrong answer")
        return {
            "per_s": sum(report["runs"] / report["seconds"] for report in reports),
            "p50_s": sum(report["p50_us"] for report in reports) / len(reports) / 1e6,
        }
