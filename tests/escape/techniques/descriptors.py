"""Descriptors that were left open, and what can be done with those that have to be."""

from ..probe import *
from ..technique import technique


@technique(stop="only 0, 1 and 2", options={"leak": True})
def left_open():
    """Every number up to the limit, and some beyond: a descriptor of the keeper's or of another run
    (CH spec-guard; isolate)."""
    for number in [*range(3, 65536), 1 << 20, (1 << 31) - 1]:
        if attempt("fcntl", number, fcntl.F_GETFD, 0)[1] != "EBADF":
            return through(f"descriptor {number} is open: {os.fstat(number)}")
    return stopped("only 0, 1 and 2")


@technique(stop="EBADF", options={"leak": True})
def directory_left_open():
    """A directory of the host among the descriptors is a way out of every root (runc CVE-2024-21626)."""
    return each(lambda number: os.fchdir(number) or through(os.listdir(".")[:3]), *range(0, 1024))


@technique(stop="EBADF", options={"leak": True})
def files_left_open():
    """Any file among the descriptors whose content can be read at an offset."""
    return each(lambda number: through(os.pread(number, 30, 0)), *range(3, 1024))


@technique(stop="as they should be", control={"kinds": "none"})
def kinds_of_the_three(kinds="RFF"):
    """0 is a file with the posted input and nothing else, 1 and 2 are pipes: no terminal, no socket, no device."""
    found = "".join(
        "F" if stat.S_ISFIFO(mode) else "R" if stat.S_ISREG(mode) else "?"
        for mode in (os.fstat(number).st_mode for number in (0, 1, 2))
    )
    return stopped("as they should be") if found == kinds else through(f"kinds are {found}")


@technique(stop=("EBADF", "EPERM"), control={"pair": True})
def read_the_own_output(pair=False):
    """Reading from the pipes that are there for writing: what front has not fetched yet, or another run's."""
    numbers = (1, 2)
    if pair:
        reader, writer = os.pipe()
        os.write(writer, b"text")
        numbers = (reader,)
    return each(lambda number: through(os.read(number, 10)), *numbers)


@technique(stop=("EPERM", "EBADF"), control={"pair": True})
def size_of_the_output_pipe(pair=False):
    """fcntl(F_SETPIPE_SZ): pipe memory is counted for a user; one that takes it all leaves others with one page."""
    return through(fcntl.fcntl(os.pipe()[1] if pair else 1, 1031, 1 << 20))


@technique(stop=("EPERM", "EACCES", "EINVAL"))
def seal_or_grow_the_input():
    """fcntl(F_ADD_SEALS) and F_SET_RW_HINT on what was handed over: marks that the next user would meet."""
    return any_of(
        lambda: through(fcntl.fcntl(0, 1034)), lambda: through(fcntl.fcntl(0, 1036, bytes(8))), lambda: reach("fcntl", 0, 1035, BAD)
    )


@technique(stop="only 0, 1 and 2", options={"leak": True})
def inherited_by_programs():
    """The same list as seen by a program that the script starts: nothing may come in again by execve()."""
    import subprocess

    code = "import os\nfound = []\nfor n in range(3, 1024):\n try:\n  os.fstat(n); found.append(n)\n except OSError: pass\nprint(found)"
    if attempt("fcntl", 9, fcntl.F_GETFD, 0)[1] != "EBADF":
        os.set_inheritable(9, True)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, close_fds=False)
    return stopped("only 0, 1 and 2") if done.stdout.strip() == "[]" else through(f"{done.stdout}{done.stderr}")


@technique(
    stop=("ENOENT", "EACCES", "ENXIO"),
    control={"more": ["/proc/self/fd/0"]},
    visible_without_namespaces="own descriptors by name",
)
def reopen_by_name(more=()):
    """/dev/stdin, /dev/fd/N, /proc/self/fd/N: the same files opened anew with other rights."""
    own = {(status.st_dev, status.st_ino) for status in map(os.fstat, (0, 1, 2))}

    def attack(path):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        status = os.fstat(fd)
        os.close(fd)
        if (status.st_dev, status.st_ino) in own:
            return visible(f"{path} opens, which is one's own; nobody else's does")
        return through(f"opened {path}")

    of_others = [f"/proc/{pid}/fd/{fd}" for pid in (1, os.getppid()) for fd in (0, 3)]
    names = ("/dev/stdin", "/dev/fd/0", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/0")
    return each(attack, *names, *of_others, *more)
