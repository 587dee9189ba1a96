"""Starts pyexec, the command."""

import os
import pty
import select
import signal
import subprocess
import time

from . import proc
from .daemon import ROOT

BINARY = os.path.join(ROOT, "build", "bin", "pyexec")


def environment(url=None, **more):
    """What it sees of the world; nothing of the test's own PYEXEC_ variables."""
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "no_proxy": "*",
        **({"PYEXEC_URL": url} if url else {}),
        **more,
    }


def start(*arguments, url=None, cwd="/", variables=None, **options):
    return subprocess.Popen(
        [BINARY, *arguments],
        env=environment(url, **(variables or {})),
        cwd=cwd,
        preexec_fn=lambda: proc.prctl(proc.PR_SET_PDEATHSIG, signal.SIGKILL),
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
    )


def call(*arguments, feed=None, timeout=60, **options):
    """Runs it to its end: (exit status, stdout, stderr)."""
    if feed is not None:
        options["stdin"] = subprocess.PIPE
    process = start(*arguments, **options)
    try:
        out, err = process.communicate(feed, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, out, err


def call_on_terminal(*arguments, stdout=True, timeout=60, **options):
    """The same with a terminal as standard error, and as standard output unless that is False:
    (exit status, what the terminal was sent, stdout)."""
    ours, theirs = pty.openpty()
    pipe = None if stdout else subprocess.PIPE
    process = start(*arguments, stdout=theirs if stdout else pipe, stderr=theirs, text=False, **options)
    os.close(theirs)
    shown, end = b"", time.monotonic() + timeout
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # EIO: nobody has it open any more
                break
            shown += part
    os.close(ours)
    out = process.communicate(timeout=10)[0]
    return process.returncode, shown, out
