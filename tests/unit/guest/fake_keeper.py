"""Plays keeper and front to a pyexec-guest that was linked with fake_jail.c: spawns sandboxes, sends runs, reads what
they leave. Needs the right to mount a private /tmp."""

import array
import ctypes
import json
import mmap
import os
import resource
import select
import signal
import socket
import struct
import time

HELLO, SPAWNED, SPAWN = 2, 4, 3
RESULT_HEADER, RECORD_MAX, VALUE_MAX = 4096, 1 << 20, 8 << 20
RESULT_SIZE = RESULT_HEADER + RECORD_MAX + VALUE_MAX + (32 << 20)
REQUEST_MAGIC, RESULT_MAGIC = 0x70797271, 0x70797273
LAST_WORDS_SIGNAL, LAST_WORDS_OFFSET = 62, 64
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def _private_tmp():
    if _libc.unshare(CLONE_NEWNS) or _libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None):
        raise OSError(ctypes.get_errno(), "unshare")
    if _libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, b"size=64m"):
        raise OSError(ctypes.get_errno(), "mount")


def may_mount():
    pid = os.fork()
    if pid == 0:
        try:
            _private_tmp()
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _entries(pairs):
    return b"".join(struct.pack("=II", len(name), len(value)) + name + value for name, value in pairs)


class Outcome:
    """What one run left behind."""

    def __init__(self, status, output, memory, seconds):
        self.status = os.waitstatus_to_exitcode(status)
        self.stdout, self.stderr = (bytes(part).decode("utf-8", "replace") for part in output)
        header = struct.unpack_from("=6I", memory, 0)
        self.magic, self.phase, self.banner_written, self.complete, record_len, value_len = header
        self.stopped_line, length = struct.unpack_from("=II", memory, LAST_WORDS_OFFSET)
        self.stopped_at = memory[LAST_WORDS_OFFSET + 8 : LAST_WORDS_OFFSET + 8 + length].decode()
        self.record = self.value_text = self.value = None
        if self.complete:
            self.record = json.loads(memory[RESULT_HEADER : RESULT_HEADER + record_len].decode())
            start = RESULT_HEADER + RECORD_MAX
            self.value_text = memory[start : start + value_len].decode()
        self.seconds = seconds

    @property
    def kind(self):
        return self.record and self.record["kind"]

    @property
    def result(self):
        return json.loads(self.value_text)

    def __repr__(self):
        shown = {name: str(value)[:2000] for name, value in vars(self).items()}
        return json.dumps(shown, indent=1, ensure_ascii=False).replace("\\n", "\n    ")


class Sandbox:
    def __init__(self, guest):
        self.control, control = socket.socketpair()
        self.out, out = os.pipe()
        self.err, err = os.pipe()
        reports, report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.report, report = reports.detach(), report.detach()
        self.memfd = os.memfd_create("result", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.memfd, RESULT_SIZE)
        null = os.open("/dev/null", os.O_RDONLY)
        fds = [null, control.fileno(), out, err, self.memfd, report]
        message = struct.pack("=IIQIIIIIIQQQQQ40s", SPAWN, 120, 7, 0, 0, 0, 0, 0, 0, 64, 256, 1 << 30, 60000, 0, b"")
        guest.socket.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
        control.close()
        for fd in (null, out, err, report):
            os.close(fd)
        data, ancillary, _, _ = guest.socket.recvmsg(64, 256)
        kind, size, number, error, self.pid = struct.unpack("=IIQii", data)
        assert (kind, size, number) == (SPAWNED, 24, 7)
        if error:
            raise OSError(-error, os.strerror(-error))
        self.pidfd = array.array("i", ancillary[0][2][:4])[0]
        _, step, error = struct.unpack("=IIi", os.read(self.report, 12))
        if step or error:
            raise RuntimeError(f"sandbox not ready: step {step}, error {error}: {os.read(self.err, 10000)}")
        os.close(self.report)

    def start(self, script, args=b"", kwargs=b"", env=(), files=(), stdin=b"", mode="main", banner=None,
              max_result_bytes=VALUE_MAX, artifact_caps=(0, 0, 0, 0, 0)):
        if isinstance(script, str):
            script = script.encode("utf-8", "surrogatepass")
        banner = mode == "main" if banner is None else banner
        env_bytes = _entries((name.encode(), value.encode()) for name, value in dict(env).items())
        file_bytes = _entries((name.encode(), value) for name, value in dict(files).items())
        header = struct.pack("=6I12Q", REQUEST_MAGIC, int(mode == "script"), int(banner), len(dict(env)),
                             len(dict(files)), 0, len(script), len(args), len(kwargs), len(env_bytes),
                             len(file_bytes), len(stdin), max_result_bytes,
                             *artifact_caps)
        self.started = time.perf_counter()
        self.control.sendall(header + script + args + kwargs + env_bytes + file_bytes + stdin)
        self.control.close()

    def time_is_up(self):
        signal.pidfd_send_signal(self.pidfd, LAST_WORDS_SIGNAL)

    def finish(self, timeout=20.0):
        output = {self.out: bytearray(), self.err: bytearray()}
        waiting = {self.out, self.err, self.pidfd}
        status, deadline, killed = None, self.started + timeout, False
        while waiting - {self.pidfd} or status is None:
            ready, _, _ = select.select(list(waiting), [], [], max(0, deadline - time.perf_counter()))
            if not ready:
                if killed or status is not None:
                    break  # a grandchild holds the pipes
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
                killed, deadline = True, time.perf_counter() + 2
            for fd in ready:
                if fd == self.pidfd:
                    seconds = time.perf_counter() - self.started
                    status = os.waitpid(self.pid, 0)[1]
                    waiting.discard(fd)
                    deadline = min(deadline, time.perf_counter() + 2)
                    continue
                data = os.read(fd, 65536)
                output[fd] += data
                if not data:
                    waiting.discard(fd)
        with mmap.mmap(self.memfd, RESULT_SIZE, prot=mmap.PROT_READ) as memory:
            outcome = Outcome(status, output.values(), memory, seconds)
        for fd in (self.out, self.err, self.pidfd, self.memfd):
            os.close(fd)
        return outcome


class Guest:
    def __init__(self, program, kind="lean"):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program_fd = os.open(program, os.O_RDONLY)
        started = time.perf_counter()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _private_tmp()
                if program_fd == 3:
                    program_fd = os.dup(program_fd)
                os.dup2(theirs.fileno(), 3)
                os.set_inheritable(program_fd, False)
                os.closerange(4, program_fd)
                os.execve(program_fd, ["pyexec-guest", "--kind", kind, "--tier", "namespaces"], {})
            finally:
                os._exit(127)
        os.close(program_fd)
        theirs.close()
        data = self.socket.recv(64)
        if not data:
            raise RuntimeError(f"the guest died: {os.waitpid(self.pid, 0)[1]}")
        self.warm_seconds = time.perf_counter() - started
        kind, size, version = struct.unpack("=II16s", data)
        assert (kind, size) == (HELLO, 24), data
        self.version = version.rstrip(b"\0").decode()

    def run(self, script, timeout=20.0, **request):
        sandbox = Sandbox(self)
        sandbox.start(script, **request)
        return sandbox.finish(timeout)

    def close(self):
        self.socket.close()
        status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(status)


resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))
