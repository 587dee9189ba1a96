"""What /proc, /sys/fs/cgroup and the mount table say about the daemon's processes."""

import ctypes
import errno
import glob
import os
import time
from typing import NamedTuple

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


class Process(NamedTuple):
    pid: int
    ppid: int
    comm: str
    state: str
    start_time: int

    @property
    def identity(self):
        """Tells this process from a later one with the same pid."""
        return (self.pid, self.start_time)


def prctl(option, argument):
    if _libc.prctl(option, argument, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def become_subreaper():
    """Orphans of our daemons become our children, so that nothing can hide by losing its parent."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def read_process(pid):
    """The process, or None when there is none (any more)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    comm = text[text.index("(") + 1 : text.rindex(")")]
    rest = text[text.rindex(")") + 2 :].split()
    return Process(int(pid), int(rest[1]), comm, rest[0], int(rest[19]))


def processes():
    found = (read_process(name) for name in os.listdir("/proc") if name.isdigit())
    return {process.pid: process for process in found if process}


def descendants(pid):
    """All live descendants of a process, nearest first; zombies left out."""
    everyone = processes()
    children = {}
    for process in everyone.values():
        children.setdefault(process.ppid, []).append(process)
    result, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(0), []):
            queue.append(child.pid)
            if child.state not in "ZX":
                result.append(child)
    return result


started = set()  # pids of our own Popen objects, which collect their status themselves


def reap_orphans():
    """Collects the zombies that were reparented to us. A namespace's init cannot end before its last process is reaped."""
    me = os.getpid()
    for process in processes().values():
        if process.ppid == me and process.state == "Z" and process.pid not in started:
            try:
                os.waitpid(process.pid, os.WNOHANG)
            except ChildProcessError:
                pass


def is_alive(process):
    now = read_process(process.pid)
    return now is not None and now.start_time == process.start_time and now.state not in "ZX"


def wait_gone(gone, seconds):
    """Waits until none of the processes lives; returns those that still do."""
    deadline = time.monotonic() + seconds
    while True:
        reap_orphans()
        left = [process for process in gone if is_alive(process)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def descriptors(pid):
    """{number: what the link in /proc/PID/fd says}"""
    result = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            result[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass
    return result


def status(pid):
    """/proc/PID/status as a dict of texts."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return {key: value.strip() for key, _, value in (line.partition(":") for line in file)}


def resident_bytes(pid):
    return int(status(pid)["VmRSS"].split()[0]) * 1024


def cgroups_of(pid):
    """Directories of the daemon's own control groups that the process is in, up to the topmost one of the daemon's."""
    result = set()
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return result
    for line in lines:
        _, controllers, path = line.split(":", 2)
        parts = path.strip("/").split("/")
        ours = [i for i, part in enumerate(parts) if part.startswith("pyexecd")]
        if ours:
            top = "/".join(parts[: ours[0] + 1])
            for mount in _cgroup_mounts(controllers):
                result.add(f"{mount}/{top}")
    return result


def _cgroup_mounts(controllers):
    if not controllers:
        candidates = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
        return [path for path in candidates if os.path.exists(f"{path}/cgroup.procs")]
    names = controllers.replace("name=", "").split(",")
    return [f"/sys/fs/cgroup/{name}" for name in names if os.path.isdir(f"/sys/fs/cgroup/{name}")]


def pyexec_mounts():
    """Lines of the mount table that carry our name."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return {line.rstrip() for line in file if "pyexec" in line}


def pyexec_directories(*more):
    """Directories of ours in the places where a daemon might leave some."""
    result = set()
    for parent in ("/run", "/tmp", "/var/tmp", "/dev/shm", "/var/lib", "/var/run", *more):
        result.update(glob.glob(f"{parent}/pyexecd*"))
        result.update(glob.glob(f"{parent}/.pyexecd*"))
    return result


def end_processes(victims):
    for victim in victims:
        if is_alive(victim):
            try:
                os.kill(victim.pid, 9)
            except OSError as error:
                if error.errno != errno.ESRCH:
                    raise
