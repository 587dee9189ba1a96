"""`pyexecd selftest` on this very host: everything is stopped, and a hole is found."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from .support import proc
from .support.daemon import USER, binary, is_slow_build

pytestmark = pytest.mark.needs_process

# Its own, beside the daemon of the other tests: without namespaces a service kills by user id.
UID_BASE = 1_910_000_000
SECONDS = 300 if not is_slow_build() else 600
WITH_HOLES = os.path.join(os.path.dirname(os.path.dirname(binary())), "tests", "unit", "front", "pyexec-selftest-with-holes")


def start(as_user, *arguments, program=None):
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if as_user else []
    return subprocess.Popen(
        [*user, program or binary(), "selftest", *arguments, f"--uid-base={UID_BASE}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        text=True,
        env={"PATH": "/usr/bin:/bin", **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}},
        start_new_session=True,
        preexec_fn=lambda: proc.prctl(proc.PR_SET_PDEATHSIG, signal.SIGKILL),
    )


def run(as_user, *arguments, program=None):
    """(exit status, output, log); nothing is left running."""
    with start(as_user, *arguments, program=program) as process:
        try:
            output, log = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    return process.returncode, output, log


@pytest.fixture(scope="module")
def report(as_user):
    """One whole self-test, told to listen where somebody else does: it opens no port, so that is no trouble."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, output, log = run(as_user, "--json", f"--listen=127.0.0.1:{taken.getsockname()[1]}")
    return status, json.loads(output), log


@pytest.mark.long
def test_every_technique_is_stopped(report):
    status, found, log = report
    fine = {"stopped"} if found["tier"] == "namespaces" else {"stopped", "visible"}
    not_stopped = [row for row in found["techniques"] if row["verdict"] not in fine]
    assert not not_stopped, log
    assert status == 0, log
    assert len(found["techniques"]) >= 300
    assert found["summary"]["stopped"] + found["summary"]["visible"] == len(found["techniques"]) == len({row["technique"] for row in found["techniques"]})


@pytest.mark.long
def test_report_says_what_is_in_force(report, daemon):
    _, found, _ = report
    _, health = daemon.health()
    assert found["tier"] == health["isolation"]["tier"]
    assert {layer["layer"] for layer in found["layers"]} >= {"seccomp", "landlock"}
    assert found["host"]["release"] == os.uname().release
    assert found["left_out"]["two sandboxes beside each other"] > 0


@pytest.fixture
def with_holes():
    """pyexecd with a self-test whose techniques get through, fail or are stopped: see selftest_holes.json."""
    directory = tempfile.mkdtemp(prefix="pyexec-holes-")
    os.chmod(directory, 0o755)
    for name in ("pyexecd", "pyexec-front", "pyexec-guest"):
        shutil.copy(os.path.join(os.path.dirname(binary()), name), directory)
    shutil.copy(WITH_HOLES, os.path.join(directory, "pyexec-selftest"))
    yield os.path.join(directory, "pyexecd")
    shutil.rmtree(directory)


def test_holes_make_it_fail(with_holes, as_user):
    status, output, log = run(as_user, "--json", program=with_holes)
    rows = {row["technique"]: (row["verdict"], row["stopped_by"]) for row in json.loads(output)["techniques"]}
    assert status == 1, log
    assert rows["test.stopped"] == ("stopped", "EACCES for /proc/1/mem")
    assert rows["test.hole"] == ("got through", "opened ?[31m/etc/passwd")
    assert rows["test.broken_probe"][0] == "no verdict" and "NameError" in rows["test.broken_probe"][1]
    assert rows["test.stopped_elsewhere"][0] == "no verdict"
    assert rows["forged.believed"][0] == "got through"
    assert rows["bombs.loop"] == ("stopped", "timeout: timeout")
    assert rows["bombs.a_neighbour_meanwhile"][0] == "stopped"


def test_text_names_what_got_through(with_holes, as_user):
    status, output, _ = run(as_user, program=with_holes)
    assert status == 1
    assert "\ngot through: test.hole: opened ?[31m/etc/passwd\n" in output and "\x1b" not in output
    assert "\nno verdict: test.broken_probe: " in output
    assert "\nleft out: 7, what this test does not try\n" in output
    assert "\n7 techniques, 3 stopped, 0 visible, 2 got through, 2 without a verdict (" in output


def test_interrupted_leaves_nothing_and_fails(as_user):
    with start(as_user) as process:
        time.sleep(2)
        everyone = proc.descendants(process.pid)
        assert everyone
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 1
    left = proc.wait_gone(everyone, 5)
    proc.end_processes(left)
    assert not left


@pytest.mark.parametrize("arguments", [["--jsn"], ["--json", "--max-timeout=0"], ["now"]])
def test_wrong_arguments_are_refused(as_user, arguments):
    status, output, log = run(as_user, *arguments)
    assert status == 64 and output == "" and log


def test_help_names_it():
    shown = subprocess.run([binary(), "--help"], capture_output=True, text=True, check=True).stdout
    assert "pyexecd selftest [--json]" in shown
