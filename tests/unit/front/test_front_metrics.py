"""GET /metrics: what is counted, and that it is Prometheus' format."""
import json
import socket

from front_client import HELLO, JSON, head, post, raw, request, run, wait_for
from played_keeper import CANCELLED, MEMORY, play
from prometheus_text import check_by_promtool, parse, value
from test_front_keys import bearer, with_keys  # noqa: F401 (a fixture)


def metrics(keeper, headers=None):
    response, data = request(keeper, "GET", "/metrics", headers=headers or {})
    assert response.status == 200 and response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return data.decode("ascii")


def sample(keeper, name, **labels):
    return value(parse(metrics(keeper)), name, **labels)


def test_an_idle_service_has_every_series(start):
    keeper = start()
    wait_for(lambda: sample(keeper, "pyexecd_sandboxes_ready", guest="lean") == 2)
    text = metrics(keeper)
    check_by_promtool(text)
    samples = parse(text)
    assert value(samples, "pyexecd_build_info", version="1.0.0", tier="namespaces", python="3.11.2") == 1
    assert value(samples, "pyexecd_pool_size", guest="lean") == 2 and value(samples, "pyexecd_guest_ready", guest="data") == 1
    for outcome in ("success", "timeout", "internal_error", "overloaded", "client_gone"):
        assert value(samples, "pyexecd_requests_total", outcome=outcome, key="anonymous") == 0
    assert value(samples, "pyexecd_run_duration_seconds_count") == 0


def test_promtool_would_find_a_fault(start):
    """The check above can fail."""
    text = metrics(start()).replace("# TYPE pyexecd_connections_total counter", "# TYPE pyexecd_connections_total gauge")
    try:
        check_by_promtool(text)
    except AssertionError:
        return
    raise AssertionError("promtool takes a gauge whose name says counter")


def test_runs_are_counted_by_what_became_of_them(start):
    keeper = start(ready=(3, 1))
    run(keeper, verdict={"wall_us": 30000, "cpu_us": 20000, "memory_peak_bytes": 5 << 20}, stdout="x" * 100, stderr="y" * 7)
    run(keeper, record={"kind": "exception", "error_type": "ValueError", "message": "no", "traceback": ""}, verdict={"exit_code": 1})
    run(keeper, header={"complete": 0}, verdict={"cause": MEMORY, "limit_value": 64 << 20})
    post(keeper, b"{}")
    request(keeper, "GET", "/nowhere")
    text = metrics(keeper)
    check_by_promtool(text)
    samples = parse(text)
    for outcome, count in (("success", 1), ("runtime_error", 1), ("resource_limit", 1), ("invalid_input", 1), ("not_found", 1)):
        assert value(samples, "pyexecd_requests_total", outcome=outcome, key="anonymous") == count, outcome
    assert value(samples, "pyexecd_sandboxes_ended_total", cause="exited") == 2
    assert value(samples, "pyexecd_sandboxes_ended_total", cause="memory") == 1
    assert value(samples, "pyexecd_run_duration_seconds_count") == 3
    assert value(samples, "pyexecd_run_duration_seconds_sum") == 0.030 + 2 * 0.001234
    assert value(samples, "pyexecd_run_duration_seconds_bucket", le="0.025") == 2
    assert value(samples, "pyexecd_run_duration_seconds_bucket", le="0.05") == 3
    assert value(samples, "pyexecd_run_duration_seconds_bucket", le="+Inf") == 3
    assert value(samples, "pyexecd_run_cpu_seconds_total", key="anonymous") == 0.020 + 2 * 0.000987
    assert value(samples, "pyexecd_run_memory_peak_bytes_bucket", le="8388608") == 1
    assert value(samples, "pyexecd_queue_duration_seconds_count") == 3
    assert value(samples, "pyexecd_request_duration_seconds_count") == 5
    assert value(samples, "pyexecd_http_responses_total", code="200") == 1
    assert value(samples, "pyexecd_http_responses_total", code="400") == 3
    assert value(samples, "pyexecd_http_responses_total", code="404") == 1
    assert value(samples, "pyexecd_run_output_bytes_total", stream="stderr") == 7
    assert value(samples, "pyexecd_run_output_bytes_total", stream="stdout") > 100
    assert value(samples, "pyexecd_request_body_bytes_total") > 100 and value(samples, "pyexecd_response_body_bytes_total") > 500


def test_what_is_on_at_this_moment(start):
    keeper = start("--max-running=1", "--default-memory-mb=128", ready=(2, 0))
    body = json.dumps({"script": play(delay=3)}).encode()
    running, queued = (socket.create_connection(("127.0.0.1", keeper.port), timeout=5) for _ in range(2))
    running.sendall(head(body, f"Content-Length: {len(body)}"))
    wait_for(lambda: sample(keeper, "pyexecd_runs_running") == 1)
    queued.sendall(head(body, f"Content-Length: {len(body)}"))
    wait_for(lambda: sample(keeper, "pyexecd_requests_queued") == 1)
    samples = parse(metrics(keeper))
    assert value(samples, "pyexecd_runs_running") == 1 and value(samples, "pyexecd_sandboxes_ready", guest="lean") == 1
    assert value(samples, "pyexecd_running_memory_limit_bytes") == 128 << 20
    assert value(samples, "pyexecd_running_memory_limit_max_bytes") > 0
    assert value(samples, "pyexecd_client_data_bytes") > 0 and value(samples, "pyexecd_connections") >= 3
    for client, gone in ((queued, 1), (running, 2)):  # in this order, or the one that waits is begun with
        client.close()
        wait_for(lambda: sample(keeper, "pyexecd_requests_total", outcome="client_gone", key="anonymous") == gone)
    wait_for(lambda: sample(keeper, "pyexecd_sandboxes_ended_total", cause="cancelled") == 1)
    assert CANCELLED  # what the keeper calls it
    assert sample(keeper, "pyexecd_running_memory_limit_bytes") == 0


def test_streams_count_as_what_they_end_with(start):
    keeper = start(ready=(2, 1))
    response, data = request(keeper, "POST", "/execute", HELLO, {**JSON, "Accept": "text/event-stream"})
    assert response.status == 200
    samples = parse(metrics(keeper))
    assert value(samples, "pyexecd_requests_total", outcome="success", key="anonymous") == 1
    assert value(samples, "pyexecd_response_body_bytes_total") >= len(data)


def test_a_body_too_large_and_a_short_one(start):
    keeper = start("--max-body-bytes=100000", "--max-script-bytes=50000")
    raw(keeper, head(b"", "Transfer-Encoding: chunked") + b"20000\r\n" + b"x" * 0x20000)
    wait_for(lambda: sample(keeper, "pyexecd_requests_total", outcome="invalid_input", key="anonymous") == 1)
    raw(keeper, head(b"{}", "Content-Length: 20"), shut=True)
    wait_for(lambda: sample(keeper, "pyexecd_requests_total", outcome="invalid_input", key="anonymous") == 2)


def test_the_keepers_figures(start):
    keeper = start(ready=(2, 1), status=False)
    keeper.guest_counts = (4, 5, 1, 2, 7)
    keeper.made_us = 30000
    keeper.send_status()
    keeper.add_sandbox(1)
    wait_for(lambda: sample(keeper, "pyexecd_sandbox_start_duration_seconds_count", guest="data") == 2)
    text = metrics(keeper)
    check_by_promtool(text)
    samples = parse(text)
    assert value(samples, "pyexecd_guests_retired_total", guest="lean") == 4
    assert value(samples, "pyexecd_guests_retired_total", guest="data") == 5
    assert value(samples, "pyexecd_guests_died_total", guest="data") == 2
    assert value(samples, "pyexecd_sandbox_start_failures_total") == 7
    assert value(samples, "pyexecd_sandbox_start_duration_seconds_bucket", guest="data", le="0.025") == 1
    assert value(samples, "pyexecd_sandbox_start_duration_seconds_bucket", guest="data", le="0.05") == 2


def test_an_idle_sandbox_that_ends(start):
    keeper = start(ready=(0, 0))
    sandbox = keeper.add_sandbox(0)
    wait_for(lambda: sample(keeper, "pyexecd_sandboxes_ready", guest="lean") == 1)
    keeper.send_verdict(sandbox, cause=2, signal=9, started=0)
    wait_for(lambda: sample(keeper, "pyexecd_sandboxes_unused_total") == 1)


def test_names_never_keys_and_only_for_who_may(with_keys):  # noqa: F811
    keeper, (alice, scraper) = with_keys("alice", "prometheus metrics running=0")
    assert post(keeper, HELLO, bearer(alice))[0] == 200
    assert post(keeper, HELLO, bearer("pyx_wrong"))[0] == 401
    for key, status, error in ((None, 401, "unauthorized"), ("wrong", 401, "unauthorized"), (alice, 403, "forbidden")):
        response, data = request(keeper, "GET", "/metrics", headers={"X-Api-Key": key} if key else {})
        assert response.status == status and json.loads(data)["error"] == error
    text = metrics(keeper, bearer(scraper))
    check_by_promtool(text)
    samples = parse(text)
    assert value(samples, "pyexecd_requests_total", outcome="success", key="alice") == 1
    assert value(samples, "pyexecd_requests_total", outcome="unauthorized", key="anonymous") == 1
    assert value(samples, "pyexecd_requests_total", outcome="internal_error", key="alice") == 0
    assert value(samples, "pyexecd_run_cpu_seconds_total", key="alice") > 0
    assert alice not in text and scraper not in text and "wrong" not in text
