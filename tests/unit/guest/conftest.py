"""The guests that the tests share; PYEXEC_GUEST names the program (linked with fake_jail.c)."""

import os

import pytest

import fake_keeper


def _guest(kind):
    program = os.environ.get("PYEXEC_GUEST")
    if not program:
        pytest.skip("PYEXEC_GUEST names no program")
    if not fake_keeper.may_mount():
        pytest.skip("no right to mount a private /tmp")
    return fake_keeper.Guest(program, kind)


@pytest.fixture(scope="session")
def lean():
    guest = _guest("lean")
    yield guest
    assert guest.close() == 0


@pytest.fixture(scope="session")
def data():
    guest = _guest("data")
    yield guest
    assert guest.close() == 0
