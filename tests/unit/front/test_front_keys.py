"""API keys: who gets in, what they may ask, and what they are told."""
import json
import os
import re
import subprocess

import pytest

from conftest import ROOT
from front_client import HELLO, JSON, post, raw, request, run
from played_keeper import play

KEY_PROGRAM = os.environ.get("PYEXEC_KEY", os.path.join(ROOT, "build", "src", "front", "pyexec-key"))


def make_key(*arguments):
    """(the line for the file, the key)"""
    made = subprocess.run([KEY_PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return made.stdout, made.stderr.strip()


def bearer(key):
    return {**JSON, "Authorization": f"Bearer {key}"}


@pytest.fixture
def with_keys(start):
    """with_keys("alice running=2", ...) gives (keeper, [key, ...])."""

    def starter(*entries, **options):
        made = [make_key(*entry.split()) for entry in entries]
        return start("--api-keys-file=/in/descriptor/5", keys="".join(line for line, _ in made), **options), [key for _, key in made]

    return starter


# ---- pyexecd key ----

def test_key_program():
    line, key = make_key("alice", "running=2", "metrics")
    assert re.fullmatch(r"alice sha256:[0-9a-f]{32}:[0-9a-f]{64} running=2 metrics\n", line)
    assert re.fullmatch(r"pyx_[A-Za-z0-9_-]{32}", key)
    assert key not in line and make_key("alice")[1] != key


@pytest.mark.parametrize("arguments", [[], ["a b"], ["anonymous"], ["alice", "running"], ["alice", "running=x"], ["alice", "walking=1"]])
def test_key_program_refuses(arguments):
    done = subprocess.run([KEY_PROGRAM, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 64 and done.stdout == "" and "pyx_" not in done.stderr and done.stderr


def test_key_is_not_shown_when_its_line_is_lost():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([KEY_PROGRAM, "alice"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 74 and "pyx_" not in done.stderr


# ---- who gets in ----

def test_either_header_lets_in(with_keys):
    keeper, (alice, _) = with_keys("alice", "bob")
    for headers in (bearer(alice), {**JSON, "authorization": f"bearer {alice}"}, {**JSON, "X-Api-Key": alice}):
        assert post(keeper, HELLO, headers)[0] == 200
    # what a proxy puts in for itself is no key, and no obstacle
    assert post(keeper, HELLO, {**JSON, "Authorization": "Basic eDp5", "X-Api-Key": alice})[0] == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer pyx_wrong"}, {"X-Api-Key": ""}, {"Authorization": "Bearer"},
                                     {"Authorization": "Basic cHl4"}])
def test_no_other_does(with_keys, headers):
    keeper, _ = with_keys("alice")
    response, data = request(keeper, "POST", "/execute", HELLO, {**JSON, **headers})
    answer = json.loads(data)
    assert response.status == 401 and answer["error"] == "unauthorized" and answer["success"] is False
    assert answer["message"] and answer["suggestions"] and answer["stdout"] == "" and answer["return_code"] == 1
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="pyexecd"')
    assert response.headers["X-Request-Id"] == answer["id"]
    assert not keeper.requests


def test_two_keys_are_one_too_many(with_keys):
    keeper, (alice, bob) = with_keys("alice", "bob")
    status, answer = post(keeper, HELLO, {**bearer(alice), "X-Api-Key": bob})
    assert status == 400 and answer["error"] == "invalid_input"
    twice = raw(keeper, f"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Api-Key: {alice}\r\n"
                f"X-Api-Key: {alice}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    assert twice.startswith(b"HTTP/1.1 400")


def test_a_body_without_a_key_is_not_even_asked_for(with_keys):
    keeper, _ = with_keys("alice")
    answer = raw(keeper, b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n"
                 b"Expect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401") and b"100 Continue" not in answer


def test_health_says_only_the_status_without_a_key(with_keys):
    keeper, (alice,) = with_keys("alice")
    for headers in ({}, {"X-Api-Key": "wrong"}):
        response, data = request(keeper, "GET", "/health", headers=headers)
        assert response.status == 200
        assert json.loads(data) == {"status": "healthy", "service": "Python Script Executor", "version": json.loads(data)["version"]}
    assert "isolation" in json.loads(request(keeper, "GET", "/health", headers={"X-Api-Key": alice})[1])


def test_without_a_file_nobody_needs_a_key_and_the_log_says_so_off_loopback(start, tmp_path):
    for listen, warns in (("127.0.0.1:1", False), ("0.0.0.0:1", True)):
        log = tmp_path / listen
        with open(log, "wb") as file:
            keeper = start(f"--listen={listen}", stderr=file)
            assert post(keeper, HELLO, bearer("whatever"))[0] == 200
        assert ("no API keys are set" in log.read_text()) == warns


def test_keys_are_in_no_log(with_keys, tmp_path):
    log = tmp_path / "log"
    with open(log, "wb") as file:
        made = make_key("alice", "requests_per_minute=1")
        keeper, _ = with_keys("bob", stderr=file)
        post(keeper, HELLO, bearer(made[1]))
    assert made[1] not in log.read_text() and "1 API keys are known" in log.read_text()


# ---- what they may ask ----

def test_requests_a_minute(with_keys):
    keeper, (alice, bob) = with_keys("alice requests_per_minute=2", "bob")
    left = []
    for _ in range(2):
        response, _ = request(keeper, "POST", "/execute", HELLO, bearer(alice))
        assert response.status == 200
        assert response.headers["RateLimit-Limit"] == "2" and response.headers["RateLimit-Policy"] == "2;w=60"
        left.append(response.headers["RateLimit-Remaining"])
        assert 1 <= int(response.headers["RateLimit-Reset"]) <= 60
    assert left == ["1", "0"]
    response, data = request(keeper, "POST", "/execute", HELLO, bearer(alice))
    answer = json.loads(data)
    assert response.status == 429 and answer["error"] == "rate_limited" and answer["suggestions"]
    assert 28 <= int(response.headers["Retry-After"]) <= 30
    assert response.headers["RateLimit-Remaining"] == "0" and response.headers["RateLimit-Limit"] == "2"
    response, _ = request(keeper, "POST", "/execute", HELLO, bearer(bob))
    assert response.status == 200 and "RateLimit-Limit" not in response.headers


def test_cpu_seconds_a_minute(with_keys):
    keeper, (alice, bob) = with_keys("alice cpu_seconds_per_minute=3", "bob")
    body = json.dumps({"script": play(verdict={"cpu_us": 4000000})})
    assert post(keeper, body, bearer(alice))[0] == 200
    response, data = request(keeper, "POST", "/execute", body, bearer(alice))
    assert response.status == 429 and "CPU time" in json.loads(data)["message"]
    assert response.headers["RateLimit-Policy"] == '3;w=60;comment="cpu seconds"'
    assert 19 <= int(response.headers["Retry-After"]) <= 21
    assert post(keeper, body, bearer(bob))[0] == 200


def test_caps_of_a_run(with_keys):
    keeper, (alice,) = with_keys("alice max_timeout=5 max_memory_mb=128")
    assert post(keeper, HELLO, bearer(alice))[0] == 200
    assert list(keeper.starts.values())[-1] == (5000, 128 << 20)
    for field, value, cap in (("timeout", 6, "5 seconds"), ("memory_mb", 129, "128")):
        status, answer = post(keeper, {"script": "def main(): pass", field: value}, bearer(alice))
        assert status == 403 and answer["error"] == "forbidden" and cap in answer["message"]
    # over the service's own cap it is still a bad request
    assert post(keeper, {"script": "def main(): pass", "timeout": 61}, bearer(alice))[0] == 400


def test_a_key_that_may_run_nothing(with_keys):
    keeper, (alice,) = with_keys("alice running=0")
    assert post(keeper, HELLO, bearer(alice))[0] == 403
    assert "pool" in json.loads(request(keeper, "GET", "/health", headers=bearer(alice))[1])


def test_a_stream_says_its_limits_too(with_keys):
    keeper, (alice,) = with_keys("alice requests_per_minute=5")
    response, data = request(keeper, "POST", "/execute", HELLO, {**bearer(alice), "Accept": "text/event-stream"})
    assert response.headers["Content-Type"] == "text/event-stream" and response.headers["RateLimit-Remaining"] == "4"
    assert b"event: done" in data


def test_without_a_descriptor_of_keys_nobody_gets_in(start):
    """/dev/null stands there when no file is set: a front that is told to want keys wants them all the same."""
    keeper = start("--api-keys-file=/in/descriptor/5", keys="")
    assert run(keeper)[0] == 401
