"""deploy/compose: what the two services may, what they are told, and that the parts name the same things. The test of the
proxies runs its nginx; scripts/check-kubernetes, in CI, holds the file against the published schema."""

import ipaddress
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = ROOT / "deploy" / "compose"
PYEXECD = os.environ.get("PYEXEC_BIN", str(ROOT / "build" / "bin" / "pyexecd"))
FILE = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))
SERVICE, NGINX = FILE["services"]["pyexecd"], FILE["services"]["nginx"]
TEMPLATE = (COMPOSE / "templates" / "pyexecd.conf.template").read_text(encoding="utf-8")


@pytest.mark.parametrize("service", [SERVICE, NGINX], ids=["pyexecd", "nginx"])
def test_each_is_held(service):
    assert service["cap_drop"] == ["ALL"] and "SYS_ADMIN" not in service["cap_add"]
    assert service["security_opt"] == ["no-new-privileges:true"] and not service.get("privileged")
    assert service["cpus"] and service["mem_limit"] and service["pids_limit"]
    assert service["healthcheck"]["test"][0] == "CMD" and service["restart"] == "unless-stopped"


def test_only_nginx_is_reached_from_outside_and_the_service_reaches_nobody():
    assert "ports" not in SERVICE and NGINX["ports"] == ["80:80", "443:443"]
    assert list(SERVICE["networks"]) == ["inside"] and FILE["networks"]["inside"]["internal"] is True


def test_nginx_knows_where_the_service_is():
    address = SERVICE["networks"]["inside"]["ipv4_address"]
    (subnet,) = [one["subnet"] for one in FILE["networks"]["inside"]["ipam"]["config"]]
    assert ipaddress.ip_address(address) in list(ipaddress.ip_network(subnet).hosts())[1:], "the first is the bridge's"
    assert f"server {address}{SERVICE['environment']['PYEXEC_LISTEN']};" in TEMPLATE
    assert NGINX["depends_on"] == {"pyexecd": {"condition": "service_healthy"}}
    health = re.search(r"http://127\.0\.0\.1:(\d+)/", NGINX["healthcheck"]["test"][-1])[1]
    assert f"listen 127.0.0.1:{health};" in TEMPLATE


def test_what_nginx_needs_to_write_is_memory():
    assert NGINX["read_only"] is True and {"/run", "/var/cache/nginx", "/etc/nginx/conf.d"} <= set(NGINX["tmpfs"])
    assert all(volume.endswith(":ro") for volume in NGINX["volumes"])


def test_the_settings_are_ones():
    environment = {name: re.sub(r"\$\{SERVER_NAME:\?.*\}", "run.example.org", value) for name, value in SERVICE["environment"].items()}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYEXEC_")}

    def check(more):
        command = [PYEXECD, "check-config", "--config="]
        return subprocess.run(command, env={**clean, **environment, **more}, capture_output=True, text=True, check=False)

    done = check({})
    assert done.returncode == 0 and "allowed_hosts = run.example.org" in done.stdout, done.stderr
    assert check({"PYEXEC_MAX_RUNING": "1"}).returncode == 64


def test_the_figures_fit():
    settings = {name.removeprefix("PYEXEC_"): value for name, value in SERVICE["environment"].items()}
    assert int(settings["MAX_RUNNING"]) * int(settings["DEFAULT_MEMORY_MB"]) + 1024 <= int(SERVICE["mem_limit"].removesuffix("g")) * 1024
    assert SERVICE["memswap_limit"] == SERVICE["mem_limit"] and settings["MEMORY_OVERCOMMIT_PERCENT"] == "100"
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) > int(settings["DRAIN_TIMEOUT"]) >= int(settings["MAX_TIMEOUT"])
    wait = int(re.search(r"proxy_read_timeout (\d+)s", TEMPLATE)[1])
    assert wait > int(settings["MAX_TIMEOUT"]) + int(settings["QUEUE_TIMEOUT"])


def test_its_nginx_says_what_the_other_says():
    """Two files, one behaviour: what is said of the way to the service differs by nothing but the address."""

    def location(text):
        return re.sub(r" *#.*", "", text[text.index("location / {") : text.index("location = /metrics")])

    other = (ROOT / "deploy" / "nginx" / "pyexecd.conf").read_text(encoding="utf-8")
    lines = [[line.strip() for line in location(text).splitlines() if line.strip()] for text in (TEMPLATE, other)]
    assert lines[0] == lines[1]
