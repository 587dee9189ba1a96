"""pyexec-selftest alone: sandboxes that are played give it answers, and it must draw the right conclusions.

PYEXEC_SELFTEST names the program; without it the usual build directory is looked at."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import pytest

from conftest import ROOT
from played_keeper import CANCELLED, SIGNALED, TIMEOUT, FakeKeeper

sys.path.insert(0, os.path.join(ROOT, "tests"))
from escape import catalogue  # noqa: E402

SELFTEST = os.environ.get("PYEXEC_SELFTEST", os.path.join(ROOT, "build", "src", "front", "pyexec-selftest"))
TECHNIQUES = catalogue.load()
BY_SCRIPT = {catalogue.compose(technique): technique for technique in TECHNIQUES}
NEIGHBOUR = "bombs.a_neighbour_meanwhile"


def honest(technique):
    """A play that answers as a good sandbox does, from the technique's own rule."""
    rule = technique.rule
    if "stopped_by" in rule:
        return {"value": json.dumps({"got_through": False, "evidence": "", "stopped_by": rule["stopped_by"][0] + " here"})}
    if "results" in rule and rule["results"] is None:
        return {"verdict": {"cause": TIMEOUT, "limit_value": 1000}}
    if rule.get("results"):
        results = [value for value in rule["results"] if isinstance(value, str)]
        text = "HTTP/1.1 500" if "once" in rule else ""
        return {"value": json.dumps(results[0]), "stdout": text} if results else {"value": "{", "stdout": text}
    if rule["errors"] == ["timeout"]:
        return {"verdict": {"cause": TIMEOUT, "limit_value": 500}}
    if rule["errors"] == ["resource_limit"]:
        return {"verdict": {"cause": 4, "limit_value": 1 << 20}}
    code = rule.get("members", {}).get("return_code", 1)
    if code > 128:
        return {"verdict": {"cause": SIGNALED, "signal": code - 128}}
    return {"verdict": {"exit_code": code}}


class Host(FakeKeeper):
    """`plays` has what the sandboxes do for some techniques, by name; all others are stopped as they should be."""

    def __init__(self, *arguments, plays=None, **options):
        self.plays = plays or {}
        self.output = tempfile.TemporaryFile()
        self.errors = tempfile.TemporaryFile()
        # --json stands before the settings, of which FakeKeeper brings the first.
        wrapper = ["/bin/sh", "-c", 'program=$1; listen=$2; shift 2; exec "$program" "$@" "$listen"', "sh"]
        super().__init__(SELFTEST, *arguments, wrapper=wrapper, ready=(6, 2), stdout=self.output, stderr=self.errors, **options)

    def _write_run(self, sandbox_id, request, play, out, err, result):
        technique = BY_SCRIPT.get(request.script.decode())
        name = technique.id if technique else NEIGHBOUR
        default = honest(technique) if technique else {"value": '"Hello"'}
        return super()._write_run(sandbox_id, request, self.plays.get(name, default), out, err, result)

    def report(self, timeout=60):
        """(exit status, output)"""
        status = self.process.wait(timeout)
        self.output.seek(0)
        self.close(expect=status)
        return status, self.output.read().decode()


@pytest.fixture
def start():
    hosts = []

    def starter(*arguments, **options):
        hosts.append(Host(*arguments, **options))
        return hosts[-1]

    yield starter
    for host in hosts:
        if host.process.poll() is None:
            host.process.kill()
            host.process.wait()


def play_verdict(**verdict):
    return {"value": json.dumps({"got_through": False, "evidence": "", "stopped_by": "", **verdict})}


def test_all_stopped(start):
    status, output = start().report()
    assert status == 0, output
    total = len(TECHNIQUES) + 1
    assert f"{total} techniques, {total} stopped, 0 visible, 0 got through, 0 without a verdict" in output
    assert "tier: namespaces" in output and re.search(r"in force +seccomp +a table", output)
    assert re.search(r"missing +cgroup +none here", output)
    lines = output.splitlines()
    assert [line.split()[0] for line in lines[:total]] == [t.id for t in TECHNIQUES] + [NEIGHBOUR]


def test_json(start):
    status, output = start("--json").report()
    report = json.loads(output)
    assert status == 0
    assert report["tier"] == "namespaces" and report["python"] == "3.11.2"
    assert report["layers"][1] == {"layer": "cgroup", "state": "missing", "detail": "none here"}
    assert report["summary"] == {"techniques": len(TECHNIQUES) + 1, "stopped": len(TECHNIQUES) + 1, "got_through": 0, "visible": 0, "no_verdict": 0}
    assert sum(family["techniques"] for family in report["families"].values()) == len(TECHNIQUES) + 1
    assert {row["technique"] for row in report["techniques"]} == {t.id for t in TECHNIQUES} | {NEIGHBOUR}
    assert report["left_out"] and report["host"]["user"] == os.getuid()


HOLES = {
    "files.open_by_handle": play_verdict(got_through=True, evidence="an inode of \x1b[2Jthe host"),
    "bombs.processes": {"verdict": {"cause": 9}},
    "channels.success_before_a_kill": {"value": '"forged"'},
    NEIGHBOUR: {"value": '"Good-bye"'},
}
BROKEN = {
    "files.open_by_handle": {"record": {"kind": "exception", "error_type": "NameError", "message": "m", "traceback": "T"},
                             "verdict": {"exit_code": 1}},
    "sockets.netlink": play_verdict(stopped_by="a wall that nobody knows"),
    "sockets.raw_icmp": {"value": "null"},
    "bombs.threads": {"record": {"kind": "exception", "error_type": "NameError", "message": "m", "traceback": "T"},
                      "verdict": {"exit_code": 1}},
}


@pytest.mark.parametrize("name", HOLES)
def test_hole_is_found(start, name):
    status, output = start(plays={name: HOLES[name]}).report()
    assert status == 1
    assert re.search(rf"^got through: {re.escape(name)}: ", output, re.MULTILINE), output[-2000:]
    assert "1 got through, 0 without a verdict" in output
    assert "\x1b" not in output


@pytest.mark.parametrize("name", BROKEN)
def test_broken_probe_is_no_defence(start, name):
    status, output = start(plays={name: BROKEN[name]}).report()
    assert status == 1
    assert re.search(rf"^no verdict: {re.escape(name)}: ", output, re.MULTILINE), output[-2000:]
    assert "0 got through, 1 without a verdict" in output


SEEN = play_verdict(got_through=True, visible=True, evidence="9 there")


@pytest.mark.parametrize("tier, name, verdict", [
    (b"landlock", "processes.signal_others", "visible"),
    (b"namespaces", "processes.signal_others", "got through"),
    (b"landlock", "processes.trace", "got through"),  # nothing is permitted to be seen of it
])
def test_visible_only_without_namespaces(start, monkeypatch, tier, name, verdict):
    monkeypatch.setattr(Host, "tier", tier)
    status, output = start("--json", plays={name: SEEN}).report()
    report = json.loads(output)
    rows = {row["technique"]: row["verdict"] for row in report["techniques"]}
    assert rows[name] == verdict
    assert report["summary"]["visible"] == (verdict == "visible")
    assert status == (0 if verdict == "visible" else 1)


def test_failure_of_the_service_gives_no_verdict(start):
    status, output = start("--json", plays={"mounts.mount_proc": {"verdict": {"cause": CANCELLED}}}).report()
    rows = {row["technique"]: row["verdict"] for row in json.loads(output)["techniques"]}
    assert status == 1 and rows["mounts.mount_proc"] == "no verdict"


def test_interrupted_is_a_failure(start):
    host = start(plays={t.id: {"delay": 20} for t in TECHNIQUES})
    time.sleep(1)
    host.drain()
    status, output = host.report(10)
    assert status == 1 and "techniques," not in output


def test_without_a_keeper_it_fails(start):
    host = start(plays={t.id: {"delay": 20} for t in TECHNIQUES})
    time.sleep(0.5)
    host.link.shutdown(2)
    status, output = host.report(10)
    assert status == 1 and "techniques," not in output


def test_report_that_cannot_be_written_is_a_failure():
    with open("/dev/full", "wb") as full:
        host = FullHost(full)
        assert host.process.wait(60) == 1
        host.close(expect=1)


class FullHost(Host):
    def __init__(self, full):
        self.plays = {}
        FakeKeeper.__init__(self, SELFTEST, ready=(6, 2), stdout=full, stderr=subprocess.DEVNULL)
