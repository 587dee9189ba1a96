"""The image and its container themselves. The integration and escape suites are run against it by their own option,
--container; scripts/test-container does both."""

from pathlib import Path

import pytest
from integration import conftest as shared
from integration.conftest import log_directory  # noqa: F401
from integration.support.container import Container, docker, remove_all
from integration.support.daemon import Daemon


def pytest_addoption(parser, pluginmanager):
    name = str(Path(shared.__file__))
    if not pluginmanager.has_plugin(name):
        pluginmanager.register(shared, name)


def pytest_sessionfinish(session):
    remove_all()


@pytest.fixture
def start(tmp_path):
    """start(mode, flags=(), wait=True, **settings) runs a container for this test alone."""
    started = []

    def run(mode="plain", *, wait=True, **options):
        own = Container(tmp_path, mode=mode, **options)
        started.append(own)
        return own.start(wait=wait)

    yield run
    for own in started:
        if own in Daemon.live:
            own.kill()


@pytest.fixture(scope="module")
def running(log_directory):
    """A container without any flag that the tests of a module share."""
    own = Container(log_directory).start()
    yield own
    own.kill()


@pytest.fixture(scope="session")
def in_image():
    """in_image(shell command): what it prints in a container of the image, as root."""
    from integration.support.container import IMAGE

    return lambda command: docker("run", "--rm", "--entrypoint", "/bin/sh", IMAGE, "-c", command)
