"""Reading a streamed answer (text/event-stream) as it comes, with the time of each event."""

import json
import socket
import time
from typing import NamedTuple


class Event(NamedTuple):
    at: float  # seconds since the request was sent
    name: str  # "comment" for a line that is none
    data: object


class Stream:
    """One request on a connection of its own. Iterating gives events; `status` and `headers` come first."""

    def __init__(self, client, body, *, headers=None, version="1.1", receive_buffer=None, timeout=60):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((client.host, client.port))
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"POST /execute HTTP/{version}", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.started = time.monotonic()
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        self.buffer = b""
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _more(self):
        part = self.socket.recv(1 << 16)
        self.buffer += part
        return bool(part)

    def _until(self, mark):
        while mark not in self.buffer:
            if not self._more():
                raise EOFError(f"the connection was closed; the last was {self.buffer[-200:]!r}")
        text, self.buffer = self.buffer.split(mark, 1)
        return text

    def head(self):
        if self.status is None:
            first, *lines = self._until(b"\r\n\r\n").decode().split("\r\n")
            self.status = int(first.split()[1])
            self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        return self

    def chunks(self):
        """The body's bytes as they come, to the end."""
        self.head()
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self._until(b"\r\n"), 16):
                while len(self.buffer) < size + 2:
                    if not self._more():
                        raise EOFError("the connection was closed within a chunk")
                yield self.buffer[:size]
                self.buffer = self.buffer[size + 2 :]
            assert self._until(b"\r\n") == b""
            return
        length = int(self.headers.get("content-length", 1 << 62))
        while length > 0:
            if not self.buffer and not self._more():
                assert "content-length" not in self.headers
                return
            part, self.buffer = self.buffer[:length], self.buffer[length:]
            length -= len(part)
            yield part

    def __iter__(self):
        text = b""
        for chunk in self.chunks():
            text += chunk
            while b"\n\n" in text:
                block, text = text.split(b"\n\n", 1)
                yield self._event(block.decode("utf-8"))
        assert text == b"", text[:200]

    def _event(self, block):
        at = time.monotonic() - self.started
        if block.startswith(":"):
            return Event(at, "comment", block[1:].strip())
        name, data = block.split("\n")
        assert name.startswith("event: ") and data.startswith("data: "), block[:200]
        return Event(at, name[7:], json.loads(data[6:]))


def stream(client, script, *, headers=None, version="1.1", **fields):
    """All events of a run, after checking what every stream has: 200, its headers, one `done`, which is the last."""
    with Stream(client, {"script": script, "stream": True, **fields}, headers=headers, version=version) as source:
        source.head()
        assert source.status == 200, source.status
        assert source.headers["content-type"] == "text/event-stream"
        assert source.headers["cache-control"] == "no-store" and source.headers["x-accel-buffering"] == "no"
        events = list(source)
        assert [event.name for event in events].count("done") == 1 and events[-1].name == "done", events
        assert events[-1].data["id"] == source.headers["x-request-id"]
    assert {event.name for event in events} <= {"stdout", "stderr", "artifact", "done", "comment"}
    return events


def told(events, name="stdout"):
    """What all events of this name say together."""
    return "".join(event.data["text"] for event in events if event.name == name)
