"""The daemon as the integration tests start it, in the ways that a host with systemd and control groups of version 2 has."""

import os
from pathlib import Path

import pytest
from integration import conftest as shared
from integration.conftest import log_directory  # noqa: F401


def pytest_addoption(parser, pluginmanager):
    name = str(Path(shared.__file__))
    if not pluginmanager.has_plugin(name):
        pluginmanager.register(shared, name)


def pytest_collection_modifyitems(items):
    """These tests are for scripts/test-vm's machine, and fail elsewhere rather than show nothing."""
    if items and not os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        raise pytest.UsageError("tests/vm wants a host with control groups of version 2 alone: scripts/test-vm")
