"""The container as its user meets it: start, health, end, logs, what it writes, and when it refuses to start."""

import json
import re
import subprocess
import threading
import time

import pytest
from integration import test_seed_examples as seed
from integration.support.client import Client, free_port
from integration.support.container import IMAGE, MODES, WITHOUT_LANDLOCK, docker
from integration.support.daemon import Daemon
from integration.support.raw import wait_until

START_S = 15  # a few seconds on a machine with nothing else to do
TIERS = {
    **dict.fromkeys(("plain", "user", "user-locked"), "landlock"),
    "privileged": "namespaces",
    "without-landlock": "seccomp",
}
PREPARED_TREE = "/usr/lib/pyexecd/root"


def isolation(own):
    return own.health()[1]["isolation"]


@pytest.mark.parametrize("mode", MODES)
def test_starts_in_seconds_with_the_tier_of_its_mode(start, mode, record_property):
    own = start(mode, wait=False)
    took = own.wait_healthy(START_S)
    record_property("seconds", round(took, 1))
    assert isolation(own)["tier"] == TIERS[mode], isolation(own)
    assert own.client.result("import pandas\ndef main():\n    return int(pandas.Series([1, 2]).sum())") == 3


def test_the_line_of_the_readme(tmp_path):
    """`docker run -p 8080:8080 python-code-runner`, on another port of the host where that one is taken."""
    port = 8080
    try:
        Client("127.0.0.1", port, timeout=1).health()
        port = free_port()
    except OSError:
        pass
    before = set(docker("ps", "-aq").split())
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(["docker", "run", "-p", f"{port}:8080", IMAGE], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    client = Client("127.0.0.1", port, timeout=20)

    def is_healthy():
        try:
            return client.health().status == 200
        except OSError:
            return False

    try:
        assert wait_until(is_healthy, START_S, 0.1) is not None, (tmp_path / "log").read_text()
        for line, result in ((seed.BASIC, "Hello, World!"), (seed.PRINTS, 15), (seed.TEST_EXECUTION, "test")):
            status, answer = seed.curl(client, line)
            assert (status, answer["result"]) == (200, result), answer
        assert seed.curl(client, seed.TEST_HEALTH)[0] == 200
    finally:
        process.terminate()
        assert process.wait(20) == 0
        # Without --rm and a name, as the line has it.
        for name in set(docker("ps", "-aq", "--filter", f"ancestor={IMAGE}").split()) - before:
            docker("rm", "-f", name)


class TestHealthcheck:
    def status(self, own):
        return json.loads(docker("inspect", "--format", "{{json .State.Health}}", own.name))

    def test_becomes_healthy(self, running):
        assert wait_until(lambda: self.status(running)["Status"] == "healthy", 40, 0.5) is not None, self.status(running)
        assert "200 OK" in self.status(running)["Log"][-1]["Output"]

    def test_costs_next_to_nothing_and_can_fail(self, running):
        check = ("exec", running.name, "/usr/libexec/pyexecd/pyexec-healthcheck")
        assert docker(*check) == "HTTP/1.1 200 OK"
        done = subprocess.run(["docker", *check, "--listen=:1"], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "refused" in done.stdout


class TestEnd:
    def test_docker_stop(self, start):
        own = start()
        started = time.monotonic()
        docker("stop", own.name)
        assert own.process.wait(5) == 0
        assert time.monotonic() - started < 8, "it had to be killed"
        Daemon.live.remove(own)

    @pytest.mark.parametrize("mode", ["plain", "user-locked"])
    def test_a_running_script_is_finished(self, start, mode):
        own = start(mode)
        outcome = []
        script = "import time\ndef main():\n    time.sleep(2)\n    return 'finished'"
        run = threading.Thread(target=lambda: outcome.append(own.client.execute(script)))
        run.start()
        assert wait_until(lambda: own.health()[1]["pool"]["busy"] == 1, 5) is not None
        docker("kill", "-s", "TERM", own.name)
        run.join(15)
        assert outcome and outcome[0][0] == 200 and outcome[0][1]["result"] == "finished", outcome
        assert own.process.wait(10) == 0
        Daemon.live.remove(own)


def test_logs_are_on_stderr(running):
    done = subprocess.run(["docker", "logs", running.name], capture_output=True, text=True, check=True)
    assert done.stdout == "" and "ready on http://" in done.stderr
    assert not re.search(r"ERROR|error:|Traceback", done.stderr), done.stderr


def test_what_it_writes(running):
    """Nothing of the image changes, and nothing of a run stays."""
    for imports in ("", "import matplotlib.pyplot\n"):
        running.client.result(imports + "def main():\n    open('left', 'w').write('x')\n    open('/tmp/left', 'w').write('x')")
    assert wait_until(lambda: running.health()[1]["pool"]["busy"] == 0, 5) is not None
    time.sleep(0.5)
    changes = [line.split(" ", 1) for line in docker("diff", running.name).splitlines()]
    private = f"{PREPARED_TREE}/run/pyexecd"
    wrong = [
        (kind, path)
        for kind, path in changes
        if not (path.startswith((private, "/run", "/tmp")) or (kind == "C" and private.startswith(path)))
    ]
    assert not wrong
    assert not [path for _, path in changes if path.endswith("/left")]


def test_a_read_only_image_can_be_written_nowhere(start):
    own = start("user-locked")
    own.client.result("def main():\n    open('x', 'w').write('x')")
    changed = {line.split(" ", 1)[1] for line in docker("diff", own.name).splitlines()}
    assert changed <= {"/tmp", "/run"}, changed


class TestRefusals:
    def refused(self, start, *flags, **options):
        own = start(flags=flags, wait=False, **options)
        assert own.process.wait(30) not in (0, 125, 126, 127), own.log()
        Daemon.live.remove(own)
        return own.log()

    def test_root_without_capabilities(self, start):
        """Scripts would own the system's files."""
        log = self.refused(start, "--cap-drop", "ALL")
        assert "--user 1000:1000" in log or "CAP_SETUID" in log, log

    def test_no_landlock(self, start):
        """Unless less was asked for, which the mode "without-landlock" does."""
        log = self.refused(start, *WITHOUT_LANDLOCK)
        assert "min-isolation" in log or "PYEXEC_MIN_ISOLATION" in log, log

    def test_a_setting_that_does_not_exist(self, start):
        log = self.refused(start, environment={"PYEXEC_MAX_TIMEOT": "3"})
        assert "PYEXEC_MAX_TIMEOUT" in log
