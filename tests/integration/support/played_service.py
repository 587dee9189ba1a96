"""A service that says whatever a test wants: raw bytes to each request in turn, from a thread."""

import json
import socket
import threading
import time


def answer(body, status="200 OK", kind="application/json", head=""):
    """The bytes of a whole HTTP answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n{head}\r\n"
    ).encode() + content


def success(result=None, **more):
    return {"success": True, "result": result, "stdout": "", "id": "0", "usage": {}, **more}


def stream(*events, end=True):
    """The bytes of a streamed answer; each event is (name, data). Without `end` the last one is not `done`."""
    body = b"".join(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode() for name, data in events)
    if end:
        body += f"event: done\ndata: {json.dumps(success())}\n\n".encode()
    return answer(body, kind="text/event-stream")


def overloaded(retry_after=None):
    problem = {"success": False, "error": "overloaded", "message": "The service is busy.", "stdout": "", "suggestions": ["Wait"]}
    return answer(problem, "503 Service Unavailable", head=f"Retry-After: {retry_after}\r\n" if retry_after is not None else "")


class Played:
    """Answers its n-th request with plays[n], the last one for ever: bytes, or a function of the connection. b"" closes it.
    `requests` has the head and the body of each."""

    def __init__(self, *plays):
        self.plays, self.requests = plays, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    self._answer(connection)
                except OSError:
                    pass  # the client has gone, which is what some tests are about

    def _answer(self, connection):
        text = b""
        while b"\r\n\r\n" not in text:
            part = connection.recv(65536)
            if not part:
                return
            text += part
        head, body = text.split(b"\r\n\r\n", 1)
        lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while lengths and len(body) < lengths[0]:
            body += connection.recv(65536)
        play = self.plays[min(len(self.requests), len(self.plays) - 1)]
        self.requests.append((head.decode(), body))
        if callable(play):
            play(connection)
        else:
            connection.sendall(play)

    def header(self, number, name):
        """A header of a request, or None."""
        for line in self.requests[number][0].split("\r\n")[1:]:
            if line.lower().startswith(name.lower() + ":"):
                return line.split(":", 1)[1].strip()
        return None


def endless(first, part, seconds=40):
    """A play that never comes to an end by itself."""

    def play(connection):
        connection.sendall(first)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.sendall(part)

    return play
