#!/usr/bin/python3
"""What scripts/test-vm runs inside of the machine:  inside.py [--all] [--only TEXT] [pytest options]

Runs one suite after the other, or those with TEXT in their names (several TEXTs with commas), says how each ended, and leaves
their reports on the second disk as a plain tar, with `summary`, `kernel`, and a `verdict` that is "ok" when all is well.
"""

import argparse
import io
import os
import subprocess
import tarfile
import time
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = Path("/root/results")
DISK = "/dev/vdb"
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=5"]

# Each daemon is in a unit of its own, as systemd starts a service that has Delegate=yes.
DELEGATED = "--run-with=systemd-run --scope --quiet -p Delegate=yes"

# The Debian package, started by systemd on its port. Tests that start services of their own or look at processes leave it out.
INSTALLED = ["env", "PYEXEC_URL=http://127.0.0.1:8080"]
ROOT_CONF = "/usr/share/doc/pyexecd/examples/root.conf"
INSTALL = ["sh", "-c", "dpkg --install /root/pyexecd_*.deb && systemctl is-active pyexecd.service"]
AS_ROOT = ["sh", "-c", f"install -D -t /etc/systemd/system/pyexecd.service.d {ROOT_CONF} && systemctl daemon-reload && systemctl restart pyexecd"]
PURGE = ["sh", "-c", "rm -rf /etc/systemd/system/pyexecd.service.d && dpkg --purge pyexecd"]

# What looks at the clock closely shows nothing in an emulator.
CLOCK = "not is_exact and not covers_all_processes and not warm_start and not cpu_of and not bombs and not soak"
SLICE = [
    ("seed and limits", ["tests/integration/test_seed_examples.py", "tests/integration/test_limits.py"], [DELEGATED, "-k", CLOCK]),
    ("techniques", ["tests/escape/test_techniques.py"], [DELEGATED, "-k", "bombs or cgroup or namespaces or mounts or identity"]),
    ("techniques, landlock tier", ["tests/escape/test_techniques.py"], ["--isolation=landlock", "-k", "processes or files"]),
]
EVERYTHING = [
    ("integration", ["tests/integration"], [DELEGATED, "-m", "not long", "-k", CLOCK]),
    ("escape", ["tests/escape"], [DELEGATED, "-m", "not long"]),
    ("integration, user", ["tests/integration"], ["--as-user", "-m", "not long", "-k", CLOCK]),
    ("escape, user", ["tests/escape"], ["--as-user", "-m", "not long"]),
    ("integration, landlock tier", ["tests/integration"], ["--isolation=landlock", "-m", "not long", "-k", CLOCK]),
    ("escape, landlock tier", ["tests/escape"], ["--isolation=landlock", "-m", "not long"]),
]


PACKAGE_SLICE = [
    ("integration", ["tests/integration/test_seed_examples.py", "tests/integration/test_limits.py"], ["-k", CLOCK]),
    ("escape", ["tests/escape/test_techniques.py"], ["-k", "bombs or cgroup or namespaces or mounts or identity"]),
]
PACKAGE_EVERYTHING = [
    ("integration", ["tests/integration"], ["-m", "not long", "-k", CLOCK]),
    ("escape", ["tests/escape"], ["-m", "not long"]),
]


def junit_of(name):
    return RESULTS / f"{name.replace(', ', '-').replace(' ', '-')}.xml"


def package_suites(everything, options):
    """The package's own story, and then the suites against what it installs: as its own user, and as root."""
    junit = junit_of("package")
    yield "package", [*PYTEST, "tests/vm/test_package.py", *options, f"--junitxml={junit}"], junit
    for way, prepare in ("installed", INSTALL), ("installed as root", AS_ROOT):
        yield f"{way}: start", prepare, None
        for name, paths, flags in PACKAGE_EVERYTHING if everything else PACKAGE_SLICE:
            junit = junit_of(f"{way} {name}")
            yield f"{way}: {name}", [*INSTALLED, *PYTEST, *paths, *flags, *options, f"--junitxml={junit}"], junit
    yield "installed: purge", PURGE, None


def suites(everything, options):
    yield "unit", ["meson", "test", "-C", "build", "--no-rebuild", "--print-errorlogs", "--timeout-multiplier=30",
                   "--suite=keeper", "--suite=jail"], None  # fmt: skip
    for name, paths, flags in [("control groups", ["tests/vm/test_cgroups.py"], []), *(EVERYTHING if everything else SLICE)]:
        junit = junit_of(name)
        yield name, [*PYTEST, *paths, *flags, *options, f"--junitxml={junit}"], junit
    yield from package_suites(everything, options)


def counts(junit):
    if junit is None or not junit.exists():
        return ""
    cases = list(xml.etree.ElementTree.parse(junit).iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return f"{len(cases) - failed - skipped} passed, {failed} failed, {skipped} skipped"


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    asked, options = parser.parse_known_args()
    RESULTS.mkdir(exist_ok=True)
    os.chdir(ROOT)
    python = subprocess.run(["/usr/bin/python3", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    kernel = f"Linux {os.uname().release}, {python}"
    print(f"\ninside: {kernel}, control groups: {Path('/sys/fs/cgroup/cgroup.controllers').read_text().strip()}", flush=True)
    lines, good = [], True
    for name, command, junit in suites(asked.all, options):
        if not any(text in name for text in asked.only.split(",")):
            continue
        print(f"\n=== {name}: {' '.join(map(str, command))}", flush=True)
        started = time.monotonic()
        status = subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode
        good = good and status == 0
        verdict = "ok" if status == 0 else f"FAILED (status {status})"
        lines.append(f"{name:28} {time.monotonic() - started:7.1f} s  {verdict:20} {counts(junit)}".rstrip())
        print(lines[-1], flush=True)
    (RESULTS / "summary").write_text("\n".join(lines) + "\n")
    (RESULTS / "kernel").write_text(kernel + "\n")
    (RESULTS / "verdict").write_text("ok\n" if good else "failed\n")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(RESULTS, arcname=".")
    with open(DISK, "r+b") as disk:
        disk.write(packed.getvalue())
        os.fsync(disk.fileno())


if __name__ == "__main__":
    main()
