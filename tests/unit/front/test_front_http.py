"""HTTP: heads, framing, deadlines, clients that go away."""
import json
import socket
import struct
import time

import pytest

from front_client import HELLO, JSON, head, health, post, raw, request, wait_for
from played_keeper import play


# ---- HTTP ----

def test_keep_alive_and_pipelining(shared):
    one = head(HELLO, f"Content-Length: {len(HELLO)}")
    answer = raw(shared, one * 5 + head(b"", "Connection: close", path="/health", method="GET"))
    assert answer.count(b"HTTP/1.1 200") == 6 and answer.count(b'"Hello, World!"') == 5


def test_chunked_with_extensions_and_trailers(shared):
    body = b"%x;ext=1\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(HELLO), HELLO)
    answer = raw(shared, head(body, "Transfer-Encoding: chunked", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 200")


def test_expect_continue(shared):
    with socket.create_connection(("127.0.0.1", shared.port), timeout=5) as client:
        client.sendall(head(b"", f"Content-Length: {len(HELLO)}", "Expect: 100-continue"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(HELLO)
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    for lines in (["Content-Length: 99999999"], ["Content-Length: 5", "Content-Encoding: gzip"],
                  ["Content-Length: 5", "Transfer-Encoding: chunked"]):
        answer = raw(shared, head(b"", *lines, "Expect: 100-continue"))
        assert answer.startswith(b"HTTP/1.1 4") and b"100 Continue" not in answer


def test_head_and_options(shared):
    response, data = request(shared, "HEAD", "/health")
    assert response.status == 200 and data == b"" and int(response.headers["Content-Length"]) > 50
    for path, allow in (("/execute", "POST, OPTIONS"), ("/health", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, POST, OPTIONS")):
        response, data = request(shared, "OPTIONS", path)
        assert (response.status, response.headers["Allow"], data) == (204, allow, b"")
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("method,path,status,error", [
    ("GET", "/execute", 405, "method_not_allowed"), ("PUT", "/execute", 405, "method_not_allowed"),
    ("POST", "/health", 405, "method_not_allowed"), ("BREW", "/health", 405, "method_not_allowed"),
    ("GET", "/index.html", 404, "not_found"), ("GET", "/executed", 404, "not_found"), ("POST", "/%65xecute", 404, "not_found"),
    ("GET", "/a\u00e9".encode().decode("latin-1"), 404, "not_found"), ("OPTIONS", "/nothing", 404, "not_found")])
def test_no_such_thing(shared, method, path, status, error):
    answer = raw(shared, f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert answer.startswith(b"HTTP/1.1 %d" % status), answer
    body = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert body["error"] == error and body["suggestions"] and body["success"] is False
    assert (b"Allow: " in answer) == (status == 405)


def test_head_of_refusals_has_no_body(shared):
    response, data = request(shared, "HEAD", "/execute")
    assert response.status == 405 and data == b""


@pytest.mark.parametrize("kind,status", [
    (None, 415), ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/jsonp", 415),
    ("application/json; charset=latin-1", 415), ("application/json;charset=UTF-8", 200), ("APPLICATION/JSON", 200),
    ('application/json; charset="utf-8"', 200), ("application/json; profile=x", 200), ("", 415), ("application/json, text/plain", 415)])
def test_content_type(shared, kind, status):
    headers = {} if kind is None else {"Content-Type": kind}
    response, data = request(shared, "POST", "/execute", HELLO, headers)
    assert response.status == status
    if status == 415:
        assert json.loads(data)["error"] == "invalid_input"


AMBIGUOUS = {
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "same length twice": [f"Content-Length: {len(HELLO)}"] * 2,
    "length and chunked": [f"Content-Length: {len(HELLO)}", "Transfer-Encoding: chunked"],
    "chunked and length": ["Transfer-Encoding: chunked", f"Content-Length: {len(HELLO)}"],
    "chunked twice": ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "gzip, chunked": ["Transfer-Encoding: gzip, chunked"],
    "identity": ["Transfer-Encoding: identity"],
    "xchunked": ["Transfer-Encoding: xchunked"],
    "chunked with space": ["Transfer-Encoding: chunked "],
    "space before colon": ["Content-Length : 5"],
    "folded": ["X: a", " Content-Length: 5", "Transfer-Encoding: gzip"],
    "two hosts": ["Host: y", f"Content-Length: {len(HELLO)}"],
    "tab in name": ["Transfer\t-Encoding: chunked"],
    "bare return": ["X: a\rContent-Length: 5"],
    "odd name": ["X(: a"],
}


@pytest.mark.parametrize("lines", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_framing(shared, lines):
    before = len(shared.starts)
    answer = raw(shared, head(HELLO, *lines) + head(HELLO, f"Content-Length: {len(HELLO)}"))
    assert answer.startswith(b"HTTP/1.1 400"), answer
    assert answer.count(b"HTTP/1.1 ") - answer.count(b"HTTP/1.1 asks") == 1 and b"Connection: close" in answer and b"<reset>" not in answer
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"] == "invalid_input"
    assert len(shared.starts) == before


def test_host(shared):
    answer = raw(shared, head(HELLO, f"Content-Length: {len(HELLO)}", host=""))
    assert answer.startswith(b"HTTP/1.1 400") and b"no Host" in answer
    assert raw(shared, b"GET /health HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert raw(shared, head(b"", host="Host: a b", method="GET", path="/health")).startswith(b"HTTP/1.1 400")
    assert raw(shared, head(b"", "Connection: close", method="GET", path="http://x/health")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("data", [
    b"GET\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"GET /health\r\n\r\n", b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET /health HTTP/1.1\r\nnocolon\r\n\r\n", b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5x\r\n\r\n",
    b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 40000 + b"\r\n",
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"ffffffffffffffffffff\r\n"], ids=range(15))
def test_bytes_that_are_no_request(shared, data):
    answer = raw(shared, data, shut=True)
    assert b" 200 " not in answer[:20]
    assert request(shared, "GET", "/health")[0].status == 200


def test_header_over_the_cap(shared):
    answer = raw(shared, head(b"", "X: " + "a" * 33000, method="GET", path="/health"))
    assert answer.startswith(b"HTTP/1.1 431")
    assert raw(shared, head(b"", "X: " + "a" * 30000, "Connection: close", method="GET", path="/health")).startswith(
        b"HTTP/1.1 200")


def test_request_id(shared):
    for given, kept in (("abc-1.2_X", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ("", False), ("a\u00e9", False)):
        response, data = request(shared, "POST", "/execute", HELLO, {**JSON, "X-Request-Id": given.encode("utf-8")})
        got = json.loads(data)["id"]
        assert response.headers["X-Request-Id"] == got
        assert (got == given) == kept
        assert kept or len(got) == 32


def test_standard_headers(shared):
    for path, method in (("/health", "GET"), ("/nothing", "GET"), ("/execute", "POST")):
        response, _ = request(shared, method, path)
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Request-Id"]


@pytest.mark.parametrize("origin,host,status", [
    ("http://evil.example", "127.0.0.1:PORT", 403), ("null", "127.0.0.1:PORT", 403), ("http://127.0.0.1:PORT", "127.0.0.1:PORT", 200),
    ("http://localhost:PORT", "localhost:PORT", 200), ("http://localhost:PORT", "127.0.0.1:PORT", 403),
    ("http://evil.example:PORT", "evil.example:PORT", 403), ("http://[::1]:PORT", "[::1]:PORT", 200), ("", "127.0.0.1:PORT", 403),
    ("http://127.0.0.1:80", "127.0.0.1", 200), ("https://127.0.0.1", "127.0.0.1:443", 200), ("ftp://127.0.0.1", "127.0.0.1", 403),
    ("http://127.0.0.1:PORT/", "127.0.0.1:PORT", 403)])
def test_origin(shared, origin, host, status):
    origin, host = (text.replace("PORT", str(shared.port)) for text in (origin, host))
    answer = raw(shared, head(HELLO, f"Origin: {origin}", f"Content-Length: {len(HELLO)}", "Connection: close", host=f"Host: {host}"))
    assert answer.startswith(b"HTTP/1.1 %d" % status), answer
    assert (b'"forbidden"' in answer) == (status == 403)


def test_accept_event_stream(shared):
    head_of = {"Accept": "text/event-stream"}
    for body, headers in ((HELLO, {**JSON, **head_of}), (json.dumps({"script": play(), "stream": True}), JSON)):
        response, data = request(shared, "POST", "/execute", body, headers)
        assert response.status == 200 and b'event: done\ndata: {"success":true' in data, data
    assert post(shared, HELLO, {**JSON, "Accept": "application/json, text/event-stream"})[0] == 200


def test_slow_header_and_slow_body(shared):
    for data in (b"POST /exec", head(b'{"scr', "Content-Length: 500")):
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", shared.port), timeout=6) as client:
            client.sendall(data)
            client.settimeout(0.2)
            answer = b""
            while time.monotonic() - begin < 5:
                try:
                    part = client.recv(1000)
                    if not part:
                        break
                    answer += part
                except TimeoutError:
                    try:
                        client.sendall(b"i")
                    except OSError:
                        break
                except ConnectionResetError:
                    break
        assert 1.5 < time.monotonic() - begin < 3.5
        assert answer.startswith(b"HTTP/1.1 408") and b'"invalid_input"' in answer


def test_endless_chunk_head_does_not_spin(shared):
    with socket.create_connection(("127.0.0.1", shared.port), timeout=6) as client:
        client.sendall(head(b"5;" + b"x" * 200000, "Transfer-Encoding: chunked"))
        stat = f"/proc/{shared.process.pid}/stat"
        before = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        time.sleep(1)
        after = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        assert after - before < 30, "ticks of a hundredth"


def test_short_body_with_half_close(shared):
    answer = raw(shared, head(b'{"script"', "Content-Length: 500"), shut=True)
    assert answer.startswith(b"HTTP/1.1 400") and b"after 9 of 500 bytes" in answer
    answer = raw(shared, head(b'5\r\n{"scr', "Transfer-Encoding: chunked"), shut=True)
    assert answer.startswith(b"HTTP/1.1 400") and b"last chunk" in answer


def test_idle_connection_is_closed(start):
    keeper = start("--idle-timeout=1", "--header-timeout=3")
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=6) as client:
        client.sendall(head(b"", method="GET", path="/health"))
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        begin = time.monotonic()
        assert client.recv(1) == b""
        assert 0.7 < time.monotonic() - begin < 2


# ---- clients that go away ----

@pytest.mark.parametrize("how", ["close", "half", "reset"])
def test_client_gone_ends_its_run(start, how):
    keeper = start()
    body = json.dumps({"script": play(cancel_wait=True)}).encode()
    client = socket.create_connection(("127.0.0.1", keeper.port))
    client.sendall(head(body, f"Content-Length: {len(body)}"))
    wait_for(lambda: keeper.starts)
    if how == "half":
        client.shutdown(socket.SHUT_WR)
    elif how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    else:
        client.close()
    wait_for(lambda: keeper.cancelled)
    assert post(keeper, HELLO)[0] == 200


def test_pipelined_bytes_do_not_spin_while_a_run_is_on(start):
    keeper = start()
    body = json.dumps({"script": play(delay=1)}).encode()
    one = head(body, f"Content-Length: {len(body)}")
    with socket.create_connection(("127.0.0.1", keeper.port)) as client:
        client.sendall(one)
        time.sleep(0.1)
        client.sendall(one + b"x" * 1000)
        stat = f"/proc/{keeper.process.pid}/stat"
        before = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        time.sleep(0.7)
        after = sum(map(int, open(stat).read().rsplit(")", 1)[1].split()[11:13]))
        assert after - before < 10
        client.settimeout(5)
        got = b""
        while got.count(b"HTTP/1.1 200") < 2:
            part = client.recv(65536)
            assert part
            got += part


def test_client_gone_while_queued(start):
    keeper = start(ready=(0, 0))
    client = socket.create_connection(("127.0.0.1", keeper.port))
    client.sendall(head(HELLO, f"Content-Length: {len(HELLO)}"))
    wait_for(lambda: health(keeper)["pool"]["queued"] == 1)
    client.close()
    wait_for(lambda: health(keeper)["pool"]["queued"] == 0)
    keeper.add_sandbox(0)
    time.sleep(0.1)
    assert not keeper.starts


def test_a_ping_is_answered_once_its_events_are_handled(start):
    keeper = start()
    for count in (1, 2):
        keeper.ping()
        wait_for(lambda: keeper.pongs == count)
