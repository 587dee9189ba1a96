"""SIGHUP: what can change under a running service does, the rest is named, and a bad file changes nothing."""

import os
import signal
import threading
import time

import pytest

from .support.keys import KeyFile
from .support.raw import wait_until

pytestmark = pytest.mark.needs_process

QUICK = "def main():\n    return 'done'"


@pytest.fixture
def reloadable(own_service, public_directory):
    """reloadable(text) is a service with this configuration file; reload(text) writes another one and waits for the log."""
    path = public_directory / "pyexecd.conf"

    def write(text):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)

    def start(text, **settings):
        write(text)
        own = own_service(config=path, **settings)

        def reload(new, words="the settings are reloaded"):
            seen = own.log().count(words)
            write(new)
            own.process.send_signal(signal.SIGHUP)
            assert wait_until(lambda: own.log().count(words) > seen, 5) is not None, own.log()[-2000:]

        own.reload = reload
        own.config_path = path
        return own

    return start


def most_timeout(own):
    return own.client.refusal(script=QUICK, timeout=3601)["message"]


def test_limits_change_at_once(reloadable):
    own = reloadable("max_timeout = 20\n")
    front, keeper = own.one("pyexec-front").pid, own.one("pyexec-keeper").pid
    assert "max_timeout is 20" in most_timeout(own)
    own.reload("max_timeout = 30\ndefault_timeout = 3\nmax_memory_mb = 600\nmax_output_bytes = 2048\n")
    assert wait_until(lambda: "max_timeout is 30" in most_timeout(own), 2) is not None
    assert own.client.result(QUICK, timeout=29, memory_mb=600) == "done"
    answer = own.client.failure("timeout", "import time\ndef main():\n    time.sleep(20)")
    assert answer["limit"]["value"] == 3
    assert "stdout" in own.client.execute("def main():\n    print('x' * 5000)")[1]["truncated"]
    assert own.client.refusal(script=QUICK, memory_mb=601)
    assert (own.one("pyexec-front").pid, own.one("pyexec-keeper").pid) == (front, keeper), "nothing was started anew"


def test_log_level_changes(reloadable):
    own = reloadable("log_level = warning\n")
    assert "ready on" not in own.log()
    own.reload("log_level = debug\n", "the settings are reloaded")
    own.reload("log_level = error\nmax_timeout = 5\n", "the old settings stay in force")


def test_what_needs_a_restart_is_named_and_waits(reloadable):
    own = reloadable("max_running = 3\nmax_timeout = 20\n")
    own.reload("max_running = 4\nmax_timeout = 21\nuid_base = 1800000000\n")
    log = own.log()
    assert "max_running has changed, and takes effect with a restart" in log
    assert "uid_base has changed, and takes effect with a restart" in log
    assert "max_timeout has changed" not in log
    assert wait_until(lambda: "max_timeout is 21" in most_timeout(own), 2) is not None


@pytest.mark.parametrize(
    "text, words",
    [
        ("max_timeout = 25\nmax_timeot = 5\n", ":2: unknown setting max_timeot; the nearest known one is max_timeout"),
        pytest.param("max_timeout = 0\n", ":1: max_timeout=0: expected", marks=pytest.mark.long),
        pytest.param("max_timeout = 5\n", "is over max_timeout (5 seconds, line 1)", marks=pytest.mark.long),
    ],
)
def test_a_bad_file_leaves_the_old_settings_in_force(reloadable, text, words):
    own = reloadable("max_timeout = 20\n")
    own.reload(text, "the old settings stay in force")
    assert f"{own.config_path}" in own.log() and words in own.log()
    assert "max_timeout is 20" in most_timeout(own)
    own.reload("max_timeout = 22\n")
    assert wait_until(lambda: "max_timeout is 22" in most_timeout(own), 2) is not None


@pytest.mark.long
def test_a_file_that_has_gone_leaves_them_too(reloadable):
    own = reloadable("max_timeout = 20\n")
    own.config_path.unlink()
    own.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: "the old settings stay in force" in own.log(), 5) is not None
    assert "max_timeout is 20" in most_timeout(own)


@pytest.mark.long
def test_a_new_keeper_and_a_new_front_have_the_new_settings(reloadable):
    own = reloadable("max_timeout = 20\n")
    own.reload("max_timeout = 30\n")
    for part in ("pyexec-front", "pyexec-keeper"):
        victim = own.one(part)
        os.kill(victim.pid, signal.SIGKILL)
        assert wait_until(lambda: any(process.pid != victim.pid for process in own.named(part)), 5) is not None
        own.wait_healthy(20)
        assert "max_timeout is 30" in most_timeout(own)


def test_requests_that_wait_keep_the_limits_they_came_under(reloadable):
    """A limit that is lowered ends neither what runs nor what is queued, and front is not taken for a liar."""
    own = reloadable("max_timeout = 20\nmax_running = 1\n")
    answers = []

    def run():
        answers.append(own.client.execute("import time\ndef main():\n    time.sleep(1)\n    return 1", timeout=20))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert wait_until(lambda: own.health()[1]["pool"]["queued"] == 2, 5) is not None
    front = own.one("pyexec-front").pid
    own.reload("max_timeout = 10\nmax_running = 1\n")
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [200, 200, 200], answers
    assert own.one("pyexec-front").pid == front
    assert "max_timeout is 10" in most_timeout(own)


@pytest.mark.long
def test_a_storm_of_signals(reloadable):
    own = reloadable("max_timeout = 20\n")
    for i in range(50):
        own.config_path.write_text(f"max_timeout = {21 + i}\n", encoding="utf-8")
        own.process.send_signal(signal.SIGHUP)
        time.sleep(0.005)
    assert wait_until(lambda: "max_timeout is 70" in most_timeout(own), 5) is not None, own.log()[-1000:]
    assert own.client.result(QUICK) == "done"
    assert not own.named("pyexec-reload")


@pytest.fixture
def with_keys(reloadable, public_directory):
    """A service with a file of keys, that file, and who(name) for the status that the bearer of a name's key gets."""
    keys = KeyFile(public_directory).add("alice", "bob")
    own = reloadable(f"api_keys_file = {keys.path}\n")

    def status(name):
        return own.client.post({"script": QUICK}, keys.headers(name)).status

    return own, keys, status


def test_keys_change_at_once(with_keys):
    own, keys, status = with_keys
    assert (status("alice"), status("bob")) == (200, 200)
    alice = dict(keys.keys)["alice"]
    config = own.config_path.read_text(encoding="utf-8")
    keys.write("")
    keys.add("bob running=2", "carol")
    keys.keys["alice"] = alice
    own.reload(config)
    assert wait_until(lambda: status("alice") == 401, 3) is not None
    assert (status("bob"), status("carol")) == (200, 200)
    own.reload("max_timeout = 20\n")
    assert wait_until(lambda: own.client.post({"script": QUICK}).status == 200, 3) is not None, "no keys are needed any more"
    own.reload(config)
    assert wait_until(lambda: own.client.post({"script": QUICK}).status == 401, 3) is not None


def test_a_bad_file_of_keys_leaves_the_old_ones_and_the_old_settings(with_keys):
    own, keys, status = with_keys
    keys.write("alice sha256:nonsense\n")
    config = own.config_path.read_text(encoding="utf-8")
    own.reload(config + "max_timeout = 20\n", "the old settings stay in force")
    assert f"{keys.path}" in own.log()
    assert (status("alice"), status("bob")) == (200, 200)
    refused = own.client.post({"script": QUICK, "timeout": 30}, keys.headers("bob"))
    assert refused.status == 200, "max_timeout is 60 as before"


@pytest.mark.long
def test_a_new_keeper_and_a_new_front_know_the_new_keys(with_keys):
    own, keys, status = with_keys
    keys.write("")
    keys.add("carol")
    own.reload(own.config_path.read_text(encoding="utf-8"))
    for part in ("pyexec-front", "pyexec-keeper"):
        victim = own.one(part)
        os.kill(victim.pid, signal.SIGKILL)
        assert wait_until(lambda: any(process.pid != victim.pid for process in own.named(part)), 5) is not None
        own.wait_healthy(20)
        assert (status("carol"), status("bob")) == (200, 401)
