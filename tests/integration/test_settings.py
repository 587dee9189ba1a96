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
