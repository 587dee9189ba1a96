"""The room of the positive controls: a plain Python process, started by the tests, that runs a technique where it is
allowed. As root, with every capability, and a neighbour to attack; in namespaces of its own over a throw-away overlay
of the machine's files, so that nothing that gets through there leaves a trace.

Run as a program it makes the room and reads one JSON request a line, {"script", "kwargs", "options", "seconds"}; it
answers each by one line {"verdict"} or {"error"}. A technique finds an empty /tmp and mounts of its own; what it does
to the rest stays in the room. Options: `uid` runs the technique as that user, `leak` leaves descriptors open for it,
`limits` sets resource limits, `alone` asks the client for a room that nobody else uses.
"""

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback

PR_SET_PDEATHSIG = 1
CLONE_NEWNS = 0x00020000
CLONE_ALL = CLONE_NEWNS | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000 | 0x02000000
MS_REC_PRIVATE = 16384 | 262144
MS_REC_BIND = 16384 | 4096
MNT_DETACH = 2
NEIGHBOUR_PORT = 8080
NEIGHBOUR_SECRET = "secret-of-the-neighbour"
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def mount(source, target, kind, flags=0, data=None):
    encoded = [None if text is None else text.encode() for text in (source, target, kind)]
    check(LIBC.mount(*encoded, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "fuse", "kvm", "kmsg", "loop0", "loop-control", "console", "mem")


def make_devices(root):
    """Nodes of the room's own: what is done to them is not done to the machine's."""
    os.makedirs(f"{root}/dev", exist_ok=True)
    mount("room", f"{root}/dev", "tmpfs", 0, "size=1m,mode=755")
    for name in DEVICES:
        if os.path.exists(f"/dev/{name}"):
            status = os.stat(f"/dev/{name}")
            os.mknod(f"{root}/dev/{name}", status.st_mode, status.st_rdev)
            os.chmod(f"{root}/dev/{name}", status.st_mode & 0o7777)
    for name in ("pts", "shm"):
        os.mkdir(f"{root}/dev/{name}")
    mount("devpts", f"{root}/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620")
    mount("room", f"{root}/dev/shm", "tmpfs", 0, "size=64m,mode=1777")
    os.unlink(f"{root}/dev/ptmx")
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")


def lay_out():
    """A root over which everything can be written, and nothing of it is kept."""
    mount(None, "/", None, MS_REC_PRIVATE)
    mount("room", "/tmp", "tmpfs", 0, "size=64m,mode=755")
    for name in ("upper", "work", "root"):
        os.mkdir(f"/tmp/{name}")
    root = "/tmp/root"
    mount("room", root, "overlay", 0, "lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work")
    make_devices(root)
    for name in ("sys", "proc", "tmp", "run"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    mount("/sys", f"{root}/sys", None, MS_REC_BIND)
    mount("proc", f"{root}/proc", "proc")
    mount("room", f"{root}/run", "tmpfs", 0, "size=16m,mode=755")
    os.chdir(root)
    numbers = {"x86_64": 155, "aarch64": 41}
    check(LIBC.syscall(ctypes.c_long(numbers[os.uname().machine]), b".", b"."), "pivot_root")
    check(LIBC.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")


def loopback_up():
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING


def neighbour():
    """Somebody with things worth attacking: a process, files, sockets, keys, shared memory."""
    os.setsid()
    libc = ctypes.CDLL(None, use_errno=True)
    open("/dev/shm/neighbour", "w").write(NEIGHBOUR_SECRET)
    open("/run/neighbour", "w").write(NEIGHBOUR_SECRET)
    held = [libc.shmget(0x6e6569, 4096, 0o1666), libc.semget(0x6e6569, 1, 0o1666), libc.msgget(0x6e6569, 0o1666)]
    for kind, address in (
        (socket.SOCK_DGRAM, "/run/neighbour.datagram"),
        (socket.SOCK_STREAM, "/run/neighbour.stream"),
        (socket.SOCK_STREAM, "\0neighbour"),
    ):
        own = socket.socket(socket.AF_UNIX, kind)
        own.bind(address)
        if kind == socket.SOCK_STREAM:
            own.listen(8)
        held.append(own)
    tcp = socket.create_server(("127.0.0.1", NEIGHBOUR_PORT))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 53))
    held += [tcp, udp]
    locked = open("/usr/bin/env", "rb")
    fcntl.lockf(locked, fcntl.LOCK_SH)
    return held + [locked]


def start_neighbour():
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        held = neighbour()
        os.write(writer, b"1")
        while held:
            time.sleep(3600)
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    return pid


def apply(options):
    for name, value in options.get("limits", {}).items():
        limit = getattr(resource, f"RLIMIT_{name}")
        resource.setrlimit(limit, (value, value))
    if options.get("leak"):
        secret = os.open("/run/neighbour", os.O_RDONLY)
        os.dup2(secret, 7)
        os.dup2(os.open("/", os.O_RDONLY), 9)
        if secret not in (7, 9):
            os.close(secret)
    if options.get("uid"):
        os.setgroups([])
        os.setresgid(options["uid"], options["uid"], options["uid"])
        os.setresuid(options["uid"], options["uid"], options["uid"])


def run_script(request, writer):
    """In the process that attacks: leaves its answer in the pipe."""
    try:
        os.setsid()
        check(LIBC.unshare(CLONE_NEWNS), "unshare")
        mount("room", "/tmp", "tmpfs", 0, "size=128m,mode=1777")
        os.chdir("/tmp")
        writer = fcntl.fcntl(writer, fcntl.F_DUPFD, 900)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, 900)
        apply(request.get("options", {}))
        scope = {"__name__": "script"}
        exec(compile(request["script"], "<technique>", "exec"), scope)
        answer = {"verdict": scope["main"](**request.get("kwargs", {}))}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    os.write(writer, json.dumps(answer).encode())
    os._exit(0)


def read_answer(reader, deadline):
    """An attack may leave children that hold the pipe: one JSON text is the whole answer."""
    text = b""
    while (left := deadline - time.monotonic()) > 0 and select.select([reader], [], [], left)[0]:
        part = os.read(reader, 65536)
        text += part
        try:
            return json.loads(text)
        except ValueError:
            if not part:
                break
    return {"error": f"no answer, only {text!r}"}


def end_everybody_but(kept):
    while True:
        left = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in kept]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        if not left:
            return
        time.sleep(0.002)


def first_process():
    """Number 1 of the room serves it."""
    lay_out()
    loopback_up()
    neighbour_pid = start_neighbour()
    for line in sys.stdin:
        request = json.loads(line)
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(reader)
            run_script(request, writer)
        os.close(writer)
        answer = read_answer(reader, time.monotonic() + request.get("seconds", 10))
        os.close(reader)
        end_everybody_but({1, neighbour_pid})
        print(json.dumps(answer), flush=True)


def main():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    check(LIBC.unshare(CLONE_ALL), "unshare")
    pid = os.fork()
    if pid == 0:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        first_process()
        os._exit(0)
    os.waitpid(pid, 0)


class Room:
    """A client of this program."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-I", os.path.abspath(__file__)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        )

    def run(self, script, kwargs=None, options=None, seconds=10):
        """The technique's verdict; an assertion fails when there is none."""
        request = {"script": script, "kwargs": kwargs or {}, "options": options or {}, "seconds": seconds}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the room is gone"
        answer = json.loads(line)
        assert "verdict" in answer, answer["error"]
        return answer["verdict"]

    def close(self):
        self.process.stdin.close()
        self.process.kill()  # its first process follows, and with that everything in the room
        self.process.wait()


if __name__ == "__main__":
    main()
