"""A keeper and its sandboxes, played in Python, for tests of pyexec-front alone.

FakeKeeper starts the real pyexec-front with a packet socket on descriptor 3 and a listening socket on 4, announces
sandboxes and plays them by threads. What a sandbox does is told by its script: "PLAY:" and a JSON object with

    stdout, stderr   text to write                  stdout_mb   so many MiB of "x" lines
    stdout_parts     [[text, count], ...]            stdout_hex  bytes
    delay            seconds before the end          header      overrides of the result header's fields
    record           the record (object, or raw text)            value   the result's JSON text
    verdict          overrides of the verdict's fields
    die              "before_read": closes everything with the request unread
                     "silently": as a sandbox that was killed while it waited (started=0)
    cancel_wait      waits for a CANCEL instead of ending
"""
import array
import json
import os
import socket
import struct
import subprocess
import threading
import time

READY, VERDICT, STATUS, DRAINING, ACCEPT, RETIRE, PING, START, CANCEL, PONG = 2, 4, 6, 8, 12, 14, 18, 3, 5, 7
EXITED, SIGNALED, TIMEOUT, MEMORY, CPU, PROCESSES, DISK, CANCELLED, INTERNAL = range(1, 10)
REQUEST_HEADER = struct.Struct("=IIIIII12Q")
RESULT_HEADER = struct.Struct("=IIIIII")
REQUEST_MAGIC, RESULT_MAGIC = 0x70797271, 0x70797273
RECORD_OFFSET = 4096
VALUE_OFFSET = RECORD_OFFSET + (1 << 20)
ARTIFACTS_OFFSET = VALUE_OFFSET + (8 << 20)
RESULT_SIZE = ARTIFACTS_OFFSET + (32 << 20)
BANNER = b"Executing main() function...\n"


class Request:
    """A run_request, taken apart."""

    def __init__(self, data):
        (self.magic, self.mode, self.banner, self.n_env, self.n_files, _, *numbers) = REQUEST_HEADER.unpack_from(data)
        lengths, self.max_result, self.artifact_caps = numbers[:6], numbers[6], numbers[7:]
        at = REQUEST_HEADER.size
        parts = []
        for length in lengths:
            parts.append(data[at:at + length])
            at += length
        assert at == len(data), (at, len(data))
        self.script, self.args, self.kwargs, env, files, self.stdin = parts
        self.env = dict(self._entries(env))
        self.files = dict(self._entries(files))

    @staticmethod
    def _entries(section):
        at = 0
        while at < len(section):
            name_len, value_len = struct.unpack_from("=II", section, at)
            at += 8
            yield section[at:at + name_len], section[at + name_len:at + name_len + value_len]
            at += name_len + value_len


def _read_request(control):
    data = b""
    while True:
        if len(data) >= REQUEST_HEADER.size:
            fields = REQUEST_HEADER.unpack_from(data)
            if len(data) == REQUEST_HEADER.size + sum(fields[6:12]):
                return Request(data)
        part = control.recv(1 << 20)
        if not part:
            return None
        data += part


class FakeKeeper:
    tier = b"namespaces"
    made_us = 3000  # what making a sandbox took
    guest_counts = (0, 0, 0, 0, 0)  # retired and died of each kind, sandboxes that failed

    def __init__(self, front, *arguments, ready=(2, 1), guests=(1, 1), status=True, stdout=None, stderr=None, wrapper=(),
                 keys=None):
        self.requests = []
        self.starts = {}
        self.started = []
        self.cancelled = set()
        self.pongs = 0
        self.kinds = {}
        self.attempts = 0
        self._next_id = 0
        self._lock = threading.Lock()
        self._open = {}
        self.refill = True
        self.ready = list(ready)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        self.link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listen_fd, link_fd = self.listener.fileno(), theirs.fileno()
        keys_fd = os.memfd_create("keys") if keys is not None else os.open(os.devnull, os.O_RDWR)
        os.write(keys_fd, (keys or "").encode())

        def place_descriptors():
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate((link_fd, listen_fd, keys_fd))]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
            os.dup2(high[2], 5)
            os.closerange(6, 200)

        self.process = subprocess.Popen(
            [*wrapper, front, f"--listen=127.0.0.1:{self.port}", *arguments], preexec_fn=place_descriptors,
            close_fds=False, env={"ASAN_OPTIONS": "detect_leaks=1"}, stdout=stdout, stderr=stderr)
        theirs.close()
        os.close(keys_fd)
        self._thread = threading.Thread(target=self._read_link, daemon=True)
        self._thread.start()
        self._send(ACCEPT, b"")
        if status:
            self.send_status(guests)
        for kind, count in enumerate(self.ready):
            for _ in range(count):
                self.add_sandbox(kind)

    # ---- messages ----

    def _send(self, type_, body, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.link.sendmsg([struct.pack("=II", type_, 8 + len(body)) + body], ancillary)
        except OSError:
            pass

    def send_raw(self, data, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.link.sendmsg([data], ancillary)

    def send_status(self, guests=(1, 1), sizes=(2, 1)):
        layers = [(1, b"seccomp", b"a table"), (2, b"cgroup", b"none here")]
        body = struct.pack("=16s16sIIIIII5Q", self.tier, b"3.11.2", *guests, *sizes, len(layers), 0, *self.guest_counts)
        for state, name, detail in layers + [(0, b"", b"")] * (16 - len(layers)):
            body += struct.pack("=I28s96s", state, name, detail)
        self._send(STATUS, body)

    def drain(self):
        self._send(DRAINING, b"")

    def retire(self):
        self._send(RETIRE, b"")

    def ping(self):
        self._send(PING, b"")

    def send_verdict(self, sandbox_id, cause=EXITED, started=1, exit_code=0, signal=0, limit_value=0, wall_us=1234,
                     cpu_us=987, memory_peak_bytes=10 << 20):
        self._send(VERDICT, struct.pack("=QIIiiQQQQ", sandbox_id, cause, started, exit_code, signal, limit_value,
                                        wall_us, cpu_us, memory_peak_bytes))

    def _read_link(self):
        while True:
            try:
                message = self.link.recv(4096)
            except OSError:
                return
            if not message:
                return
            if message == struct.pack("=II", PONG, 8):
                self.pongs += 1
                continue
            type_, _, sandbox_id = struct.unpack_from("=IIQ", message)
            if type_ == START:
                self.started.append(sandbox_id)
                self.starts[sandbox_id] = struct.unpack_from("=QQ", message, 16)
            elif type_ == CANCEL:
                self.cancelled.add(sandbox_id)

    # ---- sandboxes ----

    def add_sandbox(self, kind):
        with self._lock:
            self._next_id += 1
            sandbox_id = self._next_id
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        result = os.memfd_create("result")
        os.ftruncate(result, RESULT_SIZE)
        mine = os.dup(result)
        self.kinds[sandbox_id] = kind
        threading.Thread(target=self._play, args=(sandbox_id, kind, ours, out_write, err_write, mine),
                         daemon=True).start()
        self._send(READY, struct.pack("=QII", sandbox_id, kind, self.made_us), [theirs.fileno(), out_read, err_read, result])
        theirs.close()
        for fd in (out_read, err_read, result):
            os.close(fd)
        return sandbox_id

    def _play(self, sandbox_id, kind, control, out, err, result):
        play = {}
        verdict = {}
        try:
            first = control.recv(1, socket.MSG_PEEK)
            if not first:
                control.close()
                return
            peeked = b"" if self.attempts <= 0 else b"die"
            if peeked:
                self.attempts -= 1
                control.close()
                time.sleep(0.01)
                self.send_verdict(sandbox_id, cause=SIGNALED, signal=9, started=self.die_started)
                return
            request = _read_request(control)
            if request is None:  # front has closed it: its client has gone
                self.send_verdict(sandbox_id, cause=CANCELLED)
                self.add_sandbox(kind)
                return
            self.requests.append(request)
            self.last_control = control
            if request.script.startswith(b"PLAY:"):
                play = json.loads(request.script[5:])
            verdict = self._write_run(sandbox_id, request, play, out, err, result)
        finally:
            for fd in (out, err, result):
                os.close(fd)
            if not play.get("keep_control"):
                control.close()
        self.send_verdict(sandbox_id, **verdict)
        if self.refill:
            self.add_sandbox(kind)

    die_started = 1

    def _write_run(self, sandbox_id, request, play, out, err, result):
        value = play.get("value", '"Hello, World!"')
        record = play.get("record", {"kind": "result", "result_text": "Hello, World!"})
        raw = (record if isinstance(record, str) else json.dumps(record)).encode()
        banner = request.banner and play.get("banner", True)
        text = play.get("stdout", "").encode("utf-8", "surrogateescape")
        try:
            if banner:
                os.write(out, BANNER)
            if text:
                self._write_all(out, text)
            for name, fd in (("stdout_mb", out), ("stderr_mb", err)):
                block = (b"x" * 63 + b"\n") * 1024
                for _ in range(int(play.get(name, 0) * 16)):
                    self._write_all(fd, block)
            if "stdout_parts" in play:
                self._write_all(out, "".join(text * count for text, count in play["stdout_parts"]).encode())
            if "stdout_hex" in play:
                self._write_all(out, bytes.fromhex(play["stdout_hex"]))
            if "stderr" in play:
                self._write_all(err, play["stderr"].encode())
        except BrokenPipeError:
            pass
        end = time.monotonic() + play.get("delay", 0)
        while time.monotonic() < end or play.get("cancel_wait"):
            if sandbox_id in self.cancelled:
                return {"cause": CANCELLED}
            time.sleep(0.002)
        header = {"magic": RESULT_MAGIC, "phase": 3, "banner_written": int(bool(banner)), "complete": 1,
                  "record_len": len(raw), "value_len": len(value.encode())}
        header.update(play.get("header", {}))
        os.pwrite(result, raw[:1 << 20], RECORD_OFFSET)
        os.pwrite(result, value.encode(), VALUE_OFFSET)
        os.pwrite(result, RESULT_HEADER.pack(*(header[k] & 0xFFFFFFFF for k in (
            "magic", "phase", "banner_written", "complete", "record_len", "value_len"))), 0)
        return play.get("verdict", {})

    @staticmethod
    def _write_all(fd, data):
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]

    # ---- the end ----

    def close(self, expect=None, timeout=10):
        self.refill = False
        if expect is not None:
            status = self.process.wait(timeout)
            assert status == expect, status
            self.link.close()
        else:
            # shutdown wakes front and our own reader
            try:
                self.link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.process.wait(timeout)
        self.listener.close()
        return self.process.returncode


def play(**what):
    return "PLAY:" + json.dumps(what)
