"""Whose turn it is when there are more requests than sandboxes, and how much memory they may have together."""
import http.client
import json
import re
import socket
import time

import pytest

from front_client import head, health, post, run, wait_for
from played_keeper import play
from test_front_keys import bearer, make_key


def send(keeper, body, headers=(), source="127.0.0.1"):
    """Posts without waiting for the answer."""
    client = socket.create_connection(("127.0.0.1", keeper.port), timeout=20, source_address=(source, 0))
    data = json.dumps(body).encode()
    client.sendall(head(data, f"Content-Length: {len(data)}", *headers))
    return client


def answer_of(client):
    response = http.client.HTTPResponse(client)
    response.begin()
    status, answer = response.status, json.loads(response.read())
    client.close()
    return status, answer


def queued(keeper, count, key=None):
    headers = {"X-Api-Key": key} if key else {}

    def is_so():
        connection = http.client.HTTPConnection("127.0.0.1", keeper.port, timeout=10)
        connection.request("GET", "/health", headers=headers)
        pool = json.loads(connection.getresponse().read())["pool"]
        connection.close()
        return pool["queued"] == count

    wait_for(is_so, 20)


def names_of_runs(keeper):
    return [json.loads(request.script[5:])["name"] for request in keeper.requests]


def test_a_thousand_requests_of_one_address_delay_anothers_single_one_by_one_turn(start):
    keeper = start("--max-running=1", "--max-connections=1100", "--max-queue=1100", "--queue-timeout=60", ready=(0, 0))
    many = [send(keeper, {"script": play(name="many")}) for _ in range(1000)]
    queued(keeper, 1000)
    one = send(keeper, {"script": play(name="one")}, source="127.0.0.2")
    queued(keeper, 1001)
    keeper.add_sandbox(0)
    assert answer_of(one)[0] == 200
    assert names_of_runs(keeper).index("one") <= 1
    for client in many:
        assert answer_of(client)[0] == 200


def test_between_keys_too_whatever_their_address(start):
    (line_a, alice), (line_b, bob) = make_key("alice"), make_key("bob")
    keeper = start("--api-keys-file=/in/descriptor/5", "--max-running=1", keys=line_a + line_b, ready=(0, 0))
    many = [send(keeper, {"script": play(name="many")}, [f"X-Api-Key: {alice}"]) for _ in range(20)]
    queued(keeper, 20, bob)
    one = send(keeper, {"script": play(name="one")}, [f"Authorization: Bearer {bob}"])
    queued(keeper, 21, bob)
    keeper.add_sandbox(0)
    assert answer_of(one)[0] == 200 and names_of_runs(keeper).index("one") <= 1
    assert all(answer_of(client)[0] == 200 for client in many)


def test_a_full_queue_has_room_for_who_has_least_in_it(start):
    keeper = start("--max-queue=4", ready=(0, 0))
    many = []
    for i in range(4):
        many.append(send(keeper, {"script": play(name=i)}))
        queued(keeper, i + 1)
    fifth = send(keeper, {"script": play(name=4)})
    assert answer_of(fifth)[0] == 503  # its own are the most: nobody makes room
    one = send(keeper, {"script": play(name="one")}, source="127.0.0.2")
    status, answer = answer_of(many.pop())  # the youngest
    assert status == 503 and answer["error"] == "overloaded" and "yours" in answer["message"]
    queued(keeper, 4)
    keeper.add_sandbox(0)
    assert answer_of(one)[0] == 200
    assert [answer_of(client)[0] for client in many] == [200, 200, 200]


def test_runs_at_one_time(start):
    (line_a, alice), (line_b, bob) = make_key("alice", "running=2"), make_key("bob")
    keeper = start("--api-keys-file=/in/descriptor/5", keys=line_a + line_b, ready=(6, 0))
    begin = time.monotonic()
    slow = {"script": play(delay=0.4)}
    clients = [send(keeper, slow, [f"X-Api-Key: {alice}"]) for _ in range(4)]
    wait_for(lambda: len(keeper.started) == 2)
    other = [send(keeper, slow, [f"X-Api-Key: {bob}"]) for _ in range(3)]
    wait_for(lambda: len(keeper.started) == 5, 0.35)
    assert all(answer_of(client)[0] == 200 for client in other + clients)
    assert time.monotonic() - begin > 0.75


def test_who_waits_for_its_own_runs_is_told_so(start):
    line, alice = make_key("alice", "running=1")
    keeper = start("--api-keys-file=/in/descriptor/5", "--queue-timeout=1", keys=line, ready=(2, 0))
    first = send(keeper, {"script": play(delay=2)}, [f"X-Api-Key: {alice}"])
    wait_for(lambda: keeper.started)
    status, answer = post(keeper, {"script": play()}, bearer(alice))
    assert status == 429 and answer["error"] == "rate_limited" and "1 runs at one time" in answer["message"]
    assert answer_of(first)[0] == 200


# ---- memory ----

@pytest.fixture
def memory_mb(start, tmp_path):
    """What front finds on this machine."""
    log = tmp_path / "log"
    with open(log, "wb") as file:
        keeper = start("--memory-overcommit-percent=100", stderr=file)
        assert run(keeper)[0] == 200
    found = re.search(r"may come to (\d+) MiB, 100 % of the (\d+) MiB", log.read_text())
    assert found, log.read_text()
    return int(found.group(2))


def tight(start, memory_mb, *arguments, want=1000, ready=(6, 0)):
    """A keeper whose front has memory for about `want` MiB of runs: the percentage is a whole number."""
    percent = max(1, round(want * 100 / memory_mb))
    most = memory_mb * percent // 100
    big = most * 2 // 5  # two fit, three do not
    limits = ["--min-memory-mb=16", f"--default-memory-mb={big}", f"--max-memory-mb={most * 2}"]
    keeper = start(f"--memory-overcommit-percent={percent}", *limits, *arguments, ready=ready)
    return keeper, most, big


def test_memory_limits_of_what_runs_are_held_together(start, memory_mb):
    keeper, _, big = tight(start, memory_mb)
    clients = [send(keeper, {"script": play(delay=0.5), "memory_mb": big}) for _ in range(3)]
    wait_for(lambda: len(keeper.started) == 2)
    time.sleep(0.2)
    assert len(keeper.started) == 2 and health(keeper)["pool"]["queued"] == 1
    small = send(keeper, {"script": play(name="small"), "memory_mb": 16}, source="127.0.0.2")
    assert answer_of(small)[0] == 200  # there is room for that
    assert all(answer_of(client)[0] == 200 for client in clients)


def test_without_a_percentage_memory_does_not_matter(start, memory_mb):
    keeper = start("--memory-overcommit-percent=0", f"--max-memory-mb={memory_mb * 2}", ready=(3, 0))
    clients = [send(keeper, {"script": play(delay=0.5), "memory_mb": memory_mb * 2}) for _ in range(3)]
    wait_for(lambda: len(keeper.started) == 3)
    assert all(answer_of(client)[0] == 200 for client in clients)


def test_one_that_is_larger_than_all_runs_alone(start, memory_mb):
    keeper, most, _ = tight(start, memory_mb)
    small = send(keeper, {"script": play(delay=0.3), "memory_mb": 16})
    wait_for(lambda: keeper.started)
    huge = send(keeper, {"script": play(delay=0.1), "memory_mb": most * 2})
    time.sleep(0.1)
    assert len(keeper.started) == 1
    assert answer_of(small)[0] == 200 and answer_of(huge)[0] == 200


def test_small_ones_do_not_starve_a_large_one(start, memory_mb):
    """Others pass for half of the queue's time, then what becomes free is kept for it."""
    keeper, most, big = tight(start, memory_mb, "--queue-timeout=4", ready=(8, 0))
    large = None
    begin = time.monotonic()
    small = []
    while True:
        if len(small) - sum(1 for _ in keeper.starts) < 3 and len(small) < 1000:
            small.append(send(keeper, {"script": play(delay=0.2, name="small"), "memory_mb": big}, source="127.0.0.2"))
        if large is None and len(keeper.started) >= 2:
            large = send(keeper, {"script": play(name="large"), "memory_mb": most})
        if "large" in names_of_runs(keeper) or time.monotonic() - begin > 6:
            break
        time.sleep(0.02)
    status, answer = answer_of(large)
    assert status == 200, answer
    assert 1500 < answer["usage"]["queue_ms"] < 3500
    for client in small:
        client.close()


def test_who_waits_for_memory_in_vain_is_told_so(start, memory_mb):
    keeper, most, _ = tight(start, memory_mb, "--queue-timeout=1")
    first = send(keeper, {"script": play(delay=2), "memory_mb": most})
    wait_for(lambda: keeper.started)
    status, answer = post(keeper, {"script": play(), "memory_mb": most})
    assert status == 503 and "memory" in answer["message"]
    assert answer_of(first)[0] == 200
