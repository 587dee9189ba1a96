"""Many runs of all outcomes by eight clients: each answer right, and nothing grows."""

import itertools
import threading
import time

import pytest

from .support.leaks import Footprint, Surroundings, check_no_growth, check_nothing_left, wait_at_rest

pytestmark = pytest.mark.needs_process

# (request, expected error or None, rough share of the mix)
MIX = [
    ({"script": "def main(i):\n    print(i)\n    return i"}, None, 30),
    ({"script": "import numpy as np\ndef main(i):\n    return int(np.array([i]).sum())"}, None, 8),
    ({"script": "import pandas as pd\ndef main(i):\n    return int(pd.Series([i]).iloc[0])"}, None, 4),
    ({"script": "def main(i):\n    open('f', 'w').write('x' * 100000)\n    return i"}, None, 6),
    ({"script": "import subprocess\ndef main(i):\n    subprocess.run(['true'])\n    return i"}, None, 3),
    ({"script": "import threading\ndef main(i):\n    threading.Thread(target=print).start()\n    return i"}, None, 3),
    ({"script": "import os\ndef main(i):\n    os.fork()\n    return i"}, None, 3),
    ({"script": "x = 1"}, "missing_main", 5),
    ({"script": "def main(:"}, "syntax_error", 5),
    ({"script": "def main(i):\n    1 / 0"}, "runtime_error", 8),
    ({"script": "import os\ndef main(i):\n    os._exit(3)"}, "runtime_error", 3),
    ({"script": "import os\ndef main(i):\n    os.abort()"}, "runtime_error", 3),
    ({"script": "import os\ndef main(i):\n    os.kill(os.getpid(), 9)"}, "runtime_error", 3),
    ({"script": "def main(i):\n    return object()"}, "runtime_error", 3),
    ({"script": "def main(i):\n    while True: pass", "timeout": 0.05}, "timeout", 2),
    ({"script": "import os, time\ndef main(i):\n    os.fork()\n    time.sleep(9)", "timeout": 0.05}, "timeout", 2),
    ({"script": "def main(i):\n    return i", "timeout": -1}, "invalid_input", 5),
    ({"script": "def main(i):\n    return i", "files": [{"path": "d/f", "content": "x" * 1000}]}, None, 3),
    (
        {
            "script": "import mmap\ndef main(i):\n    a = mmap.mmap(-1, 9 << 24, flags=mmap.MAP_PRIVATE)\n    for o in range(0, 9 << 24, 4096): a[o] = 1",
            "memory_mb": 64,
        },
        "resource_limit",
        1,
    ),
]


def soak(daemon, runs, clients=8):
    """Runs the mix; returns the answers that were wrong."""
    requests = list(itertools.chain.from_iterable([(request, error)] * share for request, error, share in MIX))
    numbers, wrong = itertools.count(), []

    def client():
        while (i := next(numbers)) < runs and len(wrong) < 10:
            request, error = requests[i * 37 % len(requests)]
            try:
                response = daemon.client.post({"args": [i], **request})
                answer = response.json()
            except (OSError, ValueError) as failure:
                wrong.append((i, request, repr(failure)))
                continue
            if error is None:
                good = response.status == 200 and answer["result"] == i
            else:
                good = response.status == 400 and answer["error"] == error
            if not good:
                wrong.append((i, request, response.status, answer))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def check_soak(own, runs, record_property):
    before_all = Surroundings.now()
    wait_at_rest(own, 30)
    assert not soak(own, min(runs // 3, 300)), "warming up"
    wait_at_rest(own, 20)
    before = Footprint.of(own)
    start = time.monotonic()
    wrong = soak(own, runs)
    took = time.monotonic() - start
    assert not wrong, wrong[:5]
    wait_at_rest(own, 20)
    after = Footprint.of(own)
    record_property("runs_per_second", round(runs / took, 1))
    print(f"{runs} runs in {took:.1f} s; before {before}; after {after}")
    check_no_growth(before, after)
    everyone = own.tree()
    assert own.stop() == 0
    check_nothing_left(own, before_all, everyone)


@pytest.mark.long
def test_three_hundred_runs(own_service, record_property):
    check_soak(own_service(), 300, record_property)


@pytest.mark.long
def test_ten_thousand_runs(own_service, record_property):
    check_soak(own_service(), 10_000, record_property)


@pytest.mark.long
def test_guests_are_replaced_without_a_gap(own_service, record_property):
    """Every 50 sandboxes a new guest: nobody notices."""
    check_soak(own_service(guest_max_runs=50), 2000, record_property)


def test_a_guest_is_replaced_without_a_gap(own_service):
    own = own_service(guest_max_runs=20)
    wait_at_rest(own, 30)
    first = {process.identity for process in own.named("pyexec-guest")}
    assert not soak(own, 70)
    wait_at_rest(own, 20)
    assert {process.identity for process in own.named("pyexec-guest")} - first, "one of them at least is new"


def pool(own):
    return own.client.request("GET", "/health").json()["pool"]


def test_the_pool_is_full_again_soon(own_service):
    """After one run, whose refill may be put off, after a steady trickle, and after a burst of three pools at once."""
    own = own_service(pool_lean=4, pool_data=2)
    wait_at_rest(own, 30)
    script = "def main(i):\n    return i"
    for runs, clients in ((1, 1), (20, 1), (18, 18)):
        answers = []

        def client(numbers, answers=answers):
            for number in numbers:
                answers.append(own.client.result(script, args=[number]) == number)

        threads = [threading.Thread(target=client, args=(range(first, runs, clients),)) for first in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * runs
        end = time.monotonic() + 3
        while pool(own)["ready"] < 6 and time.monotonic() < end:
            time.sleep(0.01)
        assert pool(own)["ready"] == 6 == pool(own)["size"], (runs, pool(own))
