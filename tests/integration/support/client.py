"""A client that keeps its connection, and the shapes that every answer has."""

import http.client
import json
import os
import socket
import textwrap
import threading
from typing import NamedTuple

from . import openapi

RUN_KEYS = {"id", "usage"}
USAGE_KEYS = {"wall_ms", "cpu_ms", "queue_ms", "memory_peak_bytes"}


class Response(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)


class Client:
    """One kept-alive connection a thread; a connection that the server has closed in between is opened again."""

    def __init__(self, host, port, timeout=90.0):
        self.host, self.port, self.timeout = host, port, timeout
        self._local = threading.local()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def _connection(self):
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
            self._local.connection = connection
        return connection

    def close(self):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def request(self, method, path, body=None, headers=None):
        for attempt in (1, 2):
            connection = self._connection()
            fresh = connection.sock is None
            try:
                connection.request(method, path, body=body, headers=headers or {})
                answer = connection.getresponse()
                response = Response(answer.status, answer.headers, answer.read())
                openapi.check(method, path, *response)
                return response
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
                if fresh or attempt == 2:
                    raise
            except BaseException:
                self.close()
                raise
        raise AssertionError("unreachable")

    def post(self, body, headers=None, path="/execute"):
        """Posts bytes as they are, anything else as JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def execute_raw(self, script, **fields):
        if "PYEXEC_SLOW" in os.environ:
            fields.setdefault("timeout", 60)
        return self.post({"script": source(script), **fields})

    def execute(self, script, **fields):
        """Runs a script; returns (status, answer) after checking what every answer of a run carries."""
        response = self.execute_raw(script, **fields)
        answer = response.json()
        check_answer(response, answer)
        return response.status, answer

    def result(self, script, **fields):
        """Runs a script that has to succeed; returns its result."""
        status, answer = self.execute(script, **fields)
        assert status == 200 and answer["success"] is True, answer
        return answer["result"]

    def failure(self, error, script, **fields):
        """Runs a script that has to fail with this `error`; returns the answer."""
        status, answer = self.execute(script, **fields)
        assert (status, answer["success"], answer.get("error")) == (400, False, error), answer
        return answer

    def refusal(self, **fields):
        """Posts a request that has to be refused as invalid_input; returns the answer."""
        response = self.post(fields)
        answer = response.json()
        assert response.status in (400, 413), answer
        check_refusal(response, "invalid_input")
        return answer

    def health(self):
        return self.request("GET", "/health")


def source(script):
    """A test's indented script as a file: its first line is line 1. One that starts on the first line stays as it is."""
    return textwrap.dedent(script[1:]) if script.startswith("\n") else script


def check_answer(response, answer):
    assert response.headers.get_content_type() == "application/json"
    assert isinstance(answer["success"], bool)
    assert (response.status == 200) == answer["success"], answer
    if answer["success"]:
        assert {"result", "stdout"} <= answer.keys()
    else:
        check_error_shape(answer)
    if answer.get("error") not in ("invalid_input", "overloaded", "internal_error"):
        check_run_keys(response, answer)


def check_run_keys(response, answer):
    assert RUN_KEYS <= answer.keys(), answer
    assert answer["id"] and response.headers["X-Request-Id"] == answer["id"]
    assert USAGE_KEYS == answer["usage"].keys(), answer["usage"]
    for name, value in answer["usage"].items():
        assert isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0, (name, value)
    assert isinstance(answer["stdout"], str)


def check_error_shape(answer):
    assert answer["success"] is False
    assert answer["error"] and isinstance(answer["error"], str)
    assert answer["message"] and isinstance(answer["message"], str)
    assert answer["suggestions"] and all(isinstance(text, str) and text for text in answer["suggestions"]), answer


def check_refusal(response, error):
    """The service's own answers: JSON of the shape of a failed run, never HTML."""
    assert response.headers.get_content_type() == "application/json", response
    answer = response.json()
    check_error_shape(answer)
    assert answer["error"] == error, answer
    return answer


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
