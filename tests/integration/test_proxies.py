"""TLS by a proxy, with the files of deploy/ as they are but for names, ports and the certificate."""

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest

from .support import proc
from .support.client import free_port

DEPLOY = os.path.join(os.path.dirname(__file__), "..", "..", "deploy")
NAME = "run.example.org"

pytestmark = [pytest.mark.needs_own, pytest.mark.needs_process]

TICKS = "import time\ndef main():\n    for tick in range(3):\n        print('tick', tick)\n        time.sleep(0.6)\n    return 'over'"


class Client:
    """Speaks to the proxy by the name of the site, which means loopback here and nowhere else."""

    def __init__(self, port, trust):
        self.port, self.trust = port, trust

    def open(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection(NAME, self.port, context=self.trust, timeout=20)
        connection._create_connection = lambda address, *rest: socket.create_connection(("127.0.0.1", address[1]), *rest[:1])
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        return connection, connection.getresponse()

    def send(self, method, path, body=None, headers=None):
        connection, response = self.open(method, path, body, headers)
        answer = response.status, response.read()
        connection.close()
        return answer

    def execute(self, fields):
        status, body = self.send("POST", "/execute", json.dumps(fields).encode())
        assert body, f"status {status}, and nothing with it"
        return status, json.loads(body)


def read(*path):
    with open(os.path.join(DEPLOY, *path), encoding="utf-8") as file:
        return file.read()


def replaced(text, changes):
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificate")
    key, chain = directory / "privkey.pem", directory / "fullchain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-keyout", key, "-out", chain, "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"],
        check=True, capture_output=True,
    )  # fmt: skip
    return chain, key


def run_nginx(directory, site):
    temporary = "".join(f"{name}_temp_path {directory}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    # Its worker would be somebody who may not enter pytest's directory.
    user = "user root; " if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(
        f"{user}daemon off; pid {directory}/pid; error_log {directory}/log; worker_processes 1;\nevents {{}}\n"
        f"http {{ access_log off; {temporary}\n{site} }}\n"
    )
    command = [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-p", directory, "-c", directory / "nginx.conf", "-e", directory / "log"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0 and "[warn]" not in tested.stderr, tested.stderr
    return command


def nginx(directory, certificate, port, service_port):
    return run_nginx(
        directory,
        replaced(
            read("nginx", "pyexecd.conf"),
            [
                ("127.0.0.1:8080", f"127.0.0.1:{service_port}"),
                ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
                (f"/etc/ssl/{NAME}/fullchain.pem", str(certificate[0])),
                (f"/etc/ssl/{NAME}/privkey.pem", str(certificate[1])),
            ],
        ),
    )


def compose_nginx(directory, certificate, port, service_port):
    """That of compose.yaml, as the image of nginx puts the name in: only variables that are set, so $host stays."""
    return run_nginx(
        directory,
        replaced(
            read("compose", "templates", "pyexecd.conf.template"),
            [
                ("${SERVER_NAME}", NAME),
                ("172.31.83.2:8080", f"127.0.0.1:{service_port}"),
                ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
                ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
                ("listen 127.0.0.1:8081", f"listen 127.0.0.1:{free_port()}"),
                ("/etc/nginx/certificates/fullchain.pem", str(certificate[0])),
                ("/etc/nginx/certificates/privkey.pem", str(certificate[1])),
            ],
        ),
    )


def caddy(directory, certificate, port, service_port):
    site = replaced(
        read("caddy", "Caddyfile"),
        [
            ("127.0.0.1:8080", f"127.0.0.1:{service_port}"),
            (f"{NAME} {{", f"https://{NAME}:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate[0]} {certificate[1]}"),
        ],
    )
    (directory / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{site}")
    return ["/usr/bin/caddy", "run", "--config", directory / "Caddyfile", "--adapter", "caddyfile"]


@pytest.fixture(params=[nginx, compose_nginx, caddy], ids=lambda make: make.__name__)
def client(request, own_service, certificate, tmp_path):
    own = own_service(allowed_hosts=NAME, max_timeout=30)
    port = free_port()
    command = request.param(tmp_path, certificate, port, own.client.port)
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with open(tmp_path / "output", "wb") as output, subprocess.Popen(
        command, stdout=output, stderr=output, env=environment, preexec_fn=lambda: proc.prctl(proc.PR_SET_PDEATHSIG, 15)
    ) as proxy:
        try:
            deadline = time.monotonic() + 15
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline and proxy.poll() is None, (tmp_path / "output").read_text()
                    time.sleep(0.05)
            yield Client(port, ssl.create_default_context(cafile=str(certificate[0])))
        finally:
            proxy.terminate()


def test_through_a_proxy(client):
    status, run = client.execute({"script": "def main(x):\n    return x * 2", "args": [21]})
    assert status == 200 and run["result"] == 42
    status, body = client.send("GET", "/health")
    assert status == 200 and json.loads(body)["status"] == "healthy"
    status, failed = client.execute({"script": "def main():\n    return 1 / 0"})
    assert status == 400 and failed["error_type"] == "ZeroDivisionError"
    assert client.send("GET", "/metrics")[0] == 404, "not for the outside"
    # More than proxies let through by themselves.
    script = "import sys\ndef main():\n    return len(sys.stdin.read())"
    status, run = client.execute({"script": script, "stdin": "x" * (10 << 20)})
    assert status == 200 and run["result"] == 10 << 20


@pytest.mark.slow
def test_a_stream_through_a_proxy_comes_as_it_is_written(client):
    connection, response = client.open("POST", "/execute", json.dumps({"script": TICKS, "stream": True}).encode())
    started, seen, last = time.monotonic(), [], ""
    for line in iter(lambda: response.readline().decode(), ""):
        if line.startswith("data: ") and "tick" in line and "success" not in line:
            seen.append(time.monotonic() - started)
        last = line if line.startswith("data: ") else last
    connection.close()
    assert len(seen) == 3 and all(0.3 < b - a < 1.2 for a, b in zip(seen, seen[1:])), seen
    assert json.loads(last[6:])["result"] == "over"


def test_another_name_is_not_served(client):
    """What a page of somebody else's would send whose name was made to mean this machine."""
    status, body = client.send("GET", "/health", headers={"Host": "evil.example"})
    assert status != 200 or not body
