"""Two sandboxes at once, and one after the other in the same slot: nothing of the one is visible to the other."""

import json
import os
import pathlib
import textwrap
import threading
import time
from typing import NamedTuple

import pytest

from . import catalogue

with open(os.path.join(catalogue.HERE, "probe.py"), encoding="utf-8") as _file:
    PROBE = _file.read()

MARK = "mark-of-another-run"

# Leaves its mark everywhere it can, says "ready" by a file that nobody else should see, and lives on for a while.
FIRST = """
import fcntl, glob, mmap, resource, signal, subprocess, threading

KEPT = []
MARK = "mark-of-" + "another-run"

def quietly(action, *args):
    try:
        KEPT.append(action(*args))
    except (OSError, ValueError):
        pass

def leave_files():
    home = os.path.expanduser("~")
    site = f"{home}/.local/lib/python3.{sys.version_info[1]}/site-packages"
    for directory in ("/tmp", "/dev/shm", "/var/tmp", home, site, "/var/cache/pyexecd", "/usr/lib/python3/dist-packages"):
        quietly(os.makedirs, directory, 0o777, True)
        for name, text in (
            (MARK, MARK),
            ("sitecustomize.py", f"import builtins; builtins.marked = '{MARK}'"),
            ("usercustomize.py", f"import builtins; builtins.marked = '{MARK}'"),
            ("marked.pth", "import builtins; builtins.marked = 1"),
            ("json.py", "raise SystemExit('planted')"),
            ("matplotlibrc", "figure.dpi: 7"),
        ):
            quietly(lambda path, text: open(path, "w").write(text), f"{directory}/{name}", text)

def leave_locks():
    for path in ("/usr/bin/env", os.__file__):
        for flags, kind in ((os.O_RDWR, fcntl.LOCK_EX), (os.O_RDONLY, fcntl.LOCK_SH)):
            try:
                fd = os.open(path, flags)
                fcntl.lockf(fd, kind | fcntl.LOCK_NB)
                KEPT.append(fd)
                break
            except OSError:
                pass

def leave_objects():
    from multiprocessing import shared_memory
    quietly(lambda: shared_memory.SharedMemory(MARK, create=True, size=4096))
    for name, *arguments in (("shmget", 0x6d61, 4096, 0o1666), ("semget", 0x6d61, 1, 0o1666), ("msgget", 0x6d61, 0o1666)):
        attempt(name, *arguments)
    attempt("add_key", ctypes.c_char_p(b"user"), ctypes.c_char_p(MARK.encode()), ctypes.c_char_p(b"x"), 1, -4)
    attempt("sethostname", ctypes.c_char_p(b"marked"), 6)

def wait_on_a_shared_page():
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    LIBC.mmap.restype = ctypes.c_void_p
    LIBC.mmap.argtypes = [ctypes.c_void_p] + [ctypes.c_long] * 5
    page = LIBC.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    word = ctypes.c_uint32.from_address(page).value
    def wait():
        attempt("futex", page, 0, word, 0, 0, 0)
    threading.Thread(target=wait, daemon=True).start()

def change_oneself():
    os.umask(0)
    os.chdir("/")
    os.environ["MARKED"] = MARK
    quietly(os.nice, 3)
    quietly(os.sched_setaffinity, 0, {min(os.sched_getaffinity(0))})
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
    signal.setitimer(signal.ITIMER_REAL, 3600)

def main(seconds, parts):
    print(MARK)
    if "files" in parts:
        leave_files()
    if "locks" in parts:
        leave_locks()
    if "objects" in parts:
        leave_objects()
    if "futex" in parts:
        wait_on_a_shared_page()
    if "processes" in parts:
        for _ in range(60):
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
    if "descriptors" in parts:
        own, peer = socket.socketpair()
        sent = 0
        own.setblocking(False)
        try:
            for _ in range(600):
                socket.send_fds(own, [b"x"], [0])
                sent += 1
        except OSError:
            pass
        KEPT.extend((own, peer))
    if "pipes" in parts:
        for _ in range(5):
            if os.fork() == 0:
                pipes = [os.pipe() for _ in range(400)]
                time.sleep(60)
                os._exit(0)
    if "signals" in parts:
        signal.pthread_sigmask(signal.SIG_BLOCK, range(34, 65))
        for _ in range(300):
            quietly(os.kill, os.getpid(), 40)
    if "self" in parts:
        change_oneself()
    KEPT.append(MARK * 1000)
    time.sleep(seconds)
    return sorted(parts)
"""


def script(body):
    numbers = json.dumps({name: numbers for name, numbers in catalogue.numbers.CALLS.items()})
    table = f"NR = {{name: pair[MACHINE == 'aarch64'] for name, pair in {numbers}.items()}}"
    return f"{PROBE}\n{table}\n{body}"


class Elsewhere(NamedTuple):
    """A service that was started by somebody else."""

    client: object


@pytest.fixture(scope="module")
def small(request):
    """Few slots, so that the same ones come round; or whatever PYEXEC_URL names."""
    if "PYEXEC_URL" in os.environ:
        return Elsewhere(request.getfixturevalue("service"))
    return request.getfixturevalue("module_service")(pool_lean=1, pool_data=1, max_running=3)


class Beside:
    """The first sandbox, running in a thread of the test's while the second one looks around."""

    def __init__(self, client, *parts, seconds=1.4, ahead=0.5):
        self.client, self.parts, self.seconds, self.ahead = client, sorted(parts), seconds, ahead

    def __enter__(self):
        self.answer = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        time.sleep(self.ahead)  # it cannot say that it is ready: nobody would hear
        return self

    def run(self):
        self.answer = self.client.execute(script(FIRST), args=[self.seconds, self.parts], timeout=20)

    def __exit__(self, kind, error, trace):
        self.thread.join(30)
        self.client.close()
        if kind is None:
            assert self.answer[0] == 200 and self.answer[1]["result"] == self.parts, self.answer
            assert self.answer[1]["usage"]["wall_ms"] >= self.seconds * 1000, "it ended before the second one looked"


LOOK_FOR_FILES = """
def main(mark):
    found = []
    for top, directories, names in os.walk("/"):
        if top.count("/") > 3 or top.startswith(("/proc", "/sys")):
            directories.clear()
        found += [f"{top}/{name}" for name in names + directories if mark in name or name in ("sitecustomize.py", "marked.pth")]
    own = os.listdir("/tmp")
    return [sorted(path for path in found if not path.startswith(("/usr/lib/python3", "/etc/python3"))), own]
"""

LOOK_FOR_PROCESSES = """
def main():
    seen = [pid for pid in others() if attempt("kill", pid, 0)[1] != "ESRCH" or attempt("getsid", pid)[1] != "ESRCH"]
    permitted = [pid for pid in seen if attempt("kill", pid, 0)[0] == 0]
    return [seen, permitted, attempt("kill", -1, signal.SIGKILL)[1]]
"""

LOOK_FOR_LOCKS = """
def main():
    held = []
    for path in ("/usr/bin/env", os.__file__):
        fd = os.open(path, os.O_RDONLY)
        request = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
        try:
            kind, _, _, _, pid = struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, request))
            if kind != fcntl.F_UNLCK:
                held.append([path, kind, pid])
        except OSError:
            pass
    return held
"""

LOOK_FOR_FUTEX = """
def main():
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    LIBC.mmap.restype = ctypes.c_void_p
    LIBC.mmap.argtypes = [ctypes.c_void_p] + [ctypes.c_long] * 5
    page = LIBC.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    _ = ctypes.c_uint32.from_address(page).value
    return attempt("futex", page, 1, 100, 0, 0, 0)
"""

LOOK_FOR_OBJECTS = """
def main(mark):
    found = [[name, attempt(name, 0x6d61, *rest)] for name, *rest in (("shmget", 0, 0), ("semget", 0, 0), ("msgget", 0))]
    found.append(["key", attempt("request_key", ctypes.c_char_p(b"user"), ctypes.c_char_p(mark.encode()), 0, 0)])
    from multiprocessing import shared_memory
    try:
        shared_memory.SharedMemory(mark)
        found.append(["shared_memory", [0, ""]])
    except OSError as error:
        found.append(["shared_memory", [-1, name_of(error.errno)]])
    return [[name for name, (result, _) in found if result >= 0], socket.gethostname()]
"""

LOOK_AT_ONESELF = """
import resource, gc, builtins, subprocess
def main(mark):
    child = subprocess.run([sys.executable, "-c", "import builtins, json; print(getattr(builtins, 'marked', None), json.__file__)"],
                           capture_output=True, text=True).stdout.split()
    old = os.umask(0o22)
    os.umask(old)
    gc.unfreeze()
    texts = [t for holder in gc.get_objects() for t in gc.get_referents(holder) if isinstance(t, str) and mark in t and t != mark]
    return {
        "umask": old, "cwd": os.getcwd(), "nice": os.getpriority(0, 0), "affinity": len(os.sched_getaffinity(0)),
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "term": str(signal.getsignal(signal.SIGTERM)),
        "files": list(resource.getrlimit(resource.RLIMIT_NOFILE)), "timer": signal.getitimer(signal.ITIMER_REAL)[0],
        "environment": [k for k, v in os.environ.items() if mark in v or k == "MARKED"],
        "marked": getattr(builtins, "marked", None), "child": child[:1], "json": "/tmp/" in "".join(child),
        "stdin": sys.stdin.read(), "texts": texts, "host": socket.gethostname(), "home": os.listdir(os.path.expanduser("~")),
    }
"""


@pytest.fixture(scope="module")
def untouched(small):
    return small.client.result(script(LOOK_AT_ONESELF), args=[MARK])


def says(words):
    """Whether SECURITY.md has the row that a channel which stays open needs."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "SECURITY.md").read_text(encoding="utf-8")
    return words in " ".join(text.split())


class TestAtOnce:
    def test_no_file(self, small):
        with Beside(small.client, "files"):
            assert small.client.result(script(LOOK_FOR_FILES), args=[MARK]) == [[], []]

    def test_no_process_and_no_signal(self, small, namespaces):
        """The second one's kill(-1, SIGKILL) does not end the first, which the fixture checks. That numbers are in use can
        be seen where there is no pid namespace; kill(-1) says 0 there although everybody refused."""
        with Beside(small.client, "processes"):
            seen, permitted, error = small.client.result(script(LOOK_FOR_PROCESSES))
        assert permitted == []
        if namespaces:
            assert seen == [] and error in ("ESRCH", "EPERM")
        else:
            assert error in ("ESRCH", "EPERM", "")

    def test_record_locks_are_seen_as_the_documents_say(self, small):
        """Two scripts that want to can talk by record locks on a file of the system, and by nothing that locks more."""
        assert says("Record locks on system files")
        assert small.client.result(script(LOOK_FOR_LOCKS)) == []
        with Beside(small.client, "locks"):
            assert small.client.result(script(LOOK_FOR_LOCKS)) != []

    def test_a_futex_is_woken_as_the_documents_say(self, small):
        """Likewise by a wait on a page of a file of the system that both have mapped."""
        assert says("a futex on a shared read-only page")
        with Beside(small.client, "futex"):
            woken, error = small.client.result(script(LOOK_FOR_FUTEX))
        assert woken in (0, 1) and not error

    def test_no_object_and_no_hostname(self, small, untouched):
        with Beside(small.client, "objects"):
            found, host = small.client.result(script(LOOK_FOR_OBJECTS), args=[MARK])
        assert found == [] and host == untouched["host"]

    def test_nothing_in_memory_or_environment(self, small, untouched):
        with Beside(small.client, "self", "files"):
            assert small.client.result(script(LOOK_AT_ONESELF), args=[MARK]) == untouched

    def test_no_output(self, small):
        with Beside(small.client):
            assert small.client.execute("def main():\n    print('own')", banner=False)[1]["stdout"] == "own\n"

    def test_no_time_in_a_file(self, small, namespaces):
        """Files that both see change no timestamp and no free space by what the other does. Where nothing can be mounted,
        access times and free space are the host's."""
        look = """
            def main(mounted):
                found = {}
                for path in ("/", "/usr", "/usr/bin", "/usr/bin/env", "/etc", "/etc/passwd", "/dev", "/dev/null", "/dev/zero",
                             "/dev/full", "/dev/urandom", "/var", "/var/cache", "/usr/lib"):
                    status = os.stat(path)
                    found[path] = [status.st_mtime_ns, status.st_ctime_ns, status.st_nlink]
                    if mounted:
                        found[path].append(status.st_atime_ns)
                root = os.statvfs("/")
                if mounted:
                    found["free"] = [root.f_bfree, root.f_ffree]
                return found
            """
        text = script(textwrap.dedent(look))
        touch = """
            def main():
                for path in ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom"):
                    try:
                        with open(path, "r+b", buffering=0) as file:
                            file.read(1)
                            file.write(b"x")
                    except OSError:
                        pass
                for top, _, names in os.walk("/usr/bin"):
                    pass
                open("/usr/bin/env", "rb").read()
                open("/tmp/large", "wb").write(bytes(32 << 20))
            """
        before = small.client.result(text, args=[namespaces])
        with Beside(small.client, "files"):
            small.client.result(script(textwrap.dedent(touch)))
            assert small.client.result(text, args=[namespaces]) == before

    def test_limits_of_processes_are_ones_own(self, small):
        count = """
            def main():
                made = 0
                try:
                    for _ in range(90):
                        if os.fork() == 0:
                            time.sleep(20)
                            os._exit(0)
                        made += 1
                except OSError:
                    pass
                return made
            """
        with Beside(small.client, "processes"):
            assert small.client.result(script(textwrap.dedent(count))) == 90

    def test_descriptors_in_flight_are_ones_own(self, small):
        send = """
            def main():
                own, peer = socket.socketpair()
                own.setblocking(False)
                sent = 0
                try:
                    for _ in range(200):
                        socket.send_fds(own, [b"x"], [0])
                        sent += 1
                except OSError as error:
                    return [sent, name_of(error.errno)]
                return [sent, ""]
            """
        alone = small.client.result(script(textwrap.dedent(send)))
        with Beside(small.client, "descriptors"):
            assert small.client.result(script(textwrap.dedent(send))) == alone

    def test_room_in_pipes_is_ones_own(self, small, one_user):
        fill = """
            def main():
                reader, writer = os.pipe()
                os.set_blocking(writer, False)
                return os.write(writer, bytes(1 << 20))
            """
        alone = small.client.result(script(textwrap.dedent(fill)))
        with Beside(small.client, "pipes"):
            beside = small.client.result(script(textwrap.dedent(fill)))
        if one_user:  # sandboxes of one user share that user's soft limit: pipes get smaller, nothing more
            assert says("soft limit on pipe buffers")
            assert 4096 <= beside <= alone
        else:
            assert beside == alone

    def test_pending_signals_are_ones_own(self, small, namespaces, one_user):
        queue = """
            def main():
                signal.pthread_sigmask(signal.SIG_BLOCK, range(34, 65))
                for _ in range(100):
                    os.kill(os.getpid(), 41)
                taken = 0
                while signal.sigtimedwait([41], 0):
                    taken += 1
                return taken
            """
        alone = small.client.result(script(textwrap.dedent(queue)))
        with Beside(small.client, "signals"):
            beside = small.client.result(script(textwrap.dedent(queue)))
        if one_user and not namespaces:  # no user namespace each, where they would be counted for itself
            assert says("queued real-time signals")
            assert 1 <= beside <= alone == 100
        else:
            assert beside == alone == 100
