"""Web pages: which may ask, what they may read, and the header that every answer has."""
import json
import socket

import pytest

from front_client import HELLO, JSON, head, post, raw, request

APP = "https://app.example.org"
SECURITY = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


@pytest.fixture
def listed(start):
    return start(f"--cors-origins={APP},http://localhost:3000", ready=(3, 1))


def cors(response):
    return {name.lower(): value for name, value in response.headers.items() if name.lower().startswith("access-control-")}


def test_no_page_of_another_origin_by_default(start):
    keeper = start()
    for method, path in (("POST", "/execute"), ("GET", "/health"), ("GET", "/metrics"), ("OPTIONS", "/execute")):
        response, data = request(keeper, method, path, HELLO if method == "POST" else None, {**JSON, "Origin": APP})
        assert response.status == 403 and json.loads(data)["error"] == "forbidden" and not cors(response)
    assert not keeper.requests
    response, _ = request(keeper, "GET", "/health")
    assert not cors(response) and "Vary" not in response.headers


def test_a_listed_page_asks_first_and_then_runs(listed):
    asks = {"Origin": APP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-api-key"}
    response, data = request(listed, "OPTIONS", "/execute", headers=asks)
    assert response.status == 204 and data == b""
    assert cors(response)["access-control-allow-origin"] == APP and response.headers["Vary"] == "Origin"
    assert "POST" in cors(response)["access-control-allow-methods"]
    allowed = cors(response)["access-control-allow-headers"].lower().split(", ")
    assert {"content-type", "authorization", "x-api-key", "idempotency-key", "x-request-id"} <= set(allowed)
    assert "access-control-allow-credentials" not in cors(response)
    response, data = request(listed, "POST", "/execute", HELLO, {**JSON, "Origin": APP})
    assert response.status == 200 and cors(response)["access-control-allow-origin"] == APP
    exposed = cors(response)["access-control-expose-headers"].lower().split(", ")
    assert {"retry-after", "ratelimit-remaining", "x-request-id"} <= set(exposed)


def test_it_may_read_what_went_wrong_and_streams(listed):
    response, _ = request(listed, "POST", "/execute", b"{}", {**JSON, "Origin": "http://localhost:3000"})
    assert response.status == 400 and cors(response)["access-control-allow-origin"] == "http://localhost:3000"
    response, _ = request(listed, "GET", "/nothing", headers={"Origin": APP})
    assert response.status == 404 and cors(response)["access-control-allow-origin"] == APP
    response, data = request(listed, "POST", "/execute", HELLO, {**JSON, "Origin": APP, "Accept": "text/event-stream"})
    assert response.status == 200 and cors(response)["access-control-allow-origin"] == APP and b"event: done" in data


@pytest.mark.parametrize("origin", ["http://app.example.org", APP + ":8443", APP + ".evil.example", "https://evil.example", "null", "*"])
def test_no_other_page_may(listed, origin):
    response, _ = request(listed, "POST", "/execute", HELLO, {**JSON, "Origin": origin})
    assert response.status == 403 and not cors(response) and not listed.requests


def test_a_key_is_wanted_of_pages_too(start):
    keeper = start(f"--cors-origins={APP}", "--api-keys-file=/in/descriptor/5", keys="")
    asks = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    assert request(keeper, "OPTIONS", "/execute", headers=asks)[0].status == 204  # a browser sends no key with it
    response, _ = request(keeper, "POST", "/execute", HELLO, {**JSON, "Origin": APP})
    assert response.status == 401 and cors(response)["access-control-allow-origin"] == APP


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_a_name_that_was_pointed_here_reads_nothing(start, path):
    keeper = start()
    stranger = raw(keeper, head(b"", "Connection: close", host="Host: evil.example", method="GET", path=path))
    assert stranger.startswith(b"HTTP/1.1 403") and b"pool" not in stranger and b"pyexecd_" not in stranger
    local = raw(keeper, head(b"", "Connection: close", host=f"Host: localhost:{keeper.port}", method="GET", path=path))
    assert local.startswith(b"HTTP/1.1 200")


def test_allowed_hosts(start):
    keeper = start("--allowed-hosts=runner.example.org")
    for host, status in (("runner.example.org", 200), ("runner.example.org:8443", 200), ("localhost", 200), ("evil.example", 403)):
        answer = raw(keeper, head(b"", "Connection: close", host=f"Host: {host}", method="GET", path="/health"))
        assert answer.startswith(b"HTTP/1.1 %d" % status), host
    own = raw(keeper, head(HELLO, "Connection: close", "Origin: http://runner.example.org", f"Content-Length: {len(HELLO)}",
                           host="Host: runner.example.org"))
    assert own.startswith(b"HTTP/1.1 200")


def test_every_answer_has_the_security_headers(start):
    keeper = start("--max-connections=16")
    answers = [request(keeper, *what)[0] for what in (
        ("GET", "/health"), ("GET", "/metrics"), ("OPTIONS", "/execute"), ("GET", "/nothing"), ("PUT", "/execute"),
        ("POST", "/execute", HELLO, JSON), ("POST", "/execute", b"{", JSON), ("POST", "/execute", HELLO, {"Content-Type": "text/plain"}),
        ("POST", "/execute", HELLO, {**JSON, "Accept": "text/event-stream"}))]
    for response in answers:
        for name, value in SECURITY.items():
            assert response.headers.get_all(name) == [value], (response.status, name)
    # and those that are written past the HTTP library
    crowd = [socket.create_connection(("127.0.0.1", keeper.port), timeout=5) for _ in range(16)]
    refused = raw(keeper, b"")
    assert refused.startswith(b"HTTP/1.1 503")
    for name, value in SECURITY.items():
        assert f"\r\n{name}: {value}\r\n".encode() in refused
    for client in crowd:
        client.close()


def test_what_a_script_says_does_not_become_a_page(start):
    """The type is JSON whatever is in it."""
    keeper = start()
    status, answer = post(keeper, {"script": "PLAY:" + json.dumps({"value": json.dumps("<script>alert(1)</script>")})})
    assert status == 200 and answer["result"] == "<script>alert(1)</script>"
    response, _ = request(keeper, "GET", "/<script>alert(1)</script>")
    assert response.headers["Content-Type"] == "application/json"
