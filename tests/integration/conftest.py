"""The daemon for the integration tests.

PYEXEC_BIN  another binary to start, such as a sanitizer build.
PYEXEC_URL  a service that runs already: nothing is started, and tests that look at processes are deselected.
--isolation=landlock  runs the daemon in this tier.
--as-user   (or PYEXEC_AS_USER=1) runs the daemon as an ordinary user, by unprivileged user namespaces.
--run-with=COMMAND  starts the daemon by this command, which becomes it ("systemd-run --scope ...").
--container=MODE  runs it in a Docker container, in a way named in support/container.py; tests that want a daemon on this
            very machine are deselected.
"""

import os
import pathlib
import tempfile
import shlex
from urllib.parse import urlsplit

import pytest

from .support import container, proc
from .support.client import Client
from .support.daemon import Daemon, strays


def pytest_addoption(parser):
    parser.addoption("--as-user", action="store_true", help="run the daemon as an ordinary user")
    parser.addoption("--isolation", choices=["namespaces", "landlock", "seccomp"], help="run the daemon in this tier")
    parser.addoption("--run-with", default="", help="a command that becomes the daemon")
    parser.addoption("--container", choices=list(container.MODES), help="run the daemon in a container")


def pytest_configure(config):
    proc.become_subreaper()
    Daemon.isolation = config.getoption("--isolation", default=None)
    Daemon.run_with = tuple(shlex.split(config.getoption("--run-with", default="")))


def pytest_collection_modifyitems(config, items):
    unwanted = set()
    if "PYEXEC_URL" in os.environ:
        unwanted = {"needs_process", "needs_own"}
    elif config.getoption("--container", default=None):
        unwanted = {"needs_process"}
    if config.getoption("--isolation", default=None) not in (None, "namespaces"):
        unwanted.add("needs_namespaces")
    if os.geteuid() != 0 or config.getoption("--as-user", default=False) or os.environ.get("PYEXEC_AS_USER") == "1":
        unwanted.add("needs_root")
    dropped = [item for item in items if any(mark.name in unwanted for mark in item.iter_markers())]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def pytest_sessionfinish(session):
    for daemon in list(Daemon.live):
        daemon.kill()
    proc.end_processes(strays())
    if session.config.getoption("--container", default=None):
        container.remove_all()


@pytest.fixture(scope="session")
def as_user(request):
    return request.config.getoption("--as-user", default=False) or os.environ.get("PYEXEC_AS_USER") == "1"


@pytest.fixture(scope="session")
def make_daemon(request, as_user):
    """make_daemon(directory, **settings): a Daemon that is not started yet, of the kind that this session is about."""
    mode = request.config.getoption("--container", default=None)

    def make(directory, **settings):
        if mode:
            return container.Container(directory, mode=mode, **settings)
        return Daemon(directory, as_user=as_user, **settings)

    return make


@pytest.fixture
def public_directory():
    """Not in pytest's own directory, which an ordinary user cannot enter."""
    with tempfile.TemporaryDirectory(prefix="pyexec-test-") as directory:
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


@pytest.fixture(scope="session")
def log_directory(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def daemon(make_daemon, log_directory):
    """The daemon that most tests share, with default settings."""
    shared = make_daemon(log_directory)
    try:
        shared.start()
        yield shared
    finally:
        if shared.process is not None:
            shared.kill() if shared.process.poll() is not None else shared.stop()


@pytest.fixture(scope="session")
def service(request):
    """A client of the shared daemon, or of PYEXEC_URL."""
    if "PYEXEC_URL" in os.environ:
        url = urlsplit(os.environ["PYEXEC_URL"])
        client = Client(url.hostname, url.port or 80)
    else:
        client = request.getfixturevalue("daemon").client
    assert client.result("import numpy, pandas\ndef main():\n    return 'warm'", timeout=60) == "warm"
    yield client
    client.close()


@pytest.fixture(scope="session")
def isolation(service):
    """What the service says of its tier and layers."""
    return service.health().json()["isolation"]


@pytest.fixture(scope="session")
def namespaces(isolation):
    """Whether the service's tier has them."""
    return isolation["tier"] == "namespaces"


@pytest.fixture(scope="session")
def one_user(isolation):
    """Whether all sandboxes have one user id, the service's own."""
    return "own user" in {layer["name"] for layer in isolation["layers"]["missing"]}


@pytest.fixture(scope="session")
def execute(service):
    """execute(script, **fields) gives (status, answer)."""
    return service.execute


def _factory(directory, make_daemon):
    """Makes start(**settings); everything it started is ended when the generator is resumed."""
    started = []

    def start(*, wait=True, **settings):
        own = make_daemon(directory, **settings)
        started.append(own)
        return own.start(wait=wait)

    yield start
    failures = []
    for own in started:
        if own not in Daemon.live:
            continue
        try:
            if own.process.poll() is None:
                own.stop()
            else:
                own.kill()
        except AssertionError as failure:
            failures.append(failure)
    left = strays()
    proc.end_processes(left)
    assert not failures, failures
    assert not left, f"processes without a daemon: {left}"


@pytest.fixture
def own_service(tmp_path, make_daemon):
    """own_service(**settings) starts a Daemon for this test alone."""
    yield from _factory(tmp_path, make_daemon)


@pytest.fixture(scope="module")
def module_service(tmp_path_factory, make_daemon):
    """The same for all tests of a module."""
    yield from _factory(tmp_path_factory.mktemp("module"), make_daemon)
