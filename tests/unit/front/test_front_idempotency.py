"""Idempotency-Key: a request that is sent again gets the first answer."""
import http.client
import json
import socket
import threading
import time

import pytest

from front_client import HELLO, JSON, head, post, raw, request, wait_for
from played_keeper import INTERNAL, play
from test_front_fairness import answer_of, send
from test_front_keys import bearer, make_key
from test_front_metrics import sample


def keyed(key, headers=None):
    return {**JSON, "Idempotency-Key": key, **(headers or {})}


def once(keeper, key, body=HELLO, headers=None, source=None):
    connection = http.client.HTTPConnection("127.0.0.1", keeper.port, timeout=20, source_address=(source, 0) if source else None)
    connection.request("POST", "/execute", body, keyed(key, headers))
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


def script(**what):
    return json.dumps({"script": play(**what)}).encode()


# ---- one after the other ----

@pytest.mark.parametrize("body, status", [(HELLO, 200), (script(record={"kind": "exception", "error_type": "E", "message": "m", "traceback": ""},
                                                                verdict={"exit_code": 1}), 400),
                                          (script(header={"complete": 0}, verdict={"cause": 3, "limit_value": 10}), 400)])
def test_the_first_answer_again(start, body, status):
    keeper = start()
    first, data = once(keeper, "key-1", body)
    again, data_again = once(keeper, '"key-1"', body, {"X-Request-Id": "mine"})  # the draft has it in quotation marks
    assert first.status == again.status == status and data == data_again
    assert len(keeper.requests) == 1
    assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["X-Request-Id"] == json.loads(data)["id"] == first.headers["X-Request-Id"]
    assert sample(keeper, "pyexecd_idempotent_replays_total") == 1 and sample(keeper, "pyexecd_idempotency_keys") == 1
    assert sample(keeper, "pyexecd_idempotency_bytes") >= len(data)


def test_without_a_key_each_runs(start):
    keeper = start()
    assert [post(keeper, HELLO)[0] for _ in range(2)] == [200, 200] and len(keeper.requests) == 2
    once(keeper, "a"), once(keeper, "b")
    assert len(keeper.requests) == 4 and sample(keeper, "pyexecd_idempotent_replays_total") == 0


def test_another_body_with_the_same_key(start):
    keeper = start()
    once(keeper, "key-1")
    response, data = once(keeper, "key-1", HELLO + b" ")
    answer = json.loads(data)
    assert response.status == 422 and answer["error"] == "invalid_input" and "Idempotency-Key" in answer["message"]
    assert answer["success"] is False and answer["suggestions"] and answer["stdout"] == "" and answer["return_code"] == 1
    assert len(keeper.requests) == 1
    assert once(keeper, "key-1")[0].status == 200  # and the first is there still
    assert len(keeper.requests) == 1


@pytest.mark.parametrize("value", ["", '""', "a b", "x" * 256, "caf\xe9"])
def test_no_key_that_is_none(start, value):
    keeper = start()
    response, data = once(keeper, value)
    assert response.status == 400 and "Idempotency-Key" in json.loads(data)["message"]
    assert not keeper.requests


def test_longest_key_and_no_two(start):
    keeper = start()
    assert once(keeper, "x" * 255)[0].status == 200
    lines = ["Idempotency-Key: a", "Idempotency-Key: a", "Connection: close", f"Content-Length: {len(HELLO)}"]
    assert raw(keeper, head(HELLO, *lines)).startswith(b"HTTP/1.1 400")


def test_keys_belong_to_who_sends_them(start):
    keeper = start()
    assert once(keeper, "same")[0].status == once(keeper, "same", source="127.0.0.2")[0].status == 200
    assert len(keeper.requests) == 2
    (line_a, alice), (line_b, bob) = make_key("alice"), make_key("bob")
    keeper = start("--api-keys-file=/in/descriptor/5", keys=line_a + line_b)
    for key in (alice, bob, alice):
        assert once(keeper, "same", headers=bearer(key))[0].status == 200
    assert len(keeper.requests) == 2
    # another's body is no conflict of one's own, and tells nothing
    assert once(keeper, "only-alice's", headers=bearer(alice))[0].status == 200
    assert once(keeper, "only-alice's", HELLO + b" ", bearer(bob))[0].status == 200


def test_what_is_our_own_failure_can_be_tried_again(start):
    keeper = start(ready=(4, 0))
    broken = script(verdict={"cause": INTERNAL})
    assert [once(keeper, "key-1", broken)[0].status for _ in range(2)] == [500, 500]
    assert len(keeper.requests) == 2 and sample(keeper, "pyexecd_idempotency_keys") == 0
    full = start("--max-queue=1", "--queue-timeout=1", ready=(0, 0))
    assert once(full, "key-1")[0].status == 503
    full.add_sandbox(0)
    assert once(full, "key-1")[0].status == 200
    assert once(full, "key-2", b'{"script": 1}')[0].status == 400  # not a run either
    assert sample(full, "pyexecd_idempotency_keys") == 1


# ---- at the same time ----

def test_those_that_come_meanwhile_wait_for_the_first(start):
    keeper = start(ready=(4, 1))
    slow = {"script": play(delay=0.6)}
    clients = [send(keeper, slow, ["Idempotency-Key: k"]) for _ in range(5)]
    other = send(keeper, {"script": play(delay=0.1)}, ["Idempotency-Key: k"])
    status, answer = answer_of(other)
    assert status == 422, answer
    answers = [answer_of(client) for client in clients]
    assert all(answer == answers[0] for answer in answers) and answers[0][0] == 200
    assert len(keeper.requests) == 1


def test_they_hear_of_a_failure_of_ours_together(start):
    keeper = start("--queue-timeout=1", ready=(0, 0))
    clients = [send(keeper, {"script": play()}, ["Idempotency-Key: k"]) for _ in range(3)]
    assert [answer_of(client)[0] for client in clients] == [503, 503, 503]


def test_a_client_that_goes_can_come_back(start):
    keeper = start()
    body = {"script": play(delay=0.5)}
    send(keeper, body, ["Idempotency-Key: k"]).close()
    wait_for(lambda: keeper.started)
    time.sleep(0.2)
    response, data = once(keeper, "k", json.dumps(body).encode())
    assert response.status == 200 and response.headers["Idempotent-Replayed"] == "true"
    assert len(keeper.requests) == 1 and not keeper.cancelled
    # without a key it ends with its client
    send(keeper, body).close()
    wait_for(lambda: keeper.cancelled)


def test_any_of_them_may_go(start):
    keeper = start()
    body = {"script": play(delay=0.5)}
    clients = [send(keeper, body, ["Idempotency-Key: k"]) for _ in range(4)]
    wait_for(lambda: keeper.started)
    time.sleep(0.1)
    clients.pop(0).close()
    clients.pop(1).close()
    assert [answer_of(client)[0] for client in clients] == [200, 200] and not keeper.cancelled


def test_drain_waits_for_them(start):
    keeper = start()
    clients = [send(keeper, {"script": play(delay=0.5)}, ["Idempotency-Key: k"]) for _ in range(2)]
    wait_for(lambda: keeper.started)
    time.sleep(0.1)
    keeper.drain()
    assert [answer_of(client)[0] for client in clients] == [200, 200]
    keeper.close(expect=0)


# ---- streams ----

EVENTS = {"Accept": "text/event-stream"}


def events(data):
    blocks = [block for block in data.decode().split("\n\n") if block and not block.startswith(":")]
    return [(block.split("\n")[0][7:], json.loads(block.split("\n")[1][6:])) for block in blocks]


def test_a_stream_again_is_its_end(start):
    keeper = start()
    body = script(stdout="hello\n")
    first, data = once(keeper, "k", body, EVENTS)
    assert first.status == 200 and [name for name, _ in events(data)][0] == "stdout"
    again, data_again = once(keeper, "k", body, EVENTS)
    assert again.headers["Content-Type"] == "text/event-stream" and again.headers["Idempotent-Replayed"] == "true"
    assert events(data_again) == [events(data)[-1]]
    plain, answer = once(keeper, "k", body)
    assert plain.headers["Content-Type"] == "application/json" and json.loads(answer) == events(data)[-1][1]
    assert len(keeper.requests) == 1


def test_who_streams_the_same_meanwhile_gets_the_end(start):
    keeper = start()
    body = script(stdout="hello\n", delay=0.6)
    results = [None, None]

    def ask(i):
        results[i] = once(keeper, "k", body, EVENTS)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(2)]
    threads[0].start()
    wait_for(lambda: keeper.started)
    time.sleep(0.1)
    threads[1].start()
    for thread in threads:
        thread.join()
    first, second = (events(data) for _, data in results)
    assert [name for name, _ in first] == ["stdout", "stdout", "done"] or first[-1][0] == "done" and len(first) > 1
    assert second == [first[-1]] and len(keeper.requests) == 1


def test_a_stream_that_nobody_reads_any_more_runs_on(start):
    """Its client had made the script wait, by not reading; then it goes."""
    keeper = start("--max-output-bytes=8388608")
    body = {"script": play(stdout_mb=6, delay=0.2), "stream": True}
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", keeper.port))
    data = json.dumps(body).encode()
    client.sendall(head(data, f"Content-Length: {len(data)}", "Idempotency-Key: k"))
    wait_for(lambda: keeper.started)
    time.sleep(0.5)
    client.close()
    response, stream = once(keeper, "k", data)
    assert response.status == 200 and len(keeper.requests) == 1 and not keeper.cancelled
    (name, answer), = events(stream)
    assert name == "done" and answer["success"] and len(answer["stdout"]) > 6 << 20


# ---- bounds ----

def test_number(start):
    keeper = start("--idempotency-max-keys=2")
    for key in ("a", "b", "c", "b", "c"):
        once(keeper, key)
    assert len(keeper.requests) == 3
    once(keeper, "a")
    assert len(keeper.requests) == 4 and sample(keeper, "pyexecd_idempotency_keys") == 2


def test_age(start):
    keeper = start("--idempotency-max-age=1")
    once(keeper, "a")
    once(keeper, "a")
    assert len(keeper.requests) == 1
    time.sleep(1.1)
    response, _ = once(keeper, "a", HELLO + b" ")  # not even a conflict
    assert response.status == 200 and "Idempotent-Replayed" not in response.headers and len(keeper.requests) == 2


def test_bytes(start):
    keeper = start("--idempotency-max-mb=1")
    large = [script(value=json.dumps("x" * 400000), name=i) for i in range(3)]
    for i, body in enumerate(large):
        once(keeper, f"k{i}", body)
    assert sample(keeper, "pyexecd_idempotency_bytes") <= 1 << 20
    assert len(keeper.requests) == 3
    once(keeper, "k2", large[2])
    assert len(keeper.requests) == 3
    once(keeper, "k0", large[0])
    assert len(keeper.requests) == 4
    huge = script(value=json.dumps("x" * 900000), stdout_parts=[["x", 900000]])
    assert [once(keeper, "huge", huge)[0].status for _ in range(2)] == [200, 200]
    assert len(keeper.requests) == 6 and sample(keeper, "pyexecd_idempotency_bytes") <= 1 << 20


def test_one_client_does_not_have_anothers_forgotten(start):
    keeper = start("--idempotency-max-keys=4")
    once(keeper, "his", source="127.0.0.2")
    for i in range(8):
        once(keeper, f"mine-{i}")
    count = len(keeper.requests)
    assert once(keeper, "his", source="127.0.0.2")[0].headers["Idempotent-Replayed"] == "true"
    assert len(keeper.requests) == count


def test_only_runs_that_are_on(start):
    keeper = start("--idempotency-max-keys=2", ready=(4, 0))
    slow = {"script": play(delay=0.6)}
    clients = [send(keeper, slow, [f"Idempotency-Key: {i}"]) for i in range(2)]
    wait_for(lambda: len(keeper.started) == 2)
    assert once(keeper, "third")[0].status == 503
    assert post(keeper, HELLO)[0] == 200  # without a key there is nothing to remember
    assert [answer_of(client)[0] for client in clients] == [200, 200]
    assert once(keeper, "third")[0].status == 200


def test_it_counts_as_a_request(start):
    line, alice = make_key("alice", "requests_per_minute=2")
    keeper = start("--api-keys-file=/in/descriptor/5", keys=line)
    assert [once(keeper, "k", headers=bearer(alice))[0].status for _ in range(3)] == [200, 200, 429]
    assert request(keeper, "GET", "/health")[0].status == 200
