"""pyexec-front alone, against a keeper and sandboxes played by played_keeper.py.

PYEXEC_FRONT names the program; without it the usual build directory is looked at."""
import os

import pytest

from played_keeper import FakeKeeper

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
FRONT = os.environ.get("PYEXEC_FRONT", os.path.join(ROOT, "build", "src", "front", "pyexec-front"))


@pytest.fixture(scope="module")
def shared():
    keeper = FakeKeeper(FRONT, "--header-timeout=2", "--body-timeout=2", "--max-body-bytes=3000000")
    yield keeper
    keeper.drain()
    keeper.close(expect=0)


@pytest.fixture
def start():
    keepers = []

    def starter(*arguments, **options):
        keeper = FakeKeeper(FRONT, *arguments, **options)
        keepers.append(keeper)
        return keeper

    yield starter
    for keeper in keepers:
        if keeper.process.poll() is None:
            keeper.close()
