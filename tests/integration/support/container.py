"""The daemon in a Docker container, started and ended as Daemon is. The tests look at its processes from the host, where
each has a number as well."""

import itertools
import os
import signal
import subprocess
import time

from . import proc
from .client import Client
from .daemon import HOST_SECRET, ROOT, Daemon, is_slow_build

IMAGE = os.environ.get("PYEXEC_IMAGE", "python-code-runner")
PORT = 8080  # of the image
LABEL = "pyexecd.test"
UNPRIVILEGED = ("--user", "1000:1000")
# Those that a virtual machine may have taken from its root, by number; `docker run --privileged` fails there.
SOMETIMES_MISSING = {16: "SYS_MODULE", 17: "SYS_RAWIO", 22: "SYS_BOOT", 24: "SYS_RESOURCE", 25: "SYS_TIME"}


def privileged():
    """--privileged; on a machine whose own root lacks capabilities, which Docker takes for an error, all of it but those."""
    bounding = int(proc.status("self")["CapBnd"], 16)
    missing = [name for number, name in SOMETIMES_MISSING.items() if not bounding >> number & 1]
    if not missing:
        return ("--privileged",)
    drops = [flag for name in missing for flag in ("--cap-drop", name)]
    unconfined = ("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined")
    return ("--cap-add", "ALL", *drops, *unconfined, "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw")


# A profile that refuses the Landlock calls, and every other way to namespaces; all else is allowed.
WITHOUT_LANDLOCK = ("--security-opt", f"seccomp={os.path.join(ROOT, 'tests', 'container', 'without-landlock.json')}")

# What `docker run` is given in each of the ways that the service has to work in.
MODES = {
    "plain": (),
    "user": UNPRIVILEGED,
    "user-locked": (
        *UNPRIVILEGED,
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--tmpfs", "/tmp"),
    ),
    "privileged": privileged(),
    "without-landlock": (*WITHOUT_LANDLOCK, "--env", "PYEXEC_MIN_ISOLATION=seccomp"),
}

START_S = 60  # for a machine that is busy with other tests; test_container.py looks at how long it takes


def docker(*arguments, timeout=120, check=True):
    """Runs a docker command; returns what it has printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def remove_all():
    """Those that a test of this session has left."""
    names = docker("ps", "-aq", "--filter", f"label={LABEL}={os.getpid()}").split()
    if names:
        docker("rm", "-f", *names)


class Container(Daemon):
    """`process` is the docker client in the foreground: it passes signals on and ends with the container's status."""

    numbers = itertools.count(1)

    def __init__(self, directory, *, mode="plain", flags=(), host=None, port=None, environment=None, **settings):
        assert host is None and port is None, "a container has an address of its own"
        super().__init__(directory, port=PORT, environment=environment, **settings)
        self.name = f"pyexecd-test-{os.getpid()}-{next(self.numbers)}"
        self.log_path = os.path.join(str(directory), f"{self.name}.log")
        self.flags = (*MODES[mode], *flags)
        self._pid = None

    def command(self):
        environment = {"SECRET_OF_THE_HOST": HOST_SECRET, **self.environment}
        return [
            *("docker", "run", "--rm", "--name", self.name, "--label", f"{LABEL}={os.getpid()}", *self.flags),
            *(f"--env={name}={value}" for name, value in environment.items()),
            IMAGE,
            *(f"--{name.replace('_', '-')}={value}" for name, value in self.settings.items()),
        ]

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        proc.started.add(self.process.pid)
        Daemon.live.append(self)
        self._find_address()
        if wait:
            self.wait_healthy(START_S * (3 if is_slow_build() else 1))
        return self

    def _find_address(self):
        """From the host it is reached at the container's own address, without a proxy between."""
        deadline = time.monotonic() + START_S
        template = "{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        while self.process.poll() is None:
            words = docker("inspect", "--format", template, self.name, check=False).split()
            if len(words) >= 2 and words[0] != "0":
                self._pid, self.host = int(words[0]), words[1]
                self.client = Client(self.host, self.port)
                return
            assert time.monotonic() < deadline, f"the container does not start:\n{self.log()}"
            time.sleep(0.05)

    @property
    def pid(self):
        """The launcher's, as the host counts; 1 in the container."""
        return self._pid

    def tree(self):
        return super().tree() if self._pid else []

    def ready_line(self):
        return f"ready on http://[::]:{PORT}"

    def kill(self, everyone=None):
        """docker's own way; the container's processes have all gone when it returns."""
        docker("rm", "-f", self.name, check=False)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self in Daemon.live:
            Daemon.live.remove(self)
