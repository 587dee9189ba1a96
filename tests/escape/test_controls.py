"""Every technique where it is allowed: it must get through there, or its verdict in the sandbox means nothing."""

import os

import pytest

from . import catalogue

ALL = catalogue.load()
CONTROLLED = [technique for technique in ALL if not technique.bomb and not technique.answer]

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="the controls make a room of their own, which only root can")


def run(request, technique):
    """The verdict in the room; for those that spoil it, in one of their own."""
    room = request.getfixturevalue("fresh_room" if technique.options.get("alone") else "room")
    return room.run(catalogue.compose(technique), {**technique.kwargs, **technique.control}, technique.options, seconds=30)


@pytest.mark.parametrize("technique", CONTROLLED, ids=lambda technique: technique.id)
def test_control(request, technique):
    verdict = run(request, technique)
    impossible = technique.impossible() if technique.impossible else ""
    if impossible:
        assert not verdict["got_through"], f"the control works, so it is not true that {impossible}"
        return
    assert verdict["got_through"] is True, f"the probe fails where it is allowed: {verdict['stopped_by']}"


@pytest.mark.parametrize("technique", [technique for technique in ALL if technique.bomb], ids=lambda technique: technique.id)
def test_bomb(room, technique):
    """A bounded number of each: the probe does make what it says."""
    limits = {"NOFILE": 4096, "CPU": 30, "FSIZE": 256 << 20}
    made = room.run(catalogue.compose(technique), technique.control, {"limits": limits}, seconds=30)
    assert made >= technique.control["most"], made


def test_impossible_controls_are_listed(record_property):
    """Names the techniques that have no control on this host, and why; most must have one."""
    without = {technique.id: technique.impossible() for technique in CONTROLLED if technique.impossible}
    without = {name: reason for name, reason in without.items() if reason}
    for name, reason in without.items():
        record_property(name, reason)
        print(f"control_impossible_here: {name}: {reason}")
    assert len(without) <= len(CONTROLLED) // 10, without
