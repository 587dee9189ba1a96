"""POST /mcp: the Model Context Protocol, before and behind a run."""
import http.client
import json
import threading
import time

import pytest

from front_client import JSON, raw, request, wait_for
from played_keeper import play
from test_front_keys import bearer, with_keys  # noqa: F401

ACCEPT = {**JSON, "Accept": "application/json, text/event-stream"}
CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def message(method, params=None, id_=1):
    return {"jsonrpc": "2.0", "method": method, **({} if id_ is None else {"id": id_}), **({} if params is None else {"params": params})}


def send(keeper, body, headers=None, method="POST"):
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    return request(keeper, method, "/mcp", body, {**ACCEPT, **(headers or {})})


def ask(keeper, method, params=None, id_=1, **options):
    """The response's members besides jsonrpc, of a request that must get one."""
    response, data = send(keeper, message(method, params, id_), **options)
    answer = json.loads(data)
    assert response.status == 200 and response.headers["Content-Type"] == "application/json", data
    assert answer.pop("jsonrpc") == "2.0" and answer.pop("id") == id_
    return answer


def call(keeper, arguments=None, token=None, id_=1, session=None, **what):
    """The result of run_python, or with a token (progress notifications, response)."""
    params = {"name": "run_python", "arguments": arguments or {"script": play(**what)}}
    headers = {"Mcp-Session-Id": session} if session else {}
    if token is None:
        return ask(keeper, "tools/call", params, id_, headers=headers)["result"]
    response, data = send(keeper, message("tools/call", {**params, "_meta": {"progressToken": token}}, id_), headers)
    assert response.status == 200 and response.headers["Content-Type"] == "text/event-stream"
    return events(data)


def events(data):
    found = []
    for event in data.decode().split("\n\n"):
        lines = [line for line in event.split("\n") if line and not line.startswith(":")]
        if lines:
            assert [line.split(": ")[0] for line in lines] == ["event", "data"] and lines[0] == "event: message"
            found.append(json.loads(lines[1][6:]))
    return found[:-1], found[-1]


def begin_session(keeper, headers=None):
    response, _ = send(keeper, message("initialize", CLIENT), headers)
    return response.headers["Mcp-Session-Id"]


# ---- the head ----

@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_only_post(shared, method):
    response, _ = send(shared, "", method=method)
    assert response.status == 405 and response.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("accept, status", [
    ("application/json, text/event-stream", 200), ("text/event-stream;q=0.5,APPLICATION/JSON", 200), ("*/*", 200),
    ("application/json", 406), ("text/event-stream", 406), ("text/html", 406), ("text/*, application/*", 200),
])
def test_accept(shared, accept, status):
    assert send(shared, message("ping"), {"Accept": accept})[0].status == status


def test_what_comes_without_accept_takes_anything(shared):
    body = json.dumps(message("ping")).encode()
    lines = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close"]
    assert raw(shared, ("\r\n".join(lines) + "\r\n\r\n").encode() + body).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("version, status", [("2025-11-25", 200), ("2025-06-18", 200), ("2025-03-26", 200), ("2024-11-05", 400),
                                             ("2025-11-2", 400), ("x", 400), ("", 400)])
def test_version_header(shared, version, status):
    response, data = send(shared, message("ping"), {"MCP-Protocol-Version": version})
    assert response.status == status
    assert status == 200 or json.loads(data)["error"] == "invalid_input"


@pytest.mark.parametrize("headers, status", [
    ({"Content-Type": "text/plain"}, 415), ({"Content-Encoding": "gzip"}, 415), ({"Origin": "http://evil.example.com"}, 403),
    ({"Host": "evil.example.com"}, 403), ({"Mcp-Session-Id": "somebody-elses"}, 404), ({"Mcp-Session-Id": "g" * 32}, 404),
    ({"Mcp-Session-Id": "0" * 32}, 200),
])
def test_refused_for_the_head(shared, headers, status):
    assert send(shared, message("ping"), headers)[0].status == status


def test_own_pages_may(shared):
    origin = {"Host": f"localhost:{shared.port}", "Origin": f"http://localhost:{shared.port}"}
    assert send(shared, message("ping"), origin)[0].status == 200


def test_too_large(shared):
    assert send(shared, b" " * 3000001)[0].status == 413


def test_can_be_turned_off(start):
    keeper = start("--mcp=no")
    assert send(keeper, message("ping"))[0].status == 404
    assert request(keeper, "OPTIONS", "/mcp")[0].status == 404
    assert request(keeper, "GET", "/health")[0].status == 200


def test_preflight(start):
    keeper = start("--cors-origins=https://app.example.org")
    response, _ = request(keeper, "OPTIONS", "/mcp", headers={
        "Origin": "https://app.example.org", "Access-Control-Request-Method": "POST"})
    assert response.status == 204 and response.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert "Mcp-Session-Id" in response.headers["Access-Control-Allow-Headers"]
    response, _ = send(keeper, message("initialize", CLIENT), {"Origin": "https://app.example.org"})
    assert "Mcp-Session-Id" in response.headers["Access-Control-Expose-Headers"] and response.headers["Mcp-Session-Id"]


# ---- JSON-RPC ----

@pytest.mark.parametrize("body, code", [
    (b"", -32700), (b"{", -32700), (b"\xff", -32700), (b'{"jsonrpc":"2.0","id":1,"method":"ping"} x', -32700),
    (b'{"a":' * 300 + b"1" + b"}" * 300, -32700), (b"[]", -32600), (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
    (b'"ping"', -32600), (b"{}", -32600), (b'{"id":1,"method":"ping"}', -32600), (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
    (b'{"jsonrpc":2.0,"id":1,"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600), (b'{"jsonrpc":"2.0","id":1}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"initialize"}', -32600),
    (b'{"jsonrpc":"2.0","id":"' + b"x" * 300 + b'","method":"ping"}', -32600),
])
def test_no_message(shared, body, code):
    response, data = send(shared, body)
    answer = json.loads(data)
    assert response.status == 400 and answer["jsonrpc"] == "2.0" and answer["error"]["code"] == code and answer["error"]["message"]
    assert answer["id"] in (None, 1)


@pytest.mark.parametrize("method, params, code", [
    ("tools/lst", None, -32601), ("", None, -32601), ("logging/setLevel", {"level": "info"}, -32601), ("x" * 5000, None, -32601),
    ("\ud800", None, -32601), ("ping", [], -32602), ("ping", None, None), ("initialize", {}, -32602),
    ("initialize", {**CLIENT, "protocolVersion": 5}, -32602), ("initialize", {"protocolVersion": "2025-11-25"}, -32602),
    ("tools/call", {}, -32602), ("tools/call", {"name": "run_pythn"}, -32602), ("tools/call", {"name": "run_python", "arguments": []}, -32602),
    ("tools/call", {"name": "list_packages", "_meta": {"progressToken": 1.5}}, -32602), ("tools/call", {"name": "list_packages", "_meta": 1}, -32602),
    ("tools/list", {"cursor": "x"}, -32602), ("prompts/get", {"name": "x"}, -32602), ("prompts/get", {"name": "write_script"}, -32602),
    ("prompts/get", {"name": "write_script", "arguments": {"task": 5}}, -32602), ("resources/read", {}, -32602),
    ("resources/read", {"uri": "file:///etc/passwd"}, -32002), ("resources/subscribe", {"uri": "pyexec://guide"}, -32601),
])
def test_errors_of_requests(shared, method, params, code):
    answer = ask(shared, method, params, id_="an id")
    assert (answer["error"]["code"] if "error" in answer else None) == code


@pytest.mark.parametrize("id_", [0, -1, 1 << 70, "", "a\"b\\\u00e9\n", "\ud800"])
def test_ids_come_back_as_they_are(shared, id_):
    assert ask(shared, "ping", id_=id_) == {"result": {}}


@pytest.mark.parametrize("body", [
    message("notifications/initialized", id_=None), message("notifications/whatever", {"a": 1}, None),
    message("notifications/cancelled", {"requestId": 77}, None), message("notifications/cancelled", None, None),
    message("notifications/cancelled", [], None), message("notifications/cancelled", {"requestId": {}}, None),
    {"jsonrpc": "2.0", "id": 5, "result": {}}, {"jsonrpc": "2.0", "id": 5, "error": {"code": 1, "message": "m"}},
])
def test_what_needs_no_answer_is_accepted(shared, body):
    response, data = send(shared, body)
    assert response.status == 202 and data == b""


@pytest.mark.parametrize("asked, spoken", [("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2024-11-05", "2025-11-25"),
                                           ("2099-01-01", "2025-11-25"), ("", "2025-11-25")])
def test_initialize(shared, asked, spoken):
    response, data = send(shared, message("initialize", {**CLIENT, "protocolVersion": asked}))
    result = json.loads(data)["result"]
    assert result["protocolVersion"] == spoken and result["capabilities"] == {"tools": {}, "prompts": {}, "resources": {}}
    assert result["serverInfo"]["name"] == "pyexecd" and "run_python" in result["instructions"]
    assert len(response.headers["Mcp-Session-Id"]) == 32
    assert begin_session(shared) != response.headers["Mcp-Session-Id"]


# ---- what there is ----

def test_tools_tell_the_limits_in_force(start):
    keeper = start("--max-timeout=33", "--default-timeout=7", "--max-files=5")
    tools = {tool["name"]: tool for tool in ask(keeper, "tools/list")["result"]["tools"]}
    assert set(tools) == {"run_python", "list_packages"}
    properties = tools["run_python"]["inputSchema"]["properties"]
    assert set(properties) == {"script", "args", "kwargs", "stdin", "files", "env", "timeout", "memory_mb", "mode"}
    assert (properties["timeout"]["maximum"], properties["timeout"]["default"], properties["files"]["maxItems"]) == (33, 7, 5)
    assert "up to 33 s" in tools["run_python"]["description"] and "{" not in tools["run_python"]["description"]
    assert "33 s" in ask(keeper, "resources/read", {"uri": "pyexec://guide"})["result"]["contents"][0]["text"]


def test_prompts(shared):
    prompts = ask(shared, "prompts/list")["result"]["prompts"]
    assert [prompt["name"] for prompt in prompts] == ["write_script", "fix_script"]
    for prompt in prompts:
        values = {argument["name"]: f"<{argument['name']} {{{{script}}}} {{{{error}}}} {{max_timeout}}>" for argument in prompt["arguments"]}
        result = ask(shared, "prompts/get", {"name": prompt["name"], "arguments": values})["result"]
        text = result["messages"][0]["content"]["text"]
        assert all(text.count(value) == 1 for value in values.values()), "a value is put in once and is not looked into"


def test_resources(shared):
    resources = ask(shared, "resources/list")["result"]["resources"]
    assert [resource["uri"] for resource in resources] == ["pyexec://guide", "pyexec://limits", "pyexec://packages"]
    assert ask(shared, "resources/templates/list")["result"] == {"resourceTemplates": []}
    limits = ask(shared, "resources/read", {"uri": "pyexec://limits"})["result"]["contents"][0]
    assert json.loads(limits["text"])["limits"]["max_timeout"]["value"] == 60 and limits["mimeType"] == "application/json"
    assert ask(shared, "resources/read", {"uri": "pyexec://packages"})["error"]["code"] == -32603, "they are not known yet"


@pytest.mark.parametrize("arguments", [None, {}, {"filter": "x"}, {"filter": 1}, {"filtr": "x"}])
def test_packages_that_are_not_known_yet(shared, arguments):
    params = {"name": "list_packages", **({} if arguments is None else {"arguments": arguments})}
    result = ask(shared, "tools/call", params)["result"]
    assert result["isError"] is True and "structuredContent" not in result and result["content"][0]["text"]


# ---- runs ----

def test_run(shared):
    result = call(shared, value='{"n": 12345678901234567890}', stdout="hello\n")
    assert result["isError"] is False
    assert result["content"] == [{"type": "text", "text": 'Result:\n{"n": 12345678901234567890}\n\nOutput:\nhello'}]
    structured = result["structuredContent"]
    assert structured["success"] is True and structured["result"] == {"n": 12345678901234567890} and structured["stdout"] == "hello\n"
    assert shared.requests[-1].mode == 1 and shared.requests[-1].banner == 0, "mode script, no banner"


def test_mode_main_has_no_banner_either(shared):
    result = call(shared, {"script": play(value="null"), "mode": "main", "args": [1], "kwargs": {"a": 2}, "stdin": "in",
                           "env": {"A": "b"}, "files": [{"path": "f", "content": "c"}], "timeout": 3, "memory_mb": 64})
    sent = shared.requests[-1]
    assert sent.mode == 0 and sent.banner == 0 and sent.args == b"[1]" and sent.stdin == b"in" and sent.files == {b"f": b"c"}
    assert "printed nothing" in result["content"][0]["text"]
    assert result["structuredContent"]["result"] is None


def test_failure(shared):
    result = call(shared, stdout="before\n", record={"kind": "exception", "error_type": "ValueError", "message": "no",
                                                     "line": 3, "traceback": "Traceback: x", "suggestions": ["Try this"]},
                  verdict={"exit_code": 1})
    text = result["content"][0]["text"]
    assert result["isError"] is True and result["structuredContent"]["error"] == "runtime_error"
    for part in ("runtime_error: ValueError: no", "Traceback: x", "- Try this", "Output before that:\nbefore"):
        assert part in text


@pytest.mark.parametrize("arguments, part", [
    ({}, "Missing required field 'script'"), ({"scrip": "x"}, "Did you mean 'script'"), ({"script": "1", "stream": True}, "Unknown field"),
    ({"script": "1", "banner": True}, "Unknown field"), ({"script": "1", "timeout": 1e9}, "max_timeout"), ({"script": 5}, "must be a string"),
])
def test_bad_input_is_told_to_the_model(shared, arguments, part):
    result = ask(shared, "tools/call", {"name": "run_python", "arguments": arguments})["result"]
    assert result["isError"] is True and part in result["content"][0]["text"]
    assert result["structuredContent"]["error"] == "invalid_input"


def test_no_arguments_at_all(shared):
    result = ask(shared, "tools/call", {"name": "run_python"})["result"]
    assert result["isError"] is True and "script" in result["content"][0]["text"]


def test_deep_arguments(shared):
    deep = 198
    body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_python","arguments":{"script":%s,"args":[%s1%s]}}}'
    response, data = send(shared, body % (json.dumps(play()), "[" * deep, "]" * deep))
    assert response.status == 200 and json.loads(data)["result"]["isError"] is False
    assert send(shared, body % (json.dumps(play()), "[" * 300, "]" * 300))[0].status == 400


def test_long_output_is_cut_in_the_text_only(shared):
    result = call(shared, value="null", stdout_parts=[["\u00e4" * 50 + "\n", 1000]])
    text = result["content"][0]["text"]
    assert "bytes left out here" in text and 16000 < len(text.encode()) < 17000 and text.endswith("\u00e4")
    assert len(result["structuredContent"]["stdout"]) == 51000


def test_line_ends_in_a_result_do_no_harm(shared):
    """A result's JSON is the script's own text: an event must stay one event."""
    _, last = call(shared, token="t", value='{"a":\n\n1,\r\n"b": 2}')
    assert last["result"]["structuredContent"]["result"] == {"a": 1, "b": 2}


# ---- progress ----

@pytest.mark.parametrize("token", ["tok", 7, 0, "a\u00e4\"\n"])
def test_progress(shared, token):
    progress, last = call(shared, token=token, stdout="first\n", delay=0.1)
    assert progress and last["id"] == 1 and last["result"]["isError"] is False
    for told in progress:
        assert told["method"] == "notifications/progress" and told["params"]["progressToken"] == token and "id" not in told
        assert told["params"]["total"] == 10
    assert progress[0]["params"]["message"] == "first\n"
    values = [told["params"]["progress"] for told in progress]
    assert values == sorted(set(values))


def test_progress_of_much_output_is_its_end(shared):
    progress, last = call(shared, token="t", stdout_mb=3, delay=0.6)
    assert 1 <= len(progress) <= 5 and all(len(told["params"]["message"]) < 2100 for told in progress)
    assert any(told["params"]["message"].startswith("[...] ") for told in progress)
    assert "stdout" in last["result"]["structuredContent"]["truncated"]


def test_refused_with_a_token_is_an_answer_at_once(shared):
    result = ask(shared, "tools/call", {"name": "run_python", "arguments": {}, "_meta": {"progressToken": 1}})["result"]
    assert result["isError"] is True


def test_result_of_a_run_with_progress_has_all(shared):
    _, last = call(shared, token="t", stdout="x\n", value="[1]")
    assert last["result"]["content"][0]["text"] == "Result:\n[1]\n\nOutput:\nx"


# ---- cancelling ----

def in_thread(function, *arguments, **options):
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments, **options)), daemon=True)
    thread.start()
    return thread, results


def cancel(keeper, id_, session, headers=None):
    found = {"Mcp-Session-Id": session} if session else {}
    return send(keeper, message("notifications/cancelled", {"requestId": id_, "reason": "enough"}, None), {**found, **(headers or {})})[0].status


def begin_call(keeper, session, id_, token=None):
    before = len(keeper.started)
    params = {"name": "run_python", "arguments": {"script": play(cancel_wait=True)}}
    params |= {} if token is None else {"_meta": {"progressToken": token}}
    started = in_thread(send, keeper, message("tools/call", params, id_), {"Mcp-Session-Id": session} if session else None)
    wait_for(lambda: len(keeper.started) > before)
    return *started, keeper.started[-1]


def test_cancelled_run_ends(shared):
    session = begin_session(shared)
    thread, results, sandbox = begin_call(shared, session, 5)
    assert cancel(shared, 5, session) == 202
    thread.join(5)
    response, data = results[0]
    assert response.status == 200 and json.loads(data) == {
        "jsonrpc": "2.0", "id": 5, "error": {"code": -32800, "message": "The request was cancelled."}}
    wait_for(lambda: sandbox in shared.cancelled)


def test_cancelled_stream_ends_without_a_response(shared):
    session = begin_session(shared)
    thread, results, sandbox = begin_call(shared, session, "five", token="t")
    assert cancel(shared, "five", session) == 202
    thread.join(5)
    response, data = results[0]
    assert response.status == 200 and b'"id":"five"' not in data
    wait_for(lambda: sandbox in shared.cancelled)


def test_cancelled_while_it_waits(start):
    keeper = start(ready=(1, 0))
    keeper.refill = False
    session = begin_session(keeper)
    first, _, sandbox = begin_call(keeper, session, 1)
    params = {"name": "run_python", "arguments": {"script": play()}}
    second, results = in_thread(ask, keeper, "tools/call", params, 2, headers={"Mcp-Session-Id": session})
    wait_for(lambda: json.loads(request(keeper, "GET", "/health")[1])["pool"]["queued"] == 1)
    send(keeper, message("notifications/cancelled", {"requestId": 2}, None), {"Mcp-Session-Id": session})
    wait_for(lambda: json.loads(request(keeper, "GET", "/health")[1])["pool"]["queued"] == 0)
    assert sandbox not in keeper.cancelled
    cancel(keeper, 1, session)
    first.join(5)
    second.join(5)
    assert results[0]["error"]["code"] == -32800


@pytest.mark.parametrize("other", ["another session", "no session", "another id", "an id of another kind"])
def test_nobody_cancels_what_is_not_theirs(shared, other):
    session = begin_session(shared)
    thread, results, sandbox = begin_call(shared, session, 9)
    theirs = {"another session": begin_session(shared), "no session": None}.get(other, session)
    assert cancel(shared, {"another id": 10, "an id of another kind": "9"}.get(other, 9), theirs) == 202
    time.sleep(0.2)
    assert sandbox not in shared.cancelled and not results
    cancel(shared, 9, session)
    thread.join(5)


def test_client_that_goes_away_ends_its_run(shared):
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=10)
    before = len(shared.started)
    connection.request("POST", "/mcp", json.dumps(message("tools/call", {"name": "run_python", "arguments": {"script": play(cancel_wait=True)}})), ACCEPT)
    wait_for(lambda: len(shared.started) > before)
    sandbox = shared.started[-1]
    connection.close()
    wait_for(lambda: sandbox in shared.cancelled)


# ---- keys, limits, the service's own failures ----

def test_keys(with_keys):  # noqa: F811
    keeper, (alice, bob) = with_keys("alice requests_per_minute=2 max_timeout=4", "bob running=0")
    response, data = send(keeper, message("tools/list"))
    assert response.status == 401 and response.headers["WWW-Authenticate"].startswith("Bearer") and json.loads(data)["error"] == "unauthorized"
    # what runs nothing is not counted
    for _ in range(5):
        tools = ask(keeper, "tools/list", headers=bearer(alice))["result"]["tools"]
    assert tools[0]["inputSchema"]["properties"]["timeout"]["maximum"] == 4, "the key's own"
    params = {"name": "run_python", "arguments": {"script": play()}}
    for left in ("1", "0"):
        response, data = send(keeper, message("tools/call", params), bearer(alice))
        assert response.status == 200 and json.loads(data)["result"]["isError"] is False and response.headers["RateLimit-Remaining"] == left
    response, data = send(keeper, message("tools/call", params), bearer(alice))
    result = json.loads(data)["result"]
    assert response.status == 200 and int(response.headers["Retry-After"]) > 0 and result["isError"] is True
    assert result["structuredContent"]["error"] == "rate_limited" and "Send the request again in" in result["content"][0]["text"]
    refused = ask(keeper, "tools/call", params, headers=bearer(bob))["result"]
    assert refused["isError"] is True and refused["structuredContent"]["error"] == "forbidden"


def test_another_key_cancels_nothing(with_keys):  # noqa: F811
    keeper, (alice, bob) = with_keys("alice", "bob")
    session = begin_session(keeper, bearer(alice))
    params = {"name": "run_python", "arguments": {"script": play(cancel_wait=True)}}
    thread, _ = in_thread(send, keeper, message("tools/call", params, 3), {"Mcp-Session-Id": session, **bearer(alice)})
    wait_for(lambda: keeper.started)
    cancel(keeper, 3, session, bearer(bob))
    time.sleep(0.2)
    assert not keeper.cancelled
    cancel(keeper, 3, session, bearer(alice))
    wait_for(lambda: keeper.cancelled)
    thread.join(5)


def test_overload(start):
    keeper = start("--queue-timeout=1", ready=(0, 0))
    result = call(keeper)
    assert result["isError"] is True and result["structuredContent"]["error"] == "overloaded"
    assert "again in a moment" in result["content"][0]["text"]


def test_draining(start):
    keeper = start()
    thread, results = in_thread(call, keeper, delay=0.5)
    wait_for(lambda: keeper.started)
    keeper.drain()
    time.sleep(0.1)
    response, data = send(keeper, message("ping"))
    assert response.status == 503 and response.headers["Retry-After"] and json.loads(data)["error"] == "draining"
    thread.join(5)
    assert results[0]["isError"] is False


def test_metrics_count_runs_alone(start):
    keeper = start()

    def counted():
        text = request(keeper, "GET", "/metrics")[1].decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("pyexecd_requests_total{"))

    ask(keeper, "tools/list")
    assert counted() == 0
    call(keeper)
    wait_for(lambda: counted() == 1)
