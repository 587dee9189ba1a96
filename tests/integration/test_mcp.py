"""Agents: POST /mcp of the real service, and `pyexecd mcp` on standard input and output."""

import base64
import json
import os
import signal
import socket
import subprocess
import threading

import pytest

from .support import proc
from .support.daemon import USER, binary, is_slow_build
from .support.raw import wait_until

TIMEOUT = 60  # of runs: a machine that does something else as well may need a while
UID_BASE = 1_920_000_000  # its own, beside the daemon of the other tests
SECONDS = 60 if not is_slow_build() else 300


def message(method, params=None, id_=1):
    return {"jsonrpc": "2.0", "method": method, **({} if id_ is None else {"id": id_}), **({} if params is None else {"params": params})}


def run_message(script, id_=1, token=None, **arguments):
    meta = {} if token is None else {"_meta": {"progressToken": token}}
    return message("tools/call", {"name": "run_python", "arguments": {"script": script, "timeout": TIMEOUT, **arguments}, **meta}, id_)


def ask(service, sent, headers=None):
    response = service.post(sent, headers, path="/mcp")
    assert response.status == 200, response.body
    return response.json()


def run(service, script, **arguments):
    return ask(service, run_message(script, **arguments))["result"]


# ---- over HTTP ----


def test_a_script_is_a_notebook_cell(service):
    result = run(service, "import numpy as np\nprint('hello')\nnp.arange(3) * 10**20")
    assert result["isError"] is False and result["structuredContent"]["stdout"] == "hello\n"
    big = run(service, "2 ** 100")["structuredContent"]["result"]
    assert big == 2**100, "every digit"
    assert run(service, "x = 5")["structuredContent"]["result"] is None


def test_main_with_arguments_and_files(service):
    script = "import sys\ndef main(path, *, n):\n    return [open(path).read(), n, sys.stdin.read()]"
    result = run(service, script, mode="main", args=["d/a.txt"], kwargs={"n": 7}, stdin="in", files=[{"path": "d/a.txt", "content": "A"}])
    assert result["structuredContent"]["result"] == ["A", 7, "in"] and result["structuredContent"]["stdout"] == ""


@pytest.mark.parametrize(
    "script, error, parts",
    [
        ("def f(x):\n    return 1 / x\nprint('before')\nf(0)", "runtime_error", ["ZeroDivisionError", "line 2", "Output before that:\nbefore"]),
        ("x = = 1", "syntax_error", ["line 1", "Suggestions:"]),
        ("import requets", "runtime_error", ["ModuleNotFoundError", "Suggestions:"]),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "runtime_error", ["SIGKILL"]),
    ],
)
def test_failures_read_well(service, script, error, parts):
    result = run(service, script)
    text = result["content"][0]["text"]
    assert result["isError"] is True and result["structuredContent"]["error"] == error and text.startswith(f"{error}: ")
    assert all(part in text for part in parts), text


def test_plots_and_files(service):
    script = """
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
open('output/a ä.csv', 'w').write('x,y\\n1,2\\n')
open('output/z.bin', 'wb').write(bytes([255, 0]))
None
"""
    result = run(service, script)
    text, image, table, binary_file = result["content"]
    assert image["type"] == "image" and image["mimeType"] == "image/png" and base64.b64decode(image["data"])[1:4] == b"PNG"
    resource = table["resource"]
    assert resource["text"] == "x,y\n1,2\n" and resource["mimeType"] == "text/csv" and resource["uri"].endswith("/a%20%C3%A4.csv")
    assert resource["uri"].startswith(f"pyexec://runs/{result['structuredContent']['id']}/")
    assert base64.b64decode(binary_file["resource"]["blob"]) == b"\xff\x00"
    assert [artifact["path"] for artifact in result["structuredContent"]["artifacts"]] == ["figure-1.png", "a ä.csv", "z.bin"]
    assert "figure-1.png (image/png" in text["text"] and "base64" not in json.dumps(result["structuredContent"])


def test_progress_comes_while_the_script_runs(service):
    script = "import time\nfor i in range(3):\n    print('step', i)\n    time.sleep(0.4)\n'done'"
    response = service.post(run_message(script, token="tok"), path="/mcp")
    assert response.headers.get_content_type() == "text/event-stream"
    *progress, last = [json.loads(line[6:]) for line in response.body.decode().splitlines() if line.startswith("data: ")]
    assert last["result"]["structuredContent"]["result"] == "done"
    told = [note["params"] for note in progress]
    assert {note["progressToken"] for note in told} == {"tok"} and told[0]["message"].startswith("step 0")
    assert all(a["progress"] < b["progress"] for a, b in zip(told, told[1:]))


@pytest.mark.needs_own
def test_a_cancelled_run_ends(own_service):
    own = own_service()
    session = own.client.post(
        message("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}), path="/mcp"
    ).headers["Mcp-Session-Id"]
    found = []
    sleeper = threading.Thread(
        target=lambda: found.append(ask(own.client, run_message("import time\ntime.sleep(50)", id_="slow"), {"Mcp-Session-Id": session}))
    )
    sleeper.start()

    def busy():
        return own.client.health().json()["pool"]["busy"]

    assert wait_until(lambda: busy() == 1, 20) is not None
    sent = message("notifications/cancelled", {"requestId": "slow"}, None)
    assert own.client.post(sent, path="/mcp").status == 202 and busy() == 1, "nobody's session: nobody's run"
    assert own.client.post(sent, {"Mcp-Session-Id": session}, path="/mcp").status == 202
    sleeper.join(20)
    assert found and found[0]["error"]["code"] == -32800
    assert wait_until(lambda: busy() == 0, 20) is not None


def test_packages_prompts_and_resources(service):
    assert wait_until(lambda: service.request("GET", "/v1/packages").status == 200, 30) is not None
    packages = ask(service, message("tools/call", {"name": "list_packages", "arguments": {"filter": "PANDAS"}}))["result"]
    names = {package["name"].lower() for package in packages["structuredContent"]["packages"]}
    assert "pandas" in names and "numpy" not in names and "import pandas" in packages["content"][0]["text"]
    everything = ask(service, message("tools/call", {"name": "list_packages"}))["result"]["structuredContent"]
    assert everything["packages"] == service.request("GET", "/v1/packages").json()["packages"]
    for uri in ("pyexec://guide", "pyexec://limits", "pyexec://packages"):
        assert ask(service, message("resources/read", {"uri": uri}))["result"]["contents"][0]["uri"] == uri


def test_the_guides_examples_are_true(service):
    """Scripts of the guide, and what it says they give."""
    guide = ask(service, message("resources/read", {"uri": "pyexec://guide"}))["result"]["contents"][0]["text"]
    cell, main = [block.split("```")[0] for block in guide.split("```python\n")[1:]]
    first = run(service, cell)["structuredContent"]
    assert first["result"] == {"Oslo": 8, "Rome": 4} and first["stdout"] == "3 rows\n"
    second = run(service, main, mode="main", args=["Ada"], kwargs={"times": 2})["structuredContent"]
    assert second["result"] == ["Hello, Ada!", "Hello, Ada!"]


# ---- over standard input and output ----


def start(as_user, *arguments):
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if as_user else []
    return subprocess.Popen(
        [*user, binary(), "mcp", f"--uid-base={UID_BASE}", "--queue-timeout=60", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}},
        start_new_session=True,
        preexec_fn=lambda: proc.prctl(proc.PR_SET_PDEATHSIG, signal.SIGKILL),
    )


def converse(as_user, *lines, arguments=("--drain-timeout=50",)):
    """({id: message}, messages without an id, log) of a whole conversation whose lines are all sent at once."""
    sent = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    with start(as_user, *arguments) as process:
        try:
            output, log = process.communicate(sent, timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, log
    said = [json.loads(line) for line in output.decode().splitlines()]
    return {one["id"]: one for one in said if one.get("id") is not None}, [one for one in said if one.get("id") is None], log


@pytest.mark.needs_process
def test_a_conversation_on_standard_input_and_output(as_user):
    by_id, others, log = converse(
        as_user,
        message("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}, 0),
        message("notifications/initialized", None, None),
        b"",
        b"no json",
        run_message("print('hi')\n6 * 7", id_=1),
        run_message("import time\nprint('step')\ntime.sleep(0.5)\n{1: [2,\n3]}", id_="two", token=5),
        run_message("1 / 0", id_=3),
        run_message("import socket\nsocket.socket()", id_=4),
        message("tools/list", None, 5),
    )
    assert by_id[0]["result"]["protocolVersion"] == "2025-06-18"
    assert by_id[1]["result"]["structuredContent"]["result"] == 42
    assert by_id["two"]["result"]["structuredContent"]["result"] == {"1": [2, 3]}
    assert by_id[3]["result"]["isError"] and by_id[4]["result"]["isError"], "it is the same sandbox"
    assert len(by_id[5]["result"]["tools"]) == 2
    assert [one["error"]["code"] for one in others if "error" in one] == [-32700]
    assert any(one.get("method") == "notifications/progress" and one["params"]["progressToken"] == 5 for one in others)
    assert b"ready on" not in log, log


@pytest.mark.needs_process
def test_it_opens_no_port_and_ends_with_its_input(as_user):
    with socket.create_server(("127.0.0.1", 0)) as taken, start(as_user, f"--listen=127.0.0.1:{taken.getsockname()[1]}", "--drain-timeout=1") as process:
        try:
            process.stdin.write(json.dumps(run_message("import time\nprint('on', flush=True)\ntime.sleep(50)", token=1)).encode() + b"\n")
            process.stdin.flush()
            assert b"notifications/progress" in process.stdout.readline(), "it runs, though its port is taken"
            everyone = [proc.read_process(process.pid), *proc.descendants(process.pid)]
            assert {"pyexecd", "pyexec-mcp"} <= {one.comm for one in everyone}
            for one in everyone:
                sockets = {target for target in proc.descriptors(one.pid).values() if target.startswith("socket:")}
                inodes = {target[8:-1] for target in sockets}
                with open(f"/proc/{one.pid}/net/tcp", encoding="ascii") as table:
                    assert not {line.split()[9] for line in table.readlines()[1:]} & inodes, f"{one.comm} has a TCP socket"
            process.stdin.close()
            assert process.wait(SECONDS) == 0, "its time is up after drain_timeout"
        finally:
            process.kill()
    assert not proc.wait_gone(everyone, 5)


@pytest.mark.needs_process
def test_a_call_is_cancelled_on_standard_input(as_user):
    with start(as_user) as process:
        try:
            for sent in (run_message("import time\nprint('on', flush=True)\ntime.sleep(50)", id_=1, token=1),):
                process.stdin.write(json.dumps(sent).encode() + b"\n")
            process.stdin.flush()
            assert b"notifications/progress" in process.stdout.readline()
            for sent in (message("notifications/cancelled", {"requestId": 1}, None), message("ping", None, 2)):
                process.stdin.write(json.dumps(sent).encode() + b"\n")
            process.stdin.close()
            left = [json.loads(line) for line in process.stdout]
            assert [one["id"] for one in left if "id" in one] == [2], "a cancelled request has no response"
            assert process.wait(SECONDS) == 0, "there was nothing left to wait for"
        finally:
            process.kill()


@pytest.mark.needs_process
def test_a_line_that_is_too_long(as_user):
    by_id, others, _ = converse(as_user, b'{"a": "' + b"x" * 3000 + b'"}', message("ping", None, 1), arguments=("--max-body-bytes=2048", "--max-script-bytes=1024"))
    assert by_id[1]["result"] == {} and [one["error"]["code"] for one in others] == [-32600]


@pytest.mark.needs_process
def test_input_and_output_may_be_files(as_user, public_directory):
    source, target = public_directory / "in", public_directory / "out"
    source.write_text(json.dumps(message("ping", None, 1)) + "\n" + json.dumps(run_message("1 + 1", id_=2)))
    source.chmod(0o644)
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if as_user else []
    with open(source, "rb") as given, open(target, "wb") as taken:
        done = subprocess.run(
            [*user, binary(), "mcp", f"--uid-base={UID_BASE}", "--queue-timeout=60", "--drain-timeout=50"],
            stdin=given,
            stdout=taken,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers = {one["id"]: one["result"] for one in map(json.loads, target.read_text().splitlines())}
    assert answers[1] == {} and answers[2]["structuredContent"]["result"] == 2
