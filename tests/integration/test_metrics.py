"""/metrics of the real daemon, and what deploy/ asks of it."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "unit" / "front"))
from prometheus_text import check_by_promtool, parse, value  # noqa: E402 (the one reader of that format)

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "pyexecd.json").read_text(encoding="utf-8"))
RULES = (ROOT / "deploy" / "prometheus" / "pyexecd.rules.yml").read_text(encoding="utf-8")

pytestmark = [pytest.mark.needs_own]


def metrics(client):
    response = client.request("GET", "/metrics")
    assert response.status == 200
    return response.body.decode("ascii")


def wait_for_sample(client, seconds, wanted, name, **labels):
    deadline = time.monotonic() + seconds
    while not wanted(seen := value(parse(metrics(client)), name, **labels)):
        assert time.monotonic() < deadline, (name, labels, seen)
        time.sleep(0.05)


@pytest.fixture(scope="module")
def used_service(module_service):
    return module_service(guest_max_runs=12)


@pytest.fixture(scope="module")
def used(used_service):
    """A client of a daemon that has run this and that."""
    client = used_service.client
    client.result("def main():\n    print('hello')\n    return 1")
    client.result("import numpy\ndef main():\n    return 1")
    client.failure("timeout", "def main():\n    while True: pass", timeout=0.5)
    client.failure("runtime_error", "def main():\n    1 / 0")
    client.failure("runtime_error", "import os\ndef main():\n    os.kill(os.getpid(), 11)")
    client.failure("runtime_error", "import socket\ndef main():\n    socket.socket()")
    client.failure("runtime_error", "import os\ndef main():\n    os.chroot('/tmp')")
    client.failure("resource_limit", "def main():\n    x = bytearray(1 << 30)\n    x[:] = bytes(1 << 30)", memory_mb=64)
    return client


def test_real_runs_are_counted(used):
    text = metrics(used)
    check_by_promtool(text)
    samples = parse(text)
    for outcome, count in (("success", 2), ("timeout", 1), ("runtime_error", 4), ("resource_limit", 1), ("internal_error", 0)):
        assert value(samples, "pyexecd_requests_total", outcome=outcome, key="anonymous") == count, outcome
    for cause, count in (("exited", 5), ("timeout", 1), ("signaled", 1), ("memory", 1)):
        assert value(samples, "pyexecd_sandboxes_ended_total", cause=cause) == count, cause
    for call, count in (("socket", 1), ("chroot", 1), ("mount", 0), ("other", 0)):
        assert value(samples, "pyexecd_denied_calls_total", call=call) == count, call
    assert 0.4 < value(samples, "pyexecd_run_cpu_seconds_total", key="anonymous") < 20
    assert value(samples, "pyexecd_run_duration_seconds_sum") > 0.5
    started = value(samples, "pyexecd_sandbox_start_duration_seconds_count", guest="lean")
    assert started >= 4 and value(samples, "pyexecd_sandbox_start_duration_seconds_sum", guest="lean") / started > 0.0005


def test_guests_that_retire_are_counted(used):
    for _ in range(12):
        used.result("def main():\n    return 1")
    wait_for_sample(used, 30, lambda seen: seen >= 1, "pyexecd_guests_retired_total", guest="lean")
    assert value(parse(metrics(used)), "pyexecd_guests_died_total", guest="data") == 0


# ---- deploy/ ----


def queries():
    """(where it stands, PromQL) of the dashboard and the rules."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]
    for name, expression in re.findall(r"- alert: (\w+)\n +expr: (.*?)\n +(?:for|labels):", RULES, re.DOTALL):
        yield name, expression


def test_dashboard_and_rules_name_what_is_there(used):
    samples = parse(metrics(used))
    names = {name for name, _ in samples}
    labels = {name: {label for other, pairs in samples if other == name for label, _ in pairs} for name in names}
    asked = list(queries())
    assert len(asked) > 35
    for place, query in asked:
        used_here = re.findall(r"pyexecd_\w+", query)
        assert used_here or "up{" in query, f"{place} asks for nothing of ours"
        for name in used_here:
            assert name in names, f"{place}: there is no {name}"
            for label, wanted in re.findall(r'(\w+)="(\w+)"', query):
                assert label in labels[name], f"{place}: {name} has no label {label}"
                assert any((label, wanted) in pairs for other, pairs in samples if other == name), f"{place}: no {label}={wanted}"
        for by in re.findall(r"by \(([^)]*)\)", query):
            for label in by.replace(" ", "").split(","):
                assert label == "instance" or all(label in labels[name] for name in used_here), f"{place}: no label {label}"


def test_every_metric_is_on_the_dashboard(used):
    shown = " ".join(query for _, query in queries())
    missing = {name for name, _ in parse(metrics(used)) if name not in shown and not re.search(r"_(sum|count|bucket)$", name)}
    assert not missing


@pytest.mark.needs_process
def test_a_guest_that_is_killed_is_counted(used, used_service):
    before = value(parse(metrics(used)), "pyexecd_guests_died_total", guest="data")
    wait_for_sample(used, 30, lambda seen: seen == 1, "pyexecd_guest_ready", guest="data")
    for guest in used_service.named("pyexec-guest"):
        os.kill(guest.pid, signal.SIGKILL)
    wait_for_sample(used, 30, lambda seen: seen > before, "pyexecd_guests_died_total", guest="data")
    used_service.wait_healthy(30)
