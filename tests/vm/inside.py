#!/usr/bin/python3
"""What scripts/test-vm runs inside of the machine:  inside.py [--all] [pytest options]

Runs one suite after the other, says how each ended, and leaves their reports on the second disk as a plain tar, with
`summary`, `kernel`, and a `verdict` that is "ok" when all is well.
"""

import io
import os
import subprocess
import sys
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


def suites(everything, options):
    yield "unit", ["meson", "test", "-C", "build", "--no-rebuild", "--print-errorlogs", "--timeout-multiplier=30",
                   "--suite=keeper", "--suite=jail"], None  # fmt: skip
    for name, paths, flags in [("control groups", ["tests/vm"], []), *(EVERYTHING if everything else SLICE)]:
        junit = RESULTS / f"{name.replace(', ', '-').replace(' ', '-')}.xml"
        yield name, [*PYTEST, *paths, *flags, *options, f"--junitxml={junit}"], junit


def counts(junit):
    if junit is None or not junit.exists():
        return ""
    cases = list(xml.etree.ElementTree.parse(junit).iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return f"{len(cases) - failed - skipped} passed, {failed} failed, {skipped} skipped"


def main():
    arguments = sys.argv[1:]
    everything = "--all" in arguments
    options = [argument for argument in arguments if argument != "--all"]
    RESULTS.mkdir(exist_ok=True)
    os.chdir(ROOT)
    python = subprocess.run(["/usr/bin/python3", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    kernel = f"Linux {os.uname().release}, {python}"
    print(f"\ninside: {kernel}, control groups: {Path('/sys/fs/cgroup/cgroup.controllers').read_text().strip()}", flush=True)
    lines, good = [], True
    for name, command, junit in suites(everything, options):
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
