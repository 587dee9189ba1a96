"""API keys on the real daemon: the command that makes them, the file, and who gets in."""

import json
import os
import subprocess
import tempfile

import pytest

from .support.client import check_refusal
from .support.daemon import binary
from .support.keys import KeyFile

pytestmark = [pytest.mark.needs_own, pytest.mark.needs_process]

HELLO = {"script": "def main():\n    return 'hello'"}


@pytest.fixture
def key_file():
    """Not in pytest's own directory, which an ordinary user cannot enter."""
    with tempfile.TemporaryDirectory(prefix="pyexec-keys-") as directory:
        os.chmod(directory, 0o755)
        yield KeyFile(directory)


def test_only_who_has_a_key_gets_in(own_service, key_file):
    key_file.add("alice", "alice", "bob")
    daemon = own_service(environment={"PYEXEC_API_KEYS_FILE": key_file.path})
    for headers in ({}, {"X-Api-Key": "pyx_wrong"}):
        response = daemon.client.post(HELLO, headers)
        assert response.status == 401 and response.headers["WWW-Authenticate"].startswith("Bearer")
        check_refusal(response, "unauthorized")
    for name in ("alice", "bob"):
        response = daemon.client.post(HELLO, key_file.headers(name))
        assert response.status == 200 and response.json()["result"] == "hello"
    assert daemon.client.post(HELLO, {"X-Api-Key": key_file.keys["bob"]}).status == 200
    assert set(daemon.health()[1]) == {"status", "service", "version"}
    assert "isolation" in daemon.client.request("GET", "/health", headers=key_file.headers("bob")).json()


def test_what_there_is_is_told_with_a_key_and_its_caps(own_service, key_file):
    key_file.add("alice running=2 max_timeout=3 cpu_seconds_per_minute=30")
    daemon = own_service(environment={"PYEXEC_API_KEYS_FILE": key_file.path})
    for path in ("/v1/packages", "/v1/limits"):
        check_refusal(daemon.client.request("GET", path), "unauthorized")
    response = daemon.client.request("GET", "/v1/limits", headers=key_file.headers("alice"))
    caps = {name: cap["value"] for name, cap in response.json()["key"].items()}
    assert caps == {"running": 2, "max_timeout": 3, "cpu_seconds_per_minute": 30}


def test_keys_are_in_no_log_no_command_line_and_no_sandbox(own_service, key_file):
    key_file.add("alice requests_per_minute=2")
    daemon = own_service(api_keys_file=key_file.path, log_level="debug")
    look = f"import os\ndef main():\n    print(dict(os.environ))\n    open({key_file.path!r}).read()"
    answer = daemon.client.post({"script": look}, key_file.headers("alice")).json()
    assert answer["error_type"] in ("FileNotFoundError", "PermissionError") and key_file.keys["alice"] not in answer["stdout"]
    assert "PYEXEC" not in answer["stdout"]
    daemon.client.post(HELLO, key_file.headers("alice"))
    assert daemon.client.post(HELLO, key_file.headers("alice")).status == 429
    for process in daemon.tree():
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            assert key_file.keys["alice"].encode() not in file.read()
    assert key_file.keys["alice"] not in daemon.log()


def test_cpu_time_is_the_kernels(own_service, key_file):
    key_file.add("alice cpu_seconds_per_minute=1", "bob")
    daemon = own_service(api_keys_file=key_file.path)
    burn = {"script": "import time\ndef main():\n    while time.process_time() < 1.6: pass"}
    assert daemon.client.post(burn, key_file.headers("alice")).status == 200
    response = daemon.client.post(HELLO, key_file.headers("alice"))
    assert response.status == 429 and 20 <= int(response.headers["Retry-After"]) <= 60
    check_refusal(response, "rate_limited")
    assert daemon.client.post(HELLO, key_file.headers("bob")).status == 200


def test_front_that_dies_comes_back_with_the_keys_it_had(own_service, key_file):
    key_file.add("alice")
    daemon = own_service(api_keys_file=key_file.path)
    key_file.write("this is no file of keys any more\n")
    front = daemon.one("pyexec-front")
    os.kill(front.pid, 9)
    daemon.wait_healthy(20)
    assert daemon.one("pyexec-front").pid != front.pid
    assert daemon.client.post(HELLO).status == 401
    assert daemon.client.post(HELLO, key_file.headers("alice")).status == 200


@pytest.mark.parametrize(
    ("text", "says"),
    [("alice\n", "line 1: the second word"), ("# x\na sha256:1:2 running=1\n", "line 2"), (None, "No such file")],
)
def test_a_bad_file_stops_the_start(own_service, key_file, text, says):
    if text is None:
        os.unlink(key_file.path)
    else:
        key_file.write(text)
    daemon = own_service(wait=False, api_keys_file=key_file.path)
    assert daemon.process.wait(20) == 64
    assert key_file.path in daemon.log() and says in daemon.log()


def test_key_command_shows_the_key_once(key_file):
    done = subprocess.run([binary(), "key", "alice", "running=3"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("alice sha256:") and done.stdout.endswith(" running=3\n")
    assert done.stderr.startswith("pyx_") and done.stderr.strip() not in done.stdout
    wrong = subprocess.run([binary(), "key"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 64 and "usage: pyexecd key NAME" in wrong.stderr


def test_another_name_in_the_answers_than_the_scripts(own_service, key_file):
    """A failure for a key is the service's own answer; a script's own words are never taken for one."""
    key_file.add("alice")
    daemon = own_service(api_keys_file=key_file.path)
    lie = "def main():\n    return {'success': False, 'error': 'unauthorized'}"
    response = daemon.client.post({"script": lie}, key_file.headers("alice"))
    assert response.status == 200 and json.loads(response.body)["success"] is True
