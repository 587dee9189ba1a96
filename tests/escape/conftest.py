"""The daemon as the integration tests start it, and the room of the positive controls."""

from pathlib import Path

import pytest
from integration import conftest as shared
from integration.conftest import (  # noqa: F401
    as_user,
    daemon,
    execute,
    isolation,
    log_directory,
    make_daemon,
    module_service,
    namespaces,
    one_user,
    own_service,
    service,
)

from .room import Room


def pytest_addoption(parser, pluginmanager):
    """The options and hooks of the integration tests, once, whichever folder comes first."""
    name = str(Path(shared.__file__))
    if not pluginmanager.has_plugin(name):
        pluginmanager.register(shared, name)


@pytest.fixture(scope="session")
def room():
    """A room that techniques share which leave no trace in it."""
    shared_room = Room()
    yield shared_room
    shared_room.close()


@pytest.fixture
def fresh_room():
    own = Room()
    yield own
    own.close()
