"""pyexec-healthcheck against servers that answer this and that."""

import os
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

PROGRAM = Path(os.environ["IMAGE_PROGRAMS"]) / "pyexec-healthcheck"
REQUEST_END = b"\r\n\r\n"


def check(listen, *arguments):
    return subprocess.run(
        [PROGRAM, *arguments], env={"PYEXEC_LISTEN": listen}, capture_output=True, text=True, check=False, timeout=30
    )


def serve(host, answer):
    """Answers one connection; returns (port, list of what was asked)."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    asked = []

    def run():
        with listener, listener.accept()[0] as connection:
            text = b""
            while REQUEST_END not in text:
                text += connection.recv(4096)
            asked.append(text)
            connection.sendall(answer)

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1], asked


@pytest.mark.parametrize(
    "host, listen",
    [
        ("127.0.0.1", "127.0.0.1:{}"),
        ("127.0.0.1", "localhost:{}"),
        ("127.0.0.1", "0.0.0.0:{}"),
        ("127.0.0.1", ":{}"),
        ("::1", "[::1]:{}"),
    ],
)
def test_healthy(host, listen):
    port, asked = serve(host, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    done = check(listen.format(port))
    assert (done.returncode, done.stdout) == (0, "HTTP/1.1 200 OK\n"), done
    assert asked[0].startswith(b"GET /health HTTP/1.1\r\n") and b"\r\nHost: localhost\r\n" in asked[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\n\r\nHTTP/1.1 200 OK",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 20",
        b"",
    ],
)
def test_not_healthy(answer):
    port, _ = serve("127.0.0.1", answer)
    done = check(f"127.0.0.1:{port}")
    assert done.returncode == 1, done


def test_nobody_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = check(f"127.0.0.1:{unused.getsockname()[1]}")
    assert done.returncode == 1 and "Connection refused" in done.stdout


def test_one_that_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        done = check(f"127.0.0.1:{silent.getsockname()[1]}")
    assert done.returncode == 1 and "timed out" in done.stdout
    assert time.monotonic() - started < 15


def test_a_flag_wins_as_it_does_for_the_service():
    port, _ = serve("127.0.0.1", b"HTTP/1.1 200 OK\r\n\r\n")
    assert check("127.0.0.1:1", f"--listen=127.0.0.1:{port}").returncode == 0


def test_a_setting_that_does_not_exist():
    done = check("127.0.0.1:1", "--lissten=127.0.0.1:2")
    assert done.returncode == 1 and "listen" in done.stdout
