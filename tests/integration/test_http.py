"""HTTP as it comes over the wire: framing, connections, deadlines, caps, and what goes when the client goes."""

import json
import re
import socket
import threading
import time

import pytest

from .support.client import check_refusal
from .support.leaks import wait_at_rest
from .support.raw import RawConnection, execute_request, wait_until

QUICK = "def main(x=0):\n    return x"
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def connection(service):
    with RawConnection(service) as raw:
        yield raw


class TestConnections:
    def test_kept_alive(self, connection):
        for i in range(20):
            connection.send(execute_request(QUICK, args=[i]))
            response = connection.read_response()
            assert response.status == 200 and response.json()["result"] == i
            assert response.headers.get("connection", "keep-alive").lower() == "keep-alive"

    def test_pipelined(self, connection):
        requests = [execute_request(QUICK, args=[i]) for i in range(5)] + [HEALTH]
        connection.send(b"".join(requests))
        assert [connection.read_response().json().get("result") for _ in range(5)] == list(range(5))
        assert connection.read_response().json()["status"] == "healthy"

    def test_kept_alive_after_every_kind_of_answer(self, connection):
        for request, status in [
            (execute_request(QUICK), 200),
            (execute_request("x = 1"), 400),
            (execute_request("", body=b"not json"), 400),
            (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
            (b"GET /execute HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
            (HEALTH, 200),
        ]:
            connection.send(request)
            response = connection.read_response()
            assert response.status == status, response
        assert not connection.is_closed(0.1)

    def test_close_is_obeyed(self, connection):
        connection.send(execute_request(QUICK, head="Connection: close\r\n"))
        response = connection.read_response()
        assert response.status == 200 and response.headers["connection"].lower() == "close"
        assert connection.is_closed(3)

    def test_http_1_0(self, connection):
        connection.send(b"GET /health HTTP/1.0\r\n\r\n")
        response = connection.read_response()
        assert response.status == 200 and response.json()["status"] == "healthy"
        assert connection.is_closed(3)

    def test_byte_by_byte(self, connection):
        for byte in execute_request(QUICK, args=["slow"]):
            connection.send(bytes([byte]))
        assert connection.read_response().json()["result"] == "slow"

    def test_sixty_at_once(self, service):
        connections = [RawConnection(service) for _ in range(60)]
        try:
            for i, raw in enumerate(connections):
                raw.send(execute_request(QUICK, args=[i]))
            answers = [raw.read_response() for raw in connections]
            assert [answer.json().get("result") for answer in answers] == list(range(60))
        finally:
            for raw in connections:
                raw.socket.close()

    def test_content_length_is_exact(self, connection):
        connection.send(execute_request("def main():\n    return 'é' * 1000"))
        response = connection.read_response()
        assert int(response.headers["content-length"]) == len(response.body)
        assert not connection.is_closed(0.1)

    def test_a_large_answer_to_a_slow_reader(self, service, connection):
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.send(execute_request("def main():\n    return 'y' * 5_000_000"))
        time.sleep(0.5)
        assert service.result(QUICK, args=[1]) == 1, "others are not held up"
        assert len(connection.read_response().json()["result"]) == 5_000_000


class TestBodies:
    CHUNKED = (
        b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    def chunked(self, *chunks, trailer=b""):
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        return self.CHUNKED + body + b"0\r\n" + trailer + b"\r\n"

    def test_chunked(self, connection):
        body = json.dumps({"script": QUICK, "args": [5]}).encode()
        for chunks in ([body], [body[:10], body[10:]], [bytes([byte]) for byte in body]):
            connection.send(self.chunked(*chunks))
            assert connection.read_response().json()["result"] == 5
        connection.send(self.chunked(body, trailer=b"X-Trailer: 1\r\n"))
        assert connection.read_response().json()["result"] == 5

    def test_chunk_extensions(self, connection):
        body = json.dumps({"script": QUICK, "args": [6]}).encode()
        connection.send(self.CHUNKED + b"%x;name=value\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        assert connection.read_response().json()["result"] == 6

    def test_chunked_over_the_cap(self, connection):
        connection.send(self.CHUNKED)
        chunk = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20))
        try:
            for _ in range(20):
                connection.send(chunk)
        except OSError:
            pass
        response = connection.read_response()
        assert response.status == 413
        check_refusal_raw(response, "invalid_input")

    def test_expect_continue(self, connection):
        request = execute_request(QUICK, args=[7], head="Expect: 100-continue\r\n")
        head, _, body = request.partition(b"\r\n\r\n")
        connection.send(head + b"\r\n\r\n")
        status, _ = connection.read_head()
        assert status == 100
        connection.send(body)
        assert connection.read_response().json()["result"] == 7

    @pytest.mark.parametrize(
        "head, status",
        [
            ("POST /execute HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999", 413),
            ("POST /execute HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 10", 415),
            ("POST /nothing HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 10", 404),
            ("PUT /execute HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 10", 405),
        ],
    )
    def test_expect_continue_that_is_refused_before_the_body(self, connection, head, status):
        connection.send(f"{head}\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n".encode())
        first, headers = connection.read_head()
        assert first == status, "no body is asked for that would be refused"
        body = connection._exactly(int(headers["content-length"]))
        assert json.loads(body)["success"] is False

    def test_a_body_over_the_cap(self, connection):
        connection.send(
            b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16777217\r\n\r\n"
        )
        response = connection.read_response()
        assert response.status == 413
        check_refusal_raw(response, "invalid_input")
        assert "16777216" in response.body.decode().replace(",", "") or "16 MiB" in response.body.decode()

    def test_a_body_at_the_cap(self, service):
        body = json.dumps({"script": QUICK, "args": [8]}).encode()
        response = service.post(body + b" " * ((16 << 20) - len(body)))
        assert response.status == 200 and response.json()["result"] == 8

    def test_a_body_shorter_than_its_length(self, service):
        with RawConnection(service) as raw:
            raw.send(execute_request(QUICK)[:-5])
            raw.socket.shutdown(socket.SHUT_WR)
            try:
                assert raw.read_response().status == 400
            except EOFError:
                pass  # closing without an answer to nobody is as good
        assert service.result(QUICK, args=[1]) == 1

    def test_a_body_longer_than_its_length(self, connection):
        request = execute_request(QUICK, args=[9])
        connection.send(request + b"garbage that is no request\r\n\r\n")
        assert connection.read_response().json()["result"] == 9
        try:
            assert connection.read_response().status == 400
        except EOFError:
            pass
        assert connection.is_closed(3)


def check_refusal_raw(response, error):
    assert response.headers["content-type"].startswith("application/json")
    answer = response.json()
    assert answer["success"] is False and answer["error"] == error and answer["message"] and answer["suggestions"]
    return answer


class TestMethods:
    @pytest.mark.parametrize("path, status", [("/health", 200), ("/nothing", 404)])
    def test_head_is_get_without_the_body(self, connection, path, status):
        connection.send(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + HEALTH)
        response = connection.read_response(head_only=True)
        assert response.status == status and response.headers["content-type"].startswith("application/json")
        assert connection.read_response().json()["status"] == "healthy", "no body came with HEAD"

    def test_head_of_execute(self, connection):
        connection.send(b"HEAD /execute HTTP/1.1\r\nHost: localhost\r\n\r\n" + HEALTH)
        assert connection.read_response(head_only=True).status == 405
        assert connection.read_response().status == 200

    @pytest.mark.parametrize("path, methods", [("/execute", {"POST", "OPTIONS"}), ("/health", {"GET", "HEAD", "OPTIONS"})])
    def test_options(self, service, path, methods):
        response = service.request("OPTIONS", path)
        assert response.status in (200, 204)
        assert {name.strip() for name in response.headers["Allow"].split(",")} == methods
        assert response.headers.get("Access-Control-Allow-Origin") is None

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "BREW", "get", "TRACE"])
    def test_other_methods(self, connection, method):
        connection.send(f"{method} /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
        response = connection.read_response()
        assert response.status in (405, 501)
        check_refusal_raw(response, "method_not_allowed")
        assert response.headers["allow"]

    @pytest.mark.parametrize("target", ["/health?x=1", "/health?"])
    def test_a_query_is_no_other_path(self, service, target):
        assert service.request("GET", target).status == 200

    @pytest.mark.parametrize("target", ["/health/", "//health", "/Health", "/%2e%2e/health", "/a/../health", "/\x7f"])
    def test_other_spellings_are_other_paths(self, connection, target):
        connection.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert connection.read_response().status in (400, 404)


class TestFraming:
    """Ambiguous framing is refused and the connection closed: what follows must not be read as a request."""

    BODY = json.dumps({"script": QUICK}).encode()
    SMUGGLED = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @pytest.mark.parametrize(
        "head",
        [
            "Content-Length: {n}\r\nContent-Length: {m}",
            "Content-Length: {n}\r\nContent-Length: {n}",
            "Content-Length: {n}, {n}",
            "Content-Length: {n}\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: {n}",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Content-Length: -1",
            "Content-Length: +{n}",
            "Content-Length: 0x10",
            "Content-Length: 1e3",
            "Content-Length: ",
            "Content-Length: 99999999999999999999999",
            "Content-Length: {n} {n}",
            "Content-Length:\r\n {n}",
            "Content-Length: {n}\r\n 0",
            "Content-Length: {n}\r\nTransfer-Encoding:\r\n chunked",
            "Content-Length: {n}\r\nTransfer-Encoding: chun\r\n\tked",
            "X-Any: thing\r\n goes on\r\nContent-Length: {n}",
        ],
    )
    def test_refused_and_closed(self, service, head):
        lengths = head.format(n=len(self.BODY), m=len(self.BODY) + 5)
        with RawConnection(service) as raw:
            raw.send(
                f"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lengths}\r\n\r\n".encode()
                + self.BODY
                + self.SMUGGLED
            )
            response = raw.read_response()
            assert response.status in (400, 411, 413, 501), response
            assert response.json()["success"] is False if b"{" in response.body else True
            assert raw.is_closed(3), "what follows is not read"

    @pytest.mark.parametrize(
        "chunks",
        [
            b"zz\r\n{}\r\n0\r\n\r\n",
            b"-5\r\nhello\r\n0\r\n\r\n",
            b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
            b"2\r\n{}}}\r\n0\r\n\r\n",
            b" 2\r\n{}\r\n0\r\n\r\n",
            b"0x2\r\n{}\r\n0\r\n\r\n",
            b"\r\n\r\n",
        ],
    )
    def test_bad_chunks(self, service, chunks):
        with RawConnection(service, timeout=5) as raw:
            raw.send(
                b"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n" + chunks + self.SMUGGLED
            )
            try:
                assert raw.read_response().status in (400, 413)
            except EOFError:
                pass
            assert raw.is_closed(3)

    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"GET /health HTTP/1.1\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET /health HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET /health\r\n\r\n",
            b"GET /health HTTP/2.0\r\nHost: a\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100 + b"\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
        ids=["no-host", "two-hosts", "space-in-name", "http-0.9", "http-2", "tls", "h2-preface"],
    )
    def test_requests_that_are_none(self, service, request_bytes):
        with RawConnection(service, timeout=5) as raw:
            raw.send(request_bytes)
            try:
                assert raw.read_response().status in (400, 404, 405, 501, 505)
            except (EOFError, AssertionError) as error:
                assert isinstance(error, EOFError), error
            assert raw.is_closed(3)

    def test_header_names_know_no_case(self, connection):
        body = json.dumps({"script": QUICK, "args": [3]}).encode()
        connection.send(
            b"POST /execute HTTP/1.1\r\nhOST: localhost\r\nCONTENT-TYPE: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        assert connection.read_response().json()["result"] == 3


class TestHeaders:
    def test_a_header_over_the_cap(self, service):
        for head in (f"X-Long: {'x' * 40000}\r\n", "".join(f"X-{i}: {'y' * 100}\r\n" for i in range(400))):
            with RawConnection(service) as raw:
                raw.send(f"GET /health HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
                assert raw.read_response().status == 431
                assert raw.is_closed(3)

    def test_a_target_over_the_cap(self, service):
        with RawConnection(service) as raw:
            raw.send(b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert raw.read_response().status in (414, 431)
            assert raw.is_closed(3)

    def test_a_header_within_the_cap(self, connection):
        connection.send(f"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: {'x' * 20000}\r\n\r\n".encode())
        assert connection.read_response().status == 200

    def test_for_safety(self, service):
        for response in (
            service.health(), service.execute_raw(QUICK), service.post(b"x"), service.request("GET", "/no"),
        ):  # fmt: skip
            headers = response.headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "no-store" in headers["Cache-Control"]
            assert headers.get("Access-Control-Allow-Origin") is None
            assert "libmicrohttpd" not in headers.get("Server", "")

    def test_request_id_of_the_client(self, service):
        response = service.post({"script": QUICK}, {"X-Request-Id": "client-chosen.id_1"})
        assert response.headers["X-Request-Id"] == response.json()["id"] == "client-chosen.id_1"

    @pytest.mark.parametrize("value", ["", "x" * 300, "with space", 'quote"', "<script>", "é", "a\tb"])
    def test_request_id_that_is_no_good_is_replaced(self, service, value):
        response = service.post({"script": QUICK}, {"X-Request-Id": value.encode()})
        ours = response.headers["X-Request-Id"]
        assert ours != value and re.fullmatch(r"[A-Za-z0-9._-]{8,128}", ours)
        assert response.json()["id"] == ours

    def test_request_ids_differ(self, service):
        assert len({service.execute(QUICK)[1]["id"] for _ in range(20)}) == 20

    @pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil.example", "null"])
    def test_a_foreign_page_is_refused(self, service, origin):
        response = service.post({"script": QUICK}, {"Origin": origin})
        assert response.status in (400, 403)
        answer = response.json()
        assert answer["success"] is False and answer["message"]
        assert response.headers.get("Access-Control-Allow-Origin") is None

    def test_ones_own_page_is_not(self, service):
        headers = {"Origin": service.url, "Host": f"{service.host}:{service.port}"}
        assert service.post({"script": QUICK}, headers).status == 200


@pytest.mark.needs_own
class TestDeadlines:
    @pytest.fixture(scope="class")
    def hasty(self, module_service):
        return module_service(header_timeout=1, body_timeout=1, idle_timeout=2, max_connections=8).client

    def drip(self, raw, data, until):
        """Sends a byte every 100 ms; the seconds until the server closed."""
        start = time.monotonic()
        raw.socket.setblocking(True)
        for byte in data:
            raw.socket.settimeout(0.1)
            try:
                raw.socket.send(bytes([byte]))
                received = raw.socket.recv(4096)
                raw.buffer += received
                if not received:
                    return time.monotonic() - start
            except TimeoutError:
                pass
            except OSError:
                return time.monotonic() - start
            if time.monotonic() - start > until:
                break
        return None

    def test_of_the_header(self, hasty):
        with RawConnection(hasty) as raw:
            took = self.drip(raw, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Drip: " + b"x" * 100, 5)
        assert took is not None and 0.8 <= took <= 2.5

    def test_of_the_body(self, hasty):
        with RawConnection(hasty) as raw:
            request = execute_request(QUICK, stdin="x" * 200)
            head, _, body = request.partition(b"\r\n\r\n")
            raw.send(head + b"\r\n\r\n")
            took = self.drip(raw, body, 5)
            assert took is not None and 0.8 <= took <= 2.5
            if raw.buffer:
                assert b" 408 " in raw.buffer.split(b"\r\n")[0]

    def test_of_an_idle_connection(self, hasty):
        with RawConnection(hasty) as raw:
            raw.send(HEALTH)
            assert raw.read_response().status == 200
            start = time.monotonic()
            assert raw.is_closed(6) and 0.9 <= time.monotonic() - start <= 4

    def test_a_run_has_its_own_clock(self, hasty):
        assert hasty.result("import time\ndef main():\n    time.sleep(3)\n    return 1") == 1

    def test_the_cap_on_connections(self, hasty):
        hasty.close()
        time.sleep(0.2)
        held = [RawConnection(hasty) for _ in range(8)]
        try:
            for raw in held:
                raw.send(HEALTH)
                assert raw.read_response().status == 200
            with RawConnection(hasty) as extra:
                extra.socket.settimeout(3)
                try:
                    extra.send(HEALTH)
                    assert extra.read_response().status == 503
                except (EOFError, OSError):
                    pass
                assert extra.is_closed(1), "refused cleanly, not left hanging"
            held[0].send(HEALTH)
            assert held[0].read_response().status == 200, "those that are in go on"
        finally:
            for raw in held:
                raw.socket.close()
        assert wait_until(lambda: hasty.health().status == 200, 3) is not None


class TestDisconnects:
    """A client that goes away ends its run at once."""

    def busy(self, service):
        return service.health().json()["pool"]["busy"]

    @pytest.mark.parametrize("how", ["close", "reset", "half-close"])
    def test_end_the_run(self, service, how):
        assert wait_until(lambda: self.busy(service) == 0, 5) is not None
        raw = RawConnection(service)
        raw.send(execute_request("import time\ndef main():\n    time.sleep(30)", timeout=40))
        assert wait_until(lambda: self.busy(service) == 1, 3) is not None, "the run is seen"
        if how == "reset":
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if how == "half-close":
            raw.socket.shutdown(socket.SHUT_WR)
        else:
            raw.socket.close()
        took = wait_until(lambda: self.busy(service) == 0, 3)
        raw.socket.close()
        assert took is not None and took < 1

    @pytest.mark.needs_own
    def test_no_process_is_left_of_it(self, daemon, service):
        raw = RawConnection(service)
        script = "import subprocess\ndef main():\n    subprocess.run(['sleep', '41'])"
        raw.send(execute_request(script, timeout=40))
        assert wait_until(lambda: daemon.named("sleep"), 3) is not None
        raw.socket.close()
        assert wait_until(lambda: not daemon.named("sleep"), 1) is not None

    def test_among_others(self, service):
        """Those who stay get their answers."""
        leavers = [RawConnection(service) for _ in range(6)]
        results = []
        patient = "import time\ndef main(i):\n    time.sleep(0.6)\n    return i"
        threads = [threading.Thread(target=lambda i=i: results.append(service.result(patient, args=[i]))) for i in range(6)]
        for raw, thread in zip(leavers, threads):
            raw.send(execute_request("import time\ndef main():\n    time.sleep(30)", timeout=40))
            thread.start()
        time.sleep(0.3)
        for raw in leavers:
            raw.socket.close()
        for thread in threads:
            thread.join()
        assert sorted(results) == list(range(6))
        assert wait_until(lambda: self.busy(service) == 0, 3) is not None

    def test_while_the_body_is_on_its_way(self, service):
        for _ in range(20):
            raw = RawConnection(service)
            raw.send(execute_request(QUICK, stdin="x" * 100_000)[:50_000])
            raw.socket.close()
        assert service.result(QUICK, args=[2]) == 2

    def test_while_the_answer_is_on_its_way(self, service):
        for _ in range(5):
            raw = RawConnection(service)
            raw.send(execute_request("def main():\n    return 'z' * 6_000_000"))
            raw.socket.recv(100)
            raw.socket.close()
        assert service.result(QUICK, args=[3]) == 3


class TestHealth:
    def test_what_it_says(self, service):
        response = service.health()
        answer = response.json()
        assert response.status == 200
        assert {"isolation", "python", "pool"} <= answer.keys()
        assert re.fullmatch(r"3\.\d+\.\d+\S*", str(answer["python"])) or "version" in answer["python"]
        pool = answer["pool"]
        assert {"ready", "busy", "queued", "size"} <= pool.keys()
        assert all(isinstance(pool[name], int) and pool[name] >= 0 for name in ("ready", "busy", "queued", "size"))
        assert pool["size"] > 0

    def test_isolation_is_told_layer_by_layer(self, service):
        isolation = service.health().json()["isolation"]
        assert isolation["tier"] in ("namespaces", "landlock", "seccomp")
        text = json.dumps(isolation).lower()
        assert "seccomp" in text and "landlock" in text

    def test_busy_counts_runs(self, service):
        assert wait_until(lambda: service.health().json()["pool"]["busy"] == 0, 3) is not None
        script = "import time\ndef main():\n    time.sleep(0.8)"
        threads = [threading.Thread(target=service.result, args=(script,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert wait_until(lambda: service.health().json()["pool"]["busy"] == 3, 0.7) is not None
        for thread in threads:
            thread.join()
        assert wait_until(lambda: service.health().json()["pool"]["busy"] == 0, 1) is not None

    def test_the_pool_fills_up_again(self, service):
        def full():
            pool = service.health().json()["pool"]
            return pool["ready"] >= pool["size"]

        for _ in range(20):
            service.result(QUICK)
        assert wait_until(full, 20) is not None


@pytest.mark.needs_own
def test_a_full_queue_is_told_to_come_back(own_service):
    own = own_service(max_running=2, max_queue=1, queue_timeout=1)
    wait_at_rest(own, 20)
    results = []
    slow = "import time\ndef main():\n    time.sleep(1.5)\n    return 1"
    threads = [threading.Thread(target=lambda: results.append(own.client.execute_raw(slow))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [response for response in results if response.status == 503]
    assert [response.status for response in results if response not in refused] == [200] * (6 - len(refused))
    assert 3 <= len(refused) <= 4
    for response in refused:
        check_refusal(response, "overloaded")
        assert int(response.headers["Retry-After"]) >= 1
    assert own.client.result(QUICK, args=[1]) == 1
