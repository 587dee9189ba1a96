"""GET /: the page as it comes over the wire. What it does in a browser is tested in tests/browser."""

import base64
import gzip
import hashlib
import os
import re
import socket

import pytest

from .support.keys import KeyFile
from .support.raw import RawConnection, wait_until

BUILT = os.path.join(os.path.dirname(__file__), "..", "..", "web", "dist", "index.html")
SIZE_MAX = 300_000  # of the compressed page, as docs/playground.md promises
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def get(service, headers=None, method="GET"):
    return service.request(method, "/", headers=headers)


def built():
    with open(BUILT, "rb") as file:
        return file.read()


def policy_of(response):
    """The Content-Security-Policy by directive."""
    [text] = response.headers.get_all("Content-Security-Policy")
    return {name: values for name, *values in (directive.split() for directive in text.split(";"))}


def test_it_is_the_built_page_compressed_where_that_is_taken(service):
    packed, plain = get(service, GZIP), get(service)
    assert packed.status == plain.status == 200
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert plain.body == built() and gzip.decompress(packed.body) == built()
    for response in (packed, plain):
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers.get_all("Vary") == ["Accept-Encoding"]
        assert int(response.headers["Content-Length"]) == len(response.body)
    assert len(packed.body) < SIZE_MAX, "docs/playground.md"
    assert get(service, {"Accept-Encoding": "gzip;q=0, identity"}).body == built()


def test_head_has_the_same_header_and_no_body(service):
    for headers in (GZIP, {}):
        with_body, without = get(service, headers), get(service, headers, "HEAD")
        assert without.status == 200 and without.body == b""
        for name in ("Content-Length", "Content-Type", "Content-Encoding", "ETag", "Content-Security-Policy", "Cache-Control"):
            assert without.headers[name] == with_body.headers[name]


def test_it_is_asked_for_again_but_not_sent_again(service):
    packed, plain = get(service, GZIP), get(service)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for first, headers in ((packed, GZIP), (plain, {})):
        assert first.headers.get_all("Cache-Control") == ["no-cache"]
        again = get(service, {**headers, "If-None-Match": first.headers["ETag"]})
        assert again.status == 304 and again.body == b""
        for name in ("ETag", "Content-Security-Policy", "Cache-Control", "Vary"):
            assert again.headers[name] == first.headers[name]
        assert "Content-Encoding" not in again.headers
        assert get(service, {**headers, "If-None-Match": '"another"'}).status == 200
    assert get(service, {"If-None-Match": packed.headers["ETag"]}).status == 200, "another form"


def test_a_connection_goes_on_after_it(service):
    with RawConnection(service) as raw:
        head = b"GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        tag = get(service).headers["ETag"].encode()
        raw.send(head % b"" + head % (b"If-None-Match: " + tag + b"\r\n") + b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert raw.read_response().body == built()
        status, headers = raw.read_head()
        assert status == 304 and headers["etag"].encode() == tag
        assert raw.read_response().json()["status"] == "healthy"


def test_its_policy_lets_it_alone_run(service):
    response = get(service)
    policy = policy_of(response)
    page = response.body.decode()
    for directive, element in (("script-src", "script"), ("style-src", "style")):
        texts = re.findall(rf"<{element}(?: [^>]*)?>(.*?)</{element}>", page, re.DOTALL)
        hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]
        assert texts and policy[directive] == hashes
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == policy["form-action"] == ["'none'"]
    assert policy["connect-src"] == ["'self'"] and policy["img-src"] == ["data:", "blob:"]
    assert policy["require-trusted-types-for"] == ["'script'"] and policy["trusted-types"] == ["'none'"]
    assert set(policy) == {
        "default-src", "script-src", "style-src", "connect-src", "img-src", "base-uri", "form-action", "frame-ancestors",
        "require-trusted-types-for", "trusted-types",
    }
    for name, value in {
        "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
    }.items():
        assert response.headers.get_all(name) == [value]
    # Only the page has a policy that lets something run.
    for path in ("/health", "/nothing", "/openapi.json"):
        other = service.request("GET", path)
        assert other.headers.get_all("Content-Security-Policy") == ["default-src 'none'; frame-ancestors 'none'"]
        assert other.headers.get_all("Cache-Control") == ["no-store"] and "ETag" not in other.headers


def test_it_needs_nothing_from_elsewhere_and_names_its_licences(service):
    page = get(service).body.decode()
    markup = re.sub(r"<(script|style)[^>]*>.*?</\1>|<!--.*?-->", "", page, flags=re.DOTALL)
    links = re.findall(r'\b(?:src|href|action|srcset|poster)\s*=\s*"([^"]*)"', markup)
    assert links and all(link.startswith(("#", "data:")) or link == "openapi.json" for link in links), links
    assert not re.search(r"\son\w+\s*=|\sstyle\s*=", markup), "no handlers and no styles in the markup"
    assert not re.search(r"""url\((?!["']data:)|@import|import\(["'`]|importScripts|new Worker""", page.partition("<!--")[0])
    [comment] = re.findall(r"<!--.*?-->", page, re.DOTALL)
    assert "@codemirror/view" in comment and "Marijn Haverbeke" in comment and "WITHOUT WARRANTY OF ANY KIND" in comment


def test_other_methods_and_paths(service):
    answer = service.request("POST", "/", body=b"{}", headers={"Content-Type": "application/json"})
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert service.request("OPTIONS", "/").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert service.request("GET", "/?x=1").status == 200
    for path in ("/index.html", "//", "/./", "/.."):
        assert service.request("GET", path).status == 404
    stranger = get(service, {"Origin": "https://evil.example"})
    assert stranger.status == 403 and b"<" not in stranger.body


@pytest.mark.needs_own
def test_it_loads_without_a_key(own_service, public_directory):
    keys = KeyFile(public_directory).add("alice")
    own = own_service(api_keys_file=keys.path)
    for headers in (GZIP, keys.headers("alice"), {"Authorization": "Bearer wrong"}):
        assert get(own.client, headers).status == 200
    assert own.client.request("GET", "/v1/limits").status == 401


@pytest.mark.needs_process
def test_it_can_be_turned_off_while_the_service_runs(own_service, public_directory):
    config = public_directory / "pyexecd.conf"
    config.write_text("playground = no\n", encoding="utf-8")
    config.chmod(0o644)
    own = own_service(config=config)
    for method in ("GET", "HEAD", "OPTIONS"):
        assert get(own.client, method=method).status == 404
    config.write_text("", encoding="utf-8")
    own.process.send_signal(1)
    assert wait_until(lambda: get(own.client).status == 200, 5) is not None


def test_a_crowd_that_does_not_read_it_costs_no_copy_each(service):
    """Its bytes are the program's: were each answer a copy, whoever reaches the service could have many held."""
    def held():
        text = service.request("GET", "/metrics").body.decode()
        return int(re.search(r"^pyexecd_client_data_bytes (\d+)", text, re.MULTILINE)[1])
    crowd = [RawConnection(service) for _ in range(40)]
    try:
        for raw in crowd:
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert get(service).status == 200
        assert held() < len(built())
    finally:
        for raw in crowd:
            raw.socket.close()
