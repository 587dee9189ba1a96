"""The one table of settings as the operator meets it: flags, environment, refusals, addresses."""

import os
import subprocess

import pytest

from .support.daemon import binary
from .support.raw import wait_until


def pyexecd(*arguments, **environment):
    """Runs the program until it ends by itself; a start that succeeds is a failure here."""
    return subprocess.run(
        [binary(), *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.needs_process
def test_help_tells_units_defaults_and_both_names():
    done = pyexecd("--help")
    assert done.returncode == 0 and done.stderr == ""
    for words in ("--listen=127.0.0.1:8080", "--max-timeout=60 seconds", "--max-memory-mb=2048 MiB", "PYEXEC_MAX_TIMEOUT"):
        assert words in done.stdout, words


@pytest.mark.needs_process
@pytest.mark.parametrize(
    "arguments, environment, words",
    [
        (["--max-timeot=5"], {}, ["max-timeot", "max-timeout"]),
        (["--max-timeout=abc"], {}, ["max-timeout"]),
        (["--max-timeout=0"], {}, ["max-timeout"]),
        (["--max-timeout=999999999999"], {}, ["max-timeout"]),
        (["--max-timeout"], {}, ["max-timeout"]),
        (["--max-processes=-1"], {}, ["max-processes"]),
        (["--max-processes=1.5"], {}, ["max-processes"]),
        (["stray"], {}, ["stray"]),
        (["--log-level=loud"], {}, ["log-level"]),
        (["--listen=nonsense"], {}, ["listen"]),
        (["--listen=127.0.0.1:99999"], {}, ["listen"]),
        ([], {"PYEXEC_MAX_TIMEOT": "5"}, ["PYEXEC_MAX_TIMEOT", "PYEXEC_MAX_TIMEOUT"]),
        ([], {"PYEXEC_MAX_TIMEOUT": ""}, ["PYEXEC_MAX_TIMEOUT"]),
        ([], {"PYEXEC_LISTEN": "127.0.0.1"}, ["PYEXEC_LISTEN"]),
        (["--default-timeout=30", "--max-timeout=20"], {}, ["timeout"]),
        (["--min-memory-mb=512", "--max-memory-mb=256"], {}, ["memory"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_refused_by_name(arguments, environment, words):
    done = pyexecd(*arguments, **environment)
    assert done.returncode not in (0, -6, -11), done
    for word in words:
        assert word.lower().replace("_", "-") in done.stderr.lower().replace("_", "-"), done.stderr


@pytest.fixture
def config(public_directory):
    """config(text) writes a configuration file and gives its path."""

    def write(text):
        path = public_directory / "pyexecd.conf"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.needs_process
@pytest.mark.parametrize(
    "text, place, words",
    [
        ("max_timeout = 20\n\nmax_timeot = 5\n", ":3: ", "unknown setting max_timeot; the nearest known one is max_timeout"),
        ("max_timeout = 0\n", ":1: ", "expected a number from 1 to 86400 seconds"),
        ("isolation = strong\n", ":1: ", "expected auto, namespaces, landlock or seccomp"),
        ("max_timeout 5\n", ":1: ", "expected `name = value`"),
        ("max_timeout = 5\n", ":1: ", "default_timeout (10 seconds, the default) is over max_timeout (5 seconds, line 1)"),
        ("max_files = 5\nmax_files = 6\n", ":2: ", "set twice"),
    ],
)
def test_a_bad_file_stops_the_start_with_file_and_line(config, text, place, words):
    path = config(text)
    for done in (pyexecd(f"--config={path}"), pyexecd("check-config", PYEXEC_CONFIG=str(path))):
        assert done.returncode == 64 and done.stdout == ""
        assert done.stderr.startswith(f"pyexecd: {path}{place}") and words in done.stderr


@pytest.mark.needs_process
def test_check_config_prints_what_is_set_as_a_file_that_sets_the_same(config):
    path = config("# ours\nmax_timeout = 20\nlog_level = debug\n")
    done = pyexecd("check-config", f"--config={path}", "--max-queue=3", PYEXEC_MAX_FILES="7")
    assert done.returncode == 0 and done.stderr == ""
    set_lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert set_lines == ["max_timeout = 20", "max_files = 7", "max_queue = 3", "log_level = debug"]
    assert "# line 2\nmax_timeout" in done.stdout and "# PYEXEC_MAX_FILES\nmax_files" in done.stdout
    again = pyexecd("check-config", f"--config={config(done.stdout)}")
    assert again.returncode == 0
    assert [line for line in again.stdout.splitlines() if not line.startswith("#")] == set_lines


@pytest.mark.needs_process
def test_a_file_that_is_named_must_exist(public_directory):
    done = pyexecd("check-config", f"--config={public_directory}/none.conf")
    assert done.returncode == 64 and "none.conf: No such file" in done.stderr
    assert pyexecd("check-config", "--config=").returncode == 0


@pytest.mark.needs_process
def test_flag_over_environment_over_file(own_service, config):
    path = config("max_timeout = 7\nmax_files = 3\ndefault_timeout = 2\nmin_memory_mb = 32\n")
    own = own_service(config=path, max_timeout=5, environment={"PYEXEC_MAX_FILES": "2", "PYEXEC_MAX_TIMEOUT": "6"})
    assert "max_timeout is 5" in own.client.refusal(script="x", timeout=6)["message"]
    files = [{"path": f"{i}.txt", "content": ""} for i in range(3)]
    assert "2" in own.client.refusal(script="x", files=files)["message"]
    assert own.client.result("def main():\n    return 1", memory_mb=40) == 1


@pytest.mark.needs_process
def test_an_address_that_is_not_ours_is_refused():
    done = pyexecd("--listen=192.0.2.1:18999")
    assert done.returncode != 0 and "192.0.2.1" in done.stderr


@pytest.mark.needs_own
def test_a_flag_wins_over_the_environment(own_service):
    own = own_service(max_timeout=7, environment={"PYEXEC_MAX_TIMEOUT": "3", "PYEXEC_DEFAULT_TIMEOUT": "2"})
    assert "7" in own.client.refusal(script="x", timeout=8)["message"]
    assert own.client.result("def main():\n    return 1", timeout=6.5) == 1


@pytest.mark.needs_process
def test_an_ipv6_address(own_service):
    own = own_service(host="::1")
    assert own.client.result("def main():\n    return 'six'") == "six"
    assert wait_until(lambda: f"ready on http://[::1]:{own.port}" in own.log(), 5) is not None
