"""`pyexecd check`: what the host offers, and what the service then does."""

import json
import subprocess

import pytest

from .support.daemon import USER, binary, own_environment

pytestmark = pytest.mark.needs_process


def check(*arguments, as_user):
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if as_user else []
    return subprocess.run([*user, binary(), "check", *arguments], capture_output=True, text=True, timeout=30,
                          env=own_environment())  # fmt: skip


def layers(report):
    return {layer["name"]: layer["detail"] for layer in report}


def test_says_what_the_service_does(daemon, service, as_user):
    done = check("--json", *([f"--isolation={daemon.isolation}"] if daemon.isolation else []), as_user=as_user)
    assert done.returncode == 0, done.stderr
    report, health = json.loads(done.stdout), service.health().json()["isolation"]
    assert report["tier"] == health["tier"]
    assert layers(report["in_force"]) == layers(health["layers"]["in_force"])
    assert layers(report["missing"]) == layers(health["layers"]["missing"])
    assert "system calls reachable" in layers(report["in_force"])["seccomp"]


def test_text_names_every_layer(as_user):
    done = check(as_user=as_user)
    report = json.loads(check("--json", as_user=as_user).stdout)
    assert done.returncode == 0
    for layer in report["in_force"] + report["missing"]:
        assert layer["name"] in done.stdout and layer["detail"] in done.stdout
    assert f"tier            {report['tier']}" in done.stdout


@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_a_tier_that_is_asked_for(as_user, tier):
    report = json.loads(check("--json", f"--isolation={tier}", as_user=as_user).stdout)
    assert report["tier"] == tier
    assert any(layer["detail"] for layer in report["missing"]) or tier == "namespaces"


def test_a_contradiction_is_refused(as_user, own_service, tmp_path):
    done = check("--json", "--isolation=landlock", "--min-isolation=namespaces", as_user=as_user)
    assert done.returncode == 1 and "agree" in json.loads(done.stdout)["problem"]
    started = subprocess.run([binary(), "--listen=127.0.0.1:0", "--isolation=landlock", "--min-isolation=namespaces"],
                             capture_output=True, text=True, timeout=60, env=own_environment())  # fmt: skip
    assert started.returncode == 78 and "agree" in started.stderr


def test_leaves_nothing(as_user):
    def groups():
        return subprocess.run(["find", "/sys/fs/cgroup", "-name", "pyexecd*"], capture_output=True, text=True).stdout

    before = groups()
    check(as_user=as_user)
    assert groups() == before


def test_bad_arguments(as_user):
    assert check("--no-such=1", as_user=as_user).returncode == 64
