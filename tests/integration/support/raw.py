"""HTTP by hand, for requests that no client library would send."""

import json
import socket
import time
from typing import NamedTuple


class RawResponse(NamedTuple):
    status: int
    headers: dict  # lower-case names
    body: bytes

    def json(self):
        return json.loads(self.body)


class RawConnection:
    """A TCP connection with a read buffer."""

    def __init__(self, client, timeout=15.0):
        self.socket = socket.create_connection((client.host, client.port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _fill(self):
        """Reads more; False at the end of the stream. A reset counts as the end."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def _line(self):
        while b"\r\n" not in self.buffer:
            if not self._fill():
                raise EOFError(f"closed within a line: {self.buffer[:200]!r}")
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _exactly(self, size):
        while len(self.buffer) < size:
            if not self._fill():
                raise EOFError(f"closed {size - len(self.buffer)} bytes early")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_head(self):
        status_line = self._line()
        assert status_line.startswith(b"HTTP/1.1 ") or status_line.startswith(b"HTTP/1.0 "), status_line
        headers = {}
        while line := self._line():
            name, _, value = line.partition(b":")
            headers[name.strip().lower().decode()] = value.strip().decode()
        return int(status_line.split()[1]), headers

    def read_response(self, head_only=False):
        """One final response; 100 Continue and its kin are passed over."""
        status, headers = self.read_head()
        while 100 <= status < 200:
            status, headers = self.read_head()
        if head_only or status in (204, 304):
            return RawResponse(status, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(self._line().split(b";")[0], 16):
                body += self._exactly(size)
                assert self._line() == b""
            while self._line():
                pass
        elif "content-length" in headers:
            body = self._exactly(int(headers["content-length"]))
        else:
            while self._fill():
                pass
            body, self.buffer = self.buffer, b""
        return RawResponse(status, headers, body)

    def is_closed(self, within):
        """Whether the server closes within so many seconds, sending nothing more."""
        self.socket.settimeout(within)
        try:
            return not self._fill()
        except TimeoutError:
            return False


def execute_request(script, *, path="/execute", head="", body=None, **fields):
    """The bytes of a POST /execute; `head` is added header lines with CRLF."""
    if body is None:
        body = json.dumps({"script": script, **fields}).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{head}\r\n"
    ).encode() + body


def wait_until(condition, seconds, interval=0.02):
    """Waits for a condition; returns the seconds it took, or None when it did not come true."""
    start = time.monotonic()
    while True:
        if condition():
            return time.monotonic() - start
        if time.monotonic() - start > seconds:
            return None
        time.sleep(interval)
