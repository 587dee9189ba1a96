"""How the tests talk to pyexec-front."""
import http.client
import json
import socket
import time

from played_keeper import play

JSON = {"Content-Type": "application/json"}


def request(keeper, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", keeper.port, timeout=10)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


def post(keeper, body, headers=None):
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    response, data = request(keeper, "POST", "/execute", body, headers or JSON)
    return response.status, json.loads(data)


def run(keeper, request_fields=None, **what):
    return post(keeper, {"script": play(**what), **(request_fields or {})})


def raw(keeper, data, timeout=5, shut=False):
    """Sends bytes, returns all that comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", keeper.port), timeout=timeout) as client:
        client.sendall(data)
        if shut:
            client.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                part = client.recv(65536)
            except ConnectionResetError:
                return answer + b"<reset>"
            if not part:
                return answer
            answer += part


def head(body, *lines, path="/execute", method="POST", host="Host: localhost"):
    lines = [f"{method} {path} HTTP/1.1", host, "Content-Type: application/json", *lines]
    return ("\r\n".join(line for line in lines if line) + "\r\n\r\n").encode() + body


HELLO = json.dumps({"script": "def main(): pass"}).encode()


def wait_for(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def health(keeper):
    return json.loads(request(keeper, "GET", "/health")[1])
