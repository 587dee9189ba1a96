"""Five minutes in which processes of the service are killed at random, under load.

No answer is wrong, the service answers again soon after each, and nothing is left over when it ends.
"""

import collections
import os
import random
import signal
import time

import pytest

from .support import proc
from .support.leaks import Footprint, Surroundings, check_no_growth, check_nothing_left, wait_at_rest
from .support.load import Load
from .support.raw import wait_until

pytestmark = [pytest.mark.needs_own, pytest.mark.needs_process, pytest.mark.slow]

SECONDS = 300
RECOVERY_SECONDS = 3  # a second on a machine that has a core to spare
COMMS = ["pyexec-front", "pyexec-guest", "pyexec-keeper", "pyexec-run", "pyexec-init", "pyexec-nsmaker", "pyexec-watcher", "pyexec-cleaner"]


def one_of(own, chance):
    """A process of a kind that is there, each kind as likely as another."""
    kinds = [found for found in (own.named(comm) for comm in COMMS) if found]
    return chance.choice(chance.choice(kinds)) if kinds else None


def harm(own, seconds, seed, record_property):
    chance = random.Random(seed)
    before = Surroundings.now()
    wait_at_rest(own, 20)
    footprint = Footprint.of(own)
    killed, recoveries = collections.Counter(), []
    with Load(own) as load:
        assert wait_until(lambda: load.outcomes["ok"] > 10, 10) is not None, load.outcomes
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            victim = one_of(own, chance)
            if victim is None:
                continue
            moment = time.monotonic()
            try:
                os.kill(victim.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed[victim.comm] += 1
            assert wait_until(lambda: load.recovery(moment) is not None, 15) is not None, own.log()[-3000:]
            recoveries.append(load.recovery(moment))
            time.sleep(chance.uniform(0, 0.8))
    slowest = sorted(recoveries)[-3:]
    record_property("killed", dict(killed))
    record_property("slowest_recoveries", [round(seconds, 3) for seconds in slowest])
    print(f"seed {seed}: {dict(killed)} killed, {dict(load.outcomes)}, slowest recoveries {slowest}")
    assert not load.wrong, load.wrong[:5]
    assert slowest[-1] < RECOVERY_SECONDS, slowest
    assert not load.unexpected(), load.outcomes
    own.wait_healthy(10)
    wait_at_rest(own, 20)
    check_no_growth(footprint, Footprint.of(own), resident_slack=24 << 20)
    everyone = own.tree()
    assert own.stop() == 0
    check_nothing_left(own, before, everyone)


def test_ten_seconds_of_it(own_service, record_property):
    harm(own_service(), 10, 1, record_property)


@pytest.mark.long
def test_five_minutes_of_it(own_service, record_property):
    harm(own_service(), SECONDS, int.from_bytes(os.urandom(4), "big"), record_property)
