"""What a daemon holds while it lives, and what may not be left when it has ended."""

import os
from typing import NamedTuple

from . import proc
from .daemon import Daemon
from .raw import wait_until


class Surroundings(NamedTuple):
    """What of ours is on the machine outside any process."""

    mounts: frozenset
    directories: frozenset

    @classmethod
    def now(cls):
        return cls(frozenset(proc.pyexec_mounts()), frozenset(proc.pyexec_directories()))


def check_nothing_left(daemon, before, everyone):
    """After the daemon's end: no process of `everyone`, no control group, mount or directory that was not there."""
    left = proc.wait_gone(everyone, 3)
    assert not left, f"processes: {left}"
    groups = [directory for directory in daemon.cgroups if os.path.exists(directory)]
    assert not groups, f"control groups: {groups}"
    now = Surroundings.now()
    assert not now.mounts - before.mounts, "mounts"
    assert not now.directories - before.directories, "directories"


LASTING = ("pyexec-keeper", "pyexec-front", "pyexec-guest", "pyexec-init", "pyexec-nsmaker")


class Footprint(NamedTuple):
    """The resources of a daemon at rest."""

    processes: dict  # {comm: how many}
    descriptors: dict  # {comm: the most of one process}
    resident: dict  # {comm: bytes of the largest}
    mounts: dict  # {comm: the most of one process}
    cgroups: int  # directories

    @classmethod
    def of(cls, daemon: Daemon):
        daemon.note_cgroups()
        processes, descriptors, resident, mounts = {}, {}, {}, {}
        for process in daemon.tree():
            try:
                name = process.comm
                n_fds = len(proc.descriptors(process.pid))
                rss = proc.resident_bytes(process.pid)
                with open(f"/proc/{process.pid}/mountinfo", encoding="utf-8") as file:
                    n_mounts = len(file.readlines())
            except (OSError, KeyError):
                continue
            processes[name] = processes.get(name, 0) + 1
            descriptors[name] = max(descriptors.get(name, 0), n_fds)
            resident[name] = max(resident.get(name, 0), rss)
            mounts[name] = max(mounts.get(name, 0), n_mounts)
        return cls(processes, descriptors, resident, mounts, len(daemon.cgroup_directories()))


def wait_at_rest(daemon, seconds=15):
    """Waits until nothing runs and the pool is full."""

    def at_rest():
        status, answer = daemon.health()
        pool = answer.get("pool", {})
        return status == 200 and pool["busy"] == 0 and pool["queued"] == 0 and pool["ready"] >= pool["size"]

    took = wait_until(at_rest, seconds, 0.05)
    assert took is not None, f"not at rest after {seconds} s: {daemon.health()}"
    return took


def check_no_growth(before, after, resident_slack=8 << 20):
    """Compares two footprints of a daemon at rest."""
    for name in LASTING:
        assert after.processes.get(name, 0) <= before.processes.get(name, 0) + 1, (name, before, after)
        assert after.descriptors.get(name, 0) <= before.descriptors.get(name, 0) + 4, (name, before, after)
        assert after.mounts.get(name, 0) <= before.mounts.get(name, 0), (name, before, after)
    for name in ("pyexecd", "pyexec-keeper", "pyexec-front", "pyexec-guest"):
        growth = after.resident.get(name, 0) - before.resident.get(name, 0)
        assert growth <= resident_slack, f"{name} grew by {growth >> 10} KiB"
    assert sum(after.processes.values()) <= sum(before.processes.values()) + 2, (before.processes, after.processes)
    assert after.cgroups <= before.cgroups + 2, (before.cgroups, after.cgroups)
