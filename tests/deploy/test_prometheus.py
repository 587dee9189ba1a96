"""The alert rules of deploy/prometheus: valid, tried by promtool with invented series, each of them both ways."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DIRECTORY = Path(__file__).resolve().parent.parent.parent / "deploy" / "prometheus"
RULES = DIRECTORY / "pyexecd.rules.yml"
TESTS = DIRECTORY / "pyexecd.rules.test.yml"
ALERTS = re.findall(r"^ +- alert: (\w+)$", RULES.read_text(encoding="utf-8"), re.MULTILINE)


def promtool(*arguments, directory=DIRECTORY):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, cwd=directory, check=False, timeout=120)


@pytest.mark.parametrize("command", [("check", "rules", RULES.name), ("check", "config", "prometheus.yml"), ("test", "rules", TESTS.name)])
def test_promtool_is_content(command):
    done = promtool(*command)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tried_both_ways(alert):
    tried = TESTS.read_text(encoding="utf-8").split("alertname: ")[1:]
    mine = [text for text in tried if re.match(rf"{alert}\b", text)]
    assert any("exp_alerts: []" in text.splitlines()[0] for text in mine), "nothing shows that it keeps silent"
    assert any("exp_labels" in text for text in mine), "nothing shows that it fires"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_that_never_fires_would_be_noticed(alert, tmp_path):
    """The tests of the rules can fail: each rule turned off makes them."""
    for file in (RULES, TESTS):
        shutil.copy(file, tmp_path)
    broken, n = re.subn(rf"(alert: {alert}\n +expr: )(>-\n)?", r"\1vector(0) > 0 and on() \2", RULES.read_text(encoding="utf-8"))
    assert n == 1
    broken = broken.replace("vector(0) > 0 and on() >-\n", ">-\n          vector(0) > 0 and on()\n")
    (tmp_path / RULES.name).write_text(broken, encoding="utf-8")
    assert promtool("check", "rules", RULES.name, directory=tmp_path).returncode == 0
    done = promtool("test", "rules", TESTS.name, directory=tmp_path)
    assert done.returncode != 0 and alert in done.stdout + done.stderr
