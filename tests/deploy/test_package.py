"""What the Debian package is made of, as far as it can be looked at without building it: `make deb` builds it and holds lintian
to it, tests/vm/test_package.py lives with it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SYSTEMD = ROOT / "deploy" / "systemd"
BUILD = ROOT / "build"
PYEXECD = os.environ.get("PYEXEC_BIN", str(BUILD / "bin" / "pyexecd"))
SERVICE = (SYSTEMD / "pyexecd.service").read_text(encoding="utf-8")
ROOT_CONF = (SYSTEMD / "root.conf").read_text(encoding="utf-8")

# What systemd-analyze counts and the service does not have, without a line of its own in the unit's list of what cannot be used.
EXPLAINED = {
    "Delegate=": "control groups are what it is for",
    "DeviceAllow=": "ProtectClock= adds the clock, read-only",
    "RestrictAddressFamilies=~AF_UNIX": "its processes speak by Unix sockets",
}


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


# Words of the sources that are names of calls as well, and are none there.
NO_CALLS = {"execv", "idle", "lock", "security", "syscall"}


def calls_of(groups):
    """The calls that groups of systemd's and single names stand for."""
    found, groups = set(), list(groups)
    while groups:
        name = groups.pop()
        if not name.startswith("@"):
            found.add(name)
            continue
        lines = run("systemd-analyze", "syscall-filter", "--no-pager", name).stdout.splitlines()
        groups += [one.strip() for one in lines[1:] if one.strip() and not one.strip().startswith("#")]
    return found


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """With a program that is there."""
    directory = tmp_path_factory.mktemp("units")
    for name in ("pyexecd.service", "pyexecd.socket"):
        text = (SYSTEMD / name).read_text(encoding="utf-8")
        (directory / name).write_text(text.replace("/usr/local/bin/pyexecd", shutil.which("true")), encoding="utf-8")
    return directory


class TestUnits:
    def test_systemd_takes_them(self, units):
        done = run("systemd-analyze", "verify", "--man=no", units / "pyexecd.service", units / "pyexecd.socket")
        assert done.returncode == 0 and not done.stderr, done.stderr

    @pytest.mark.parametrize("line", ["ProtectSytem=strict", "WatchdogSec=soon", "SystemCallFilter=@no-such-group"])
    def test_a_line_that_is_none_would_be_noticed(self, units, tmp_path, line):
        broken = (units / "pyexecd.service").read_text(encoding="utf-8").replace("Type=notify", f"Type=notify\n{line}")
        (tmp_path / "pyexecd.service").write_text(broken, encoding="utf-8")
        shutil.copy(units / "pyexecd.socket", tmp_path)
        done = run("systemd-analyze", "verify", "--man=no", tmp_path / "pyexecd.service")
        assert done.returncode != 0 or done.stderr

    def test_every_wall_that_is_left_out_has_its_reason(self, units):
        """The list of systemd-analyze, so that a newer one with more in it is looked at."""
        done = run("systemd-analyze", "security", "--offline=true", "--json=short", units / "pyexecd.service")
        reasons = SERVICE[SERVICE.index("# What cannot be used") :]
        missing = [check["name"] for check in json.loads(done.stdout) if check["set"] is False and check["exposure"]]
        assert missing, "it would notice none"
        for name in missing:
            words = re.findall(r"[A-Z]\w+(?==)", name) or [name]
            group = re.search(r"~(@\w+)", name)
            named = all(f"   {word}" in reasons or f" {word}" in reasons for word in words) and (not group or group[1] in reasons)
            assert named or name in EXPLAINED, name

    def test_its_exposure_is_what_the_document_says(self, units):
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", units / "pyexecd.service")
        figure = re.search(r"Overall exposure level .*: ([\d.]+)", done.stdout)[1]
        assert float(figure) <= 2.0
        assert f"exposure level {figure}" in (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")

    def test_no_call_of_ours_is_refused_by_systemd(self):
        """What the tables of src/jail permit, and what our processes call, has to pass the unit's filter as well: it would take
        it away without a word."""
        permitted = calls_of(" ".join(re.findall(r"^SystemCallFilter=(.*)$", SERVICE, re.MULTILINE)).split())
        assert {"read", "mount", "setresuid", "clone3"} <= permitted and not {"bpf", "ptrace", "init_module"} & permitted
        ours = set()
        for path in (ROOT / "src").glob("*/*.c"):
            if path.name.startswith("seccomp_"):
                ours |= set(re.findall(r'\bALLOW\w*\("(\w+)"', path.read_text(encoding="utf-8")))
            else:
                ours |= set(re.findall(r"\b(?:SYS_)?([a-z][a-z0-9_]+)\b(?=\(|[,)])", path.read_text(encoding="utf-8")))
        assert {"read", "sethostname", "pivot_root", "landlock_add_rule", "seccomp", "getdents64"} <= ours
        refused = calls_of(["@known"]) - permitted
        assert len(refused) > 50
        assert sorted(ours & refused - NO_CALLS) == []

    def test_its_user_is_the_one_that_is_made(self):
        (user,) = re.findall(r"^User=(\w+)$", SERVICE, re.MULTILINE)
        (line,) = (SYSTEMD / "pyexecd.sysusers").read_text(encoding="utf-8").splitlines()
        assert line.split()[:3] == ["u", user, "-"]
        assert f"userdel {user}" in (ROOT / "debian" / "pyexecd.postrm").read_text(encoding="utf-8")

    def test_root_is_given_by_a_drop_in_alone(self):
        assert re.search(r"^User=root$", ROOT_CONF, re.MULTILINE) and "CapabilityBoundingSet=\n" in SERVICE
        bounding = re.findall(r"^CapabilityBoundingSet=(.+)$", ROOT_CONF, re.MULTILINE)
        granted = " ".join(bounding).split()
        assert not {"CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_NET_ADMIN", "CAP_BPF", "CAP_SYS_BOOT", "CAP_SYS_TIME"} & set(granted)
        assert len(granted) == len(set(granted)) and "CAP_SETUID" in granted


class TestConfigurationFile:
    FILE = BUILD / "docs" / "pyexecd.conf"

    def check(self, text, tmp_path):
        (tmp_path / "file.conf").write_text(text, encoding="utf-8")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYEXEC_")}
        return run(PYEXECD, "check-config", f"--config={tmp_path}/file.conf", env=clean)

    def test_it_sets_nothing(self, tmp_path):
        text = self.FILE.read_text(encoding="utf-8")
        assert all(line.startswith("#") or not line for line in text.splitlines())
        done = self.check(text, tmp_path)
        settings = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        assert done.returncode == 0 and settings == [], done.stderr

    def test_every_setting_is_in_it_with_its_default(self, tmp_path):
        table = [line.split("\t") for line in run(PYEXECD, "--print-settings").stdout.splitlines()]
        name, default = table[0].index("name"), table[0].index("default")
        expected = {row[name]: row[default] for row in table[1:] if row[name] != "config"}
        in_force = re.sub(r"^#(\w+ =)", r"\1", self.FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
        done = self.check(in_force, tmp_path)
        assert done.returncode == 0, done.stderr
        printed = dict(line.split(" =", 1) for line in done.stdout.splitlines() if not line.startswith("#"))
        assert {key: value.strip() for key, value in printed.items()} == expected

    def test_what_is_wrong_in_it_would_be_noticed(self, tmp_path):
        text = self.FILE.read_text(encoding="utf-8").replace("#max_timeout = 60", "max_timout = 60")
        assert self.check(text, tmp_path).returncode == 64


def test_the_versions_agree():
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]
    assert (ROOT / "debian" / "changelog").read_text(encoding="utf-8").startswith(f"pyexecd ({version}) ")


def test_the_package_wants_what_the_project_wants():
    """One list of libraries: scripts/install-deps."""
    listed = run(ROOT / "scripts" / "install-deps", "--list", "build", "python").stdout.split()
    control = (ROOT / "debian" / "control").read_text(encoding="utf-8")
    essential = {"gcc", "libc6-dev", "ninja-build"}  # by build-essential and by meson
    assert [name for name in listed if name not in essential and not re.search(rf"[ ,]{re.escape(name)}\b", control)] == []


def test_the_package_may_link_to_its_own_documents():
    """Each document that is installed is there, and so is each example."""
    for name in ("pyexecd.docs", "pyexecd.examples"):
        for line in (ROOT / "debian" / name).read_text(encoding="utf-8").split():
            assert (ROOT / line).exists(), line
