"""pyexec, the command: against the real service, with one of its own, and against services that mean it harm."""

import json
import os
import signal
import socket
import textwrap
import time

import pytest

from .support import command, proc
from .support.command import call, call_on_terminal, start
from .support.keys import KeyFile
from .support.played_service import Played, answer, endless, overloaded, stream, success
from .support.raw import wait_until

ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


@pytest.fixture
def script(tmp_path):
    """script(text) writes a file in an empty directory; call with cwd=script.directory."""

    def write(text, name="script.py"):
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return name

    write.directory = tmp_path
    return write


@pytest.fixture
def run(service, script):
    """run(text, *options): (exit status, stdout, stderr) of a script on the real service."""

    def run_it(text, *options, **more):
        return call("run", script(text), *options, url=service.url, cwd=script.directory, **more)

    return run_it


def wait_idle(service, seconds=10):
    return wait_until(lambda: service.health().json()["pool"]["busy"] == 0, seconds)


class TestRuns:
    def test_output_goes_where_it_belongs_and_the_result_is_the_last_line(self, run):
        text = """
            import sys
            def main():
                print("Processing...")
                print("careful", file=sys.stderr)
                print("no line end", end="")
                return {"n": 123456789012345678901234567890, "x": 0.1}
        """
        assert run(text) == (0, 'Processing...\nno line end\n{"n":123456789012345678901234567890,"x":0.1}\n', "careful\n")

    @pytest.mark.parametrize(("result", "shown"), [("None", ""), ("'a\\nb'", "a\nb\n"), ("'\\ud800'", '"\\ud800"\n'), ("[None]", "[null]\n")])
    def test_a_result_as_text(self, run, result, shown):
        assert run(f"def main():\n    return {result}") == (0, shown, "")

    def test_what_a_script_is_given(self, run, script):
        script("a,b\n1,2\n", "data.csv")
        (script.directory / "bytes").write_bytes(bytes(range(256)))
        text = """
            import os, sys
            def main(*args, **kwargs):
                return [args, kwargs, open("data.csv").read(), len(open("in/side", "rb").read()), os.environ["K"], sys.stdin.read()]
        """
        options = ["--arg", "1", "--arg", "-x", "--arg-string", "2", "--kwarg", "name=[true]", "--file", "./data.csv"]
        options += ["--file", "in/side=bytes", "--env", "K=V=W", "--stdin", "data.csv"]
        status, out, err = run(text, *options)
        expected = [[1, "-x", "2"], {"name": [True]}, "a,b\n1,2\n", 256, "V=W", "a,b\n1,2\n"]
        assert (status, json.loads(out), err) == (0, expected, "")

    def test_a_script_from_standard_input(self, service):
        assert call("run", "-", "--mode", "script", url=service.url, feed="print(1)\n6 * 7\n") == (0, "1\n42\n", "")

    @pytest.mark.parametrize(
        ("text", "options", "status", "said"),
        [
            ("def main():\n    raise SystemExit(7)", (), 7, ""),
            ("import sys\nsys.exit(0)", ("--mode", "script"), 0, ""),
            ("def main():\n    return 1 / 0", (), 1, "ZeroDivisionError: division by zero\nhint: "),
            ("def main(:", (), 1, "SyntaxError: "),
            ("x = 1", (), 1, "Script must contain a main() function as the entry point.\nhint: "),
            ("def main():\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)", (), 137, "hint: "),
            ("import time\ndef main():\n    time.sleep(9)", ("--timeout", "0.5"), 137, "time limit"),
            ("def main(): pass", ("--timeout", "1e6"), 65, "max_timeout"),
            ("def main(): pass", ("--memory-mb", "1"), 65, "min_memory_mb"),
            ("def main(): pass", ("--env", "LD_PRELOAD=x"), 65, "LD_PRELOAD"),
            ("def main(): pass", ("--file", "../up=script.py"), 65, "hint: "),
        ],
    )
    def test_exit_status(self, run, text, options, status, said):
        seen, out, err = run(text, *options)
        assert (seen, out) == (status, ""), err
        assert said in err if said else err == ""

    def test_output_comes_while_the_script_runs(self, service, script):
        name = script("import time\ndef main():\n    print('first', flush=True)\n    time.sleep(1.5)\n    return 'last'")
        process = start("run", name, url=service.url, cwd=script.directory)
        assert process.stdout.readline() == "first\n"
        first = time.monotonic()
        assert process.communicate(timeout=30) == ("last\n", "") and time.monotonic() - first > 1
        assert process.returncode == 0

    def test_the_whole_answer_as_json(self, run):
        text = "def main():\n    print('out')\n    return 2 ** 100"
        status, out, err = run(text, "--json", "--banner")
        told = json.loads(out)
        assert (status, err, out.count("\n")) == (0, "", 1)
        assert told["result"] == 2**100 and told["stdout"] == f"Executing main() function...\nout\n{2**100}" and told["usage"]
        status, out, err = run("def main():\n    1 / 0", "--json")
        assert (status, err, json.loads(out)["error"]) == (1, "", "runtime_error")

    def test_events_as_lines_of_json(self, run):
        status, out, _ = run("def main():\n    print('out')\n    return 1", "--json", "--stream")
        events = [json.loads(line) for line in out.splitlines()]
        assert status == 0 and [event["event"] for event in events] == ["stdout", "done"]
        assert events[0]["data"] == {"text": "out\n"} and events[1]["data"]["result"] == 1

    def test_files_and_figures_are_saved(self, run, script):
        text = """
            import matplotlib.pyplot as plt, os
            def main():
                plt.plot([1, 2])
                os.makedirs("output/a/b")
                open("output/a/b/c.txt", "w").write("c")
        """
        status, out, err = run(text)
        assert (status, out) == (0, "") and err == "pyexec: 2 files came back; --output=DIR saves them\n"
        assert run(text, "--output", "saved") == (0, "", "")
        assert (script.directory / "saved/figure-1.png").read_bytes().startswith(b"\x89PNG")
        assert (script.directory / "saved/a/b/c.txt").read_text() == "c"
        status, _, err = run(text, "--output", "saved")
        assert status == 73 and err.count("is there already; --force replaces it") == 2
        assert run(text, "--output", "saved", "--force") == (0, "", "")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_the_run(self, service, script, number):
        name = script("import time\ndef main():\n    print('on', flush=True)\n    time.sleep(50)")
        process = start("run", name, "--timeout", "55", url=service.url, cwd=script.directory)
        assert process.stdout.readline() == "on\n"
        process.send_signal(number)
        assert process.wait(10) == -number and process.stderr.read() == ""
        assert wait_idle(service) is not None

    def test_a_reader_that_has_gone_ends_the_run(self, service, script):
        name = script("def main():\n    while True:\n        print('y' * 1000)")
        process = start("run", name, "--timeout", "50", url=service.url, cwd=script.directory)
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == -signal.SIGPIPE
        process.stderr.close()
        assert wait_idle(service) is not None

    def test_a_key_for_running_once(self, run):
        text = "import random\ndef main():\n    return random.random()"
        key = f"test-{os.getpid()}-{time.monotonic_ns()}"
        first, second = run(text, "--idempotency-key", key), run(text, "--idempotency-key", key)
        assert first[0] == 0 and first == second
        assert run(text, "--idempotency-key", "auto")[1] != run(text, "--idempotency-key", "auto")[1]

    @pytest.mark.needs_own
    def test_a_key_is_taken_from_the_environment(self, own_service, public_directory, script):
        keys = KeyFile(public_directory).add("alice")
        url = own_service(api_keys_file=keys.path).client.url
        arguments = ("run", script("def main():\n    return 1"))
        status, out, err = call(*arguments, url=url, cwd=script.directory)
        assert (status, out) == (77, "") and "key" in err
        assert call(*arguments, url=url, cwd=script.directory, variables={"PYEXEC_API_KEY": keys.keys["alice"]}) == (0, "1\n", "")


class TestPages:
    def test_packages(self, service):
        status, out, _ = call("packages", "--retries", "50", url=service.url)
        assert status == 0 and [line for line in out.splitlines() if line.startswith("numpy ") and "import numpy" in line]
        status, out, _ = call("packages", "--json", url=service.url)
        assert status == 0 and json.loads(out) == service.request("GET", "/v1/packages").json()

    def test_limits(self, service):
        status, out, _ = call("limits", url=service.url)
        told = service.request("GET", "/v1/limits").json()["limits"]
        assert status == 0 and [line.split()[0] for line in out.splitlines()] == list(told)
        assert f"{told['max_timeout']['value']} seconds" in out

    def test_health(self, service, isolation):
        status, out, _ = call("health", url=service.url)
        assert status == 0 and out.startswith("healthy, pyexecd ") and f"isolation: {isolation['tier']}\n" in out
        assert all(layer["name"] in out for layer in isolation["layers"]["in_force"])
        with Played(answer({"status": "draining", "service": "x", "version": "1"}, "503 Service Unavailable")) as played:
            assert call("health", url=played.url) == (1, "draining, pyexecd 1\n", "")


@pytest.mark.needs_process
class TestServiceOfOnesOwn:
    def test_it_is_there_for_one_run_and_has_no_port(self, script):
        """A key that is meant for another service, and settings for this one."""
        name = script("import time\ndef main():\n    print('on', flush=True)\n    time.sleep(1)\n    return 'over'")
        variables = {"PYEXEC_API_KEY": "pyx_secret", "PYEXEC_MAX_TIMEOUT": "90"}
        process = start("run", name, "--timeout", "80", cwd=script.directory, variables=variables)
        assert process.stdout.readline() == "on\n"
        family = proc.descendants(process.pid)
        assert [one for one in family if one.comm == "pyexec-front"]
        assert not listening_inodes() & {inode for one in family for inode in socket_inodes(one.pid)}
        assert process.communicate(timeout=30) == ("over\n", "") and process.returncode == 0
        assert not proc.wait_gone(family, 2)

    def test_it_ends_with_a_command_that_is_killed(self, script):
        name = script("import time\ndef main():\n    print('on', flush=True)\n    time.sleep(50)")
        process = start("run", name, "--local", "--timeout", "60", cwd=script.directory)
        assert process.stdout.readline() == "on\n"
        family = proc.descendants(process.pid)
        process.kill()
        process.communicate()
        assert len(family) > 3 and not proc.wait_gone(family, 10)

    def test_why_it_does_not_start(self, script):
        name = script("def main(): pass")
        status, out, err = call("run", name, cwd=script.directory, variables={"PYEXEC_MAX_TIMEOUT": "soon"})
        assert (status, out) == (78, "") and "max_timeout" in err.lower()


def listening_inodes():
    """Of all TCP sockets that listen on this machine."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as file:
            found |= {int(line.split()[9]) for line in file.readlines()[1:] if line.split()[3] == "0A"}
    return found


def socket_inodes(pid):
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            yield int(target[8:-1])


@pytest.fixture
def against(script):
    """against(played, *options): what the command makes of a played service."""

    def call_it(played, *options, on_terminal=False, **more):
        more = {"url": played.url, "cwd": script.directory, **more}
        return (call_on_terminal if on_terminal else call)("run", script("def main(): pass"), *options, **more)

    return call_it


class TestHostileServices:
    """Nothing hangs, nothing grows without end, nothing is believed that cannot be."""

    @pytest.mark.parametrize(
        ("play", "status", "said"),
        [
            (b"220 smtp.example.org ESMTP\r\n", 76, ""),
            (answer(b"<html>hello</html>", kind="text/html"), 76, "does not speak"),
            (answer(b"", "302 Found", head="Location: http://127.0.0.1:1/\r\n"), 76, "status 302"),
            (answer({"success": True}), 76, "missing"),
            (answer(b'{"success":true,"result":' + b"[" * 20000), 76, "does not speak"),
            (stream(("stdout", {"text": "x"}), end=False), 69, "before the run did"),
            (stream(("stdout", [1])), 76, "not as docs/api.md says"),
            (answer(b"event: stdout\ndata: {\n\n", kind="text/event-stream"), 76, "not JSON"),
            (stream(("done", {"success": "maybe"}), end=False), 76, "missing"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", 69, ""),
            (b"", 69, ""),
            (endless(b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"x" * 1000 + b"\r\n"), 76, "head without an end"),
            (endless(b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nX: " + b"x" * 1000 + b"\r\n\r\n"), 76, "head without an end"),
        ],
    )
    def test_what_cannot_be_an_answer(self, against, play, status, said):
        with Played(play) as played:
            seen, _, err = against(played)
        assert seen == status and err.startswith("pyexec: ") and err.count("\n") == 1 and said in err, err

    def test_silence_and_streams_without_an_end(self, against):
        with Played(lambda connection: connection.recv(1)) as played:
            status, _, err = against(played, "--patience", "1")
            assert status == 69 and "has said nothing for 1 s" in err
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
        with Played(endless(head, b": still running\n\n" * 100)) as played:
            status, _, err = against(played, "--patience", "1", "--timeout", "0.1")
            assert status == 76 and "has no end" in err

    def test_names_of_files_lead_nowhere_else(self, against, script):
        names = ["../up", "/etc/owned", "a/../../up", "link/in", "link2", ".profile", "ok/fine.txt", "ok/fine.txt", "a\x1b[2J", ""]
        files = [{"path": name, "mime": "x", "size": 1, "base64": "eA=="} for name in names]
        files += [{"path": "broken", "base64": "!"}, {"path": "nothing"}, "text", {"path": 1, "base64": "eA=="}]
        saved, outside = script.directory / "saved", script.directory / "outside"
        for directory in (saved, outside):
            directory.mkdir()
        (saved / "link").symlink_to(outside)
        (saved / "link2").symlink_to(outside / "created")
        with Played(answer(success(artifacts=files))) as played:
            for options in ([], ["--force"], ["--force", "--hidden"]):
                status, _, err = against(played, "--output", "saved", *options)
                assert status in (73, 76) and err.count("pyexec: ") >= 10, err
                assert not list(outside.iterdir())
        found = {str(path.relative_to(script.directory)) for path in script.directory.rglob("*") if not path.is_dir()}
        assert found == {"script.py", "saved/link2", "saved/.profile", "saved/ok/fine.txt"}
        assert (saved / "link2").read_text() == "x" and not (saved / "link2").is_symlink() and (saved / "link").is_symlink()

    def test_a_terminal_is_not_made_to_obey(self, against):
        failed = {"success": False, "error": "runtime_error", "message": ESCAPE, "stdout": "", "suggestions": [ESCAPE], "usage": {}}
        plays = {
            0: stream(("stdout", {"text": ESCAPE}), ("stderr", {"text": ESCAPE}), ("done", success(ESCAPE)), end=False),
            1: answer(failed, "400 Bad Request"),
            73: answer(success(artifacts=[{"path": ESCAPE, "base64": ""}])),
        }
        for expected, play in plays.items():
            with Played(play) as played:
                status, shown, _ = against(played, "--no-progress", "--output", "saved", on_terminal=True)
                assert status == expected and b"^[]0;owned^G" in shown
                assert not set(shown) - set(b"\t\r\n") & set(range(0x20)) and b"\xc2\x9b" not in shown and b"\x7f" not in shown
                assert "\u202e".encode() not in shown
        for options in (["--json"], ["--json", "--stream"]):
            raw = answer(b'{"success":true,"result":"\xc2\x9b","usage":{}}')
            with Played(raw) as played:
                assert b"\xc2\x9b" not in against(played, "--no-progress", *options, on_terminal=True)[1]

    def test_elsewhere_every_byte_is_passed_on(self, against):
        with Played(stream(("stdout", {"text": ESCAPE}))) as played:
            assert against(played) == (0, ESCAPE, "")

    def test_the_clock_is_on_the_terminal_only(self, against):
        def play(connection):
            time.sleep(0.7)
            connection.sendall(stream(("stdout", {"text": "out\n"})))

        with Played(play) as played:
            status, shown, out = against(played, on_terminal=True, stdout=False)
            assert (status, out) == (0, b"out\n") and b"\rrunning 0.0 s".replace(b"\rr", b"r") in shown
            assert shown.rstrip().endswith(b"\x1b[K")
            assert against(played) == (0, "out\n", "")
            assert against(played, "--no-progress", on_terminal=True)[1] == b"out\r\n"


class TestRetries:
    def test_a_busy_service_is_asked_again(self, against):
        with Played(overloaded(1), overloaded(), stream()) as played:
            started = time.monotonic()
            assert against(played) == (0, "", "")
            assert len(played.requests) == 3 and time.monotonic() - started > 1.4
            assert played.requests[0][1] == played.requests[2][1] and played.header(0, "Idempotency-Key") is None

    def test_but_not_for_ever(self, against):
        with Played(overloaded(0)) as played:
            status, _, err = against(played, "--retries", "1")
            assert status == 75 and len(played.requests) == 2 and err == "The service is busy.\nhint: Wait\n"
        with Played(overloaded(99999)) as played:
            assert against(played)[0] == 75 and len(played.requests) == 1

    def test_a_lost_connection_only_with_a_key(self, against):
        with Played(b"", stream()) as played:
            assert against(played)[0] == 69 and len(played.requests) == 1
        with Played(b"", overloaded(1), stream()) as played:
            assert against(played, "--idempotency-key", "auto") == (0, "", "")
            keys = {played.header(number, "Idempotency-Key") for number in range(3)}
            assert len(keys) == 1 and len(keys.pop()) == 32

    def test_what_was_shown_is_not_shown_again(self, against):
        begun = stream(("stdout", {"text": "x\n"}), end=False)
        with Played(begun, stream()) as played:
            assert against(played, "--idempotency-key", "k")[:2] == (69, "x\n") and len(played.requests) == 1


class TestWords:
    def test_a_key_cannot_be_more_than_a_key(self, against):
        with Played(stream()) as played:
            status, _, err = against(played, variables={"PYEXEC_API_KEY": "a\r\nX-Other: b"})
            assert status == 64 and "PYEXEC_API_KEY" in err and not played.requests
            assert against(played, variables={"PYEXEC_API_KEY": "pyx_x"})[0] == 0
            assert played.header(0, "X-Api-Key") == "pyx_x" and "pyx_x" not in played.requests[0][1].decode()

    def test_nobody_there(self, against, script):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        status, out, err = call("run", script("1"), url=f"http://127.0.0.1:{port}", cwd=script.directory)
        assert (status, out) == (69, "") and "127.0.0.1" in err

    def test_a_wrong_line_starts_nothing(self):
        for arguments in ([], ["walk"], ["run"], ["run", "a", "b"], ["run", "a", "--nothing"], ["run", "a", "--url", "ftp://x"]):
            status, out, err = call(*arguments)
            assert out == "" and err.startswith("pyexec: ") and (status in (64, 66)), arguments
        assert call("run", "missing.py")[0] == 66
        assert call("--version") == (0, f"pyexec {version()}\n", "")

    def test_a_full_disk_is_said(self, against):
        with open("/dev/full", "w", encoding="ascii") as full, Played(stream(("stdout", {"text": "x"}))) as played:
            status, _, err = against(played, stdout=full)
            assert status == 74 and "No space left" in err


def version():
    with open(os.path.join(command.ROOT, "meson.build"), encoding="utf-8") as file:
        return file.read().split("version: '")[1].split("'")[0]
