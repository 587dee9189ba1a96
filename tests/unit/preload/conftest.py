"""Programs with the library preloaded, and the same without it as a control: `place` is each test's twice."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

LIBRARY = os.environ.get("PYEXEC_TMP_LIBRARY")
CALLS = os.environ.get("PYEXEC_TMP_CALLS")
REFUSE = os.environ.get("PYEXEC_TMP_REFUSE")
PYTHON = "/usr/bin/python3"


def _scratch():
    """A directory that no name of /tmp leads to."""
    for parent in ("/run", os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("HOME"), "/var/lib"):
        if parent and not parent.startswith(("/tmp", "/var/tmp", "/dev/shm")) and os.access(parent, os.W_OK | os.X_OK):
            return Path(os.path.realpath(tempfile.mkdtemp(prefix="pyexec-preload-", dir=parent)))
    pytest.skip("nowhere to write but beneath /tmp")
    return None


class Place:
    """`/tmp/NAME` is a fresh directory, of which `real` is the true name. Without the library that is just what it says."""

    def __init__(self, with_library, scratch):
        self.with_library = with_library
        self.scratch = scratch
        self.private = scratch / "private"
        self.name = "preload-" + secrets.token_hex(8)
        self.tmp = "/tmp/" + self.name  # as the program says it
        self.root = self.private if with_library else Path("/tmp")
        self.elsewhere = (Path("/tmp") if with_library else self.private) / self.name
        self.real = self.root / self.name
        self.private.mkdir()
        self.real.mkdir()

    def run(self, argv, env=None, cwd="/", status=0, refuse=False, preload_only=False, **options):
        """Its standard output. `refuse`: changes of modes, times and owners by path are refused by the kernel."""
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "D": self.tmp}
        environment.update(env or {})
        if self.with_library:
            environment["LD_PRELOAD"] = LIBRARY
            if not preload_only:
                environment["PYEXEC_TMP"] = str(self.private)
        if refuse:
            argv = [REFUSE, *argv]
        done = subprocess.run(
            argv, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, **options
        )
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        assert f"object '{LIBRARY}'" not in done.stderr  # as ld.so says that it could not be loaded
        self.stderr = done.stderr
        return done.stdout

    def python(self, code, *arguments, **options):
        return self.run([PYTHON, "-c", code, *arguments], **options)

    def shell(self, command, **options):
        return self.run(["/bin/bash", "-ec", command], **options)

    def calls(self, name, *arguments, **options):
        """The lines that the program prints, as pairs."""
        return [tuple(line.split("=", 1)) for line in self.run([CALLS, name, *arguments], **options).splitlines()]


def _prepared(with_library):
    if not LIBRARY:
        pytest.skip("PYEXEC_TMP_LIBRARY names no library")
    scratch = _scratch()
    made = Place(with_library, scratch)
    yield made
    landed_elsewhere = made.elsewhere.exists()
    shutil.rmtree(made.real, ignore_errors=True)
    shutil.rmtree(made.elsewhere, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)
    assert not landed_elsewhere


@pytest.fixture(params=["library", "control"])
def place(request):
    yield from _prepared(request.param == "library")


@pytest.fixture
def inside():
    """With the library only: what could not be without it, or is a control itself."""
    yield from _prepared(True)
