"""Control groups around a whole service, made by the test: what its host has for it."""

import contextlib
import os
import tempfile

TOP = "/sys/fs/cgroup"


class Group:
    def __init__(self, path, names):
        self.path, self.names = path, names

    @property
    def run_with(self):
        """A command that enters the group and becomes what follows."""
        return ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.path)

    def limit(self, value):
        with open(os.path.join(self.path, self.names["limit"]), "w", encoding="ascii") as file:
            file.write(str(value))

    def current(self):
        with open(os.path.join(self.path, self.names["current"]), encoding="ascii") as file:
            return int(file.read())


NAMES = {
    ("memory", 1): {"limit": "memory.limit_in_bytes", "current": "memory.usage_in_bytes"},
    ("memory", 2): {"limit": "memory.max", "current": "memory.current"},
    ("pids", 1): {"limit": "pids.max", "current": "pids.current"},
    ("pids", 2): {"limit": "pids.max", "current": "pids.current"},
}


def where(controller):
    """(directory, version) of a hierarchy that can hold a new group with this controller, or None."""
    first = os.path.join(TOP, controller)
    if os.path.exists(os.path.join(first, "cgroup.procs")):
        return first, 1
    try:
        with open(os.path.join(TOP, "cgroup.subtree_control"), encoding="ascii") as file:
            return (TOP, 2) if controller in file.read().split() else None
    except OSError:
        return None


def can_be_made(controller):
    place = where(controller)
    return os.geteuid() == 0 and place is not None and os.access(place[0], os.W_OK)


@contextlib.contextmanager
def group(controller):
    directory, version = where(controller)
    path = tempfile.mkdtemp(prefix="pyexec-test-", dir=directory)
    os.chmod(path, 0o755)
    try:
        yield Group(path, NAMES[controller, version])
    finally:
        _remove(path)


def _remove(path):
    """With the groups below it, which the service has left if it was killed."""
    for directory, _, _ in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(directory)
