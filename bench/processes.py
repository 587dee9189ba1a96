"""What /proc and /sys/fs/cgroup say about the service's processes: memory of sandboxes, and all that could leak."""

import os
from pathlib import Path

MIB = 2**20
KEPT = ("pyexecd", "pyexec-keeper", "pyexec-front", "pyexec-guest", "pyexec-nsmaker")


def _read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _kilobytes(pid, name, keys):
    lines = (line.split() for line in _read(pid, name).splitlines())
    return sum(int(line[1]) for line in lines if len(line) > 2 and line[0].rstrip(":") in keys)


def tree(root):
    """Pids of a process and all its live descendants."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            text = _read(name, "stat")
            fields = text[text.rfind(")") + 2 :].split()
            if len(fields) > 1 and fields[0] not in "ZX":
                parents[int(name)] = int(fields[1])
    found, added = {root}, True
    while added:
        added = {pid for pid, parent in parents.items() if parent in found} - found
        found |= added
    return sorted(found)


def _comm(pid):
    return _read(pid, "comm").strip()


def _pid_namespace(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


def private_bytes(pid):
    """USS and page tables."""
    private = _kilobytes(pid, "smaps_rollup", {"Private_Clean", "Private_Dirty", "Private_Hugetlb"})
    return (private + _kilobytes(pid, "status", {"VmPTE"})) * 1024


def idle_sandboxes(root):
    """{kind: pids} of the processes that wait for a script. Empty where /proc does not tell, as for an ordinary user."""
    found = {"lean": [], "data": []}
    for pid in tree(root):
        maps = _read(pid, "maps") if _comm(pid) == "pyexec-run" else ""
        if maps:
            found["data" if "/numpy/" in maps else "lean"].append(pid)
    return found


def sandbox_memory(root):
    """Medians over the idle sandboxes of each kind, in MiB: of the process that will run the script, and of the init
    that holds its namespaces. None where /proc does not tell."""
    inits = {_pid_namespace(pid): pid for pid in tree(root) if _comm(pid) == "pyexec-init"}
    found = {}
    for kind, pids in idle_sandboxes(root).items():
        pairs = [(private_bytes(pid), inits.get(_pid_namespace(pid))) for pid in pids]
        found[kind] = [(run, private_bytes(init) if init else 0) for run, init in pairs if run]
    if not all(found.values()):
        return None
    return {
        kind: {"sandboxes": len(sizes), "run_mib": _median(run for run, _ in sizes), "init_mib": _median(init for _, init in sizes)}
        for kind, sizes in found.items()
    }


def _median(sizes):
    ordered = sorted(sizes)
    return ordered[len(ordered) // 2] / MIB


def _cgroups_of(pids):
    """How many directories there are in the control groups of ours."""
    tops = set()
    for pid in pids:
        for line in _read(pid, "cgroup").splitlines():
            _, controllers, path = line.split(":", 2)
            parts = path.strip("/").split("/")
            ours = [i for i, part in enumerate(parts) if part.startswith("pyexecd")]
            for mount in {controllers.replace("name=", "").split(",")[0], "unified", ""} if ours else ():
                top = Path("/sys/fs/cgroup", mount, *parts[: ours[0] + 1])
                if top.is_dir():
                    tops.add(top)
    return sum(1 for top in tops for _ in os.walk(top))


def _count(pid, name):
    try:
        return len(os.listdir(f"/proc/{pid}/{name}"))
    except OSError:
        return 0


def footprint(root):
    """Of the service at rest. Memory is the proportional set size, so that shared pages count once."""
    pids = tree(root)
    kept = [pid for pid in pids if _comm(pid) in KEPT]
    return {
        "memory_mib": round(sum(_kilobytes(pid, "smaps_rollup", {"Pss"}) for pid in pids) / 1024, 3),
        "descriptors": sum(_count(pid, "fd") for pid in kept),
        "processes": len(pids),
        "cgroups": _cgroups_of(pids),
        "mounts": sum(_read(pid, "mountinfo").count("\n") for pid in kept),
    }
